import { onTestFinished, vi } from 'vitest';
import { createHandler } from '../../../lambda/certificate/handler.ts';
import { FakeAws } from './fake-aws.ts';

export const DAY = 86_400_000;
export const SERVICE = 'arn:aws:ecs:eu-west-1:123456789012:service/cluster/pdp';
const AUTHORITY = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:Authority-AbCdEf';
const SERVER = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:Server-AbCdEf';

/** The function with a fake AWS, one clock for both, and everything that anyone is told. */
export interface World {
  aws: FakeAws;
  /** Asks as CloudFormation does and returns its answer. */
  deploy(properties?: object, type?: 'Create' | 'Update' | 'Delete'): Promise<Record<string, unknown>>;
  /** The daily run. */
  renew(services?: string[]): Promise<void>;
  /** Lets time pass. */
  pass(milliseconds: number): void;
  handle(event: unknown): Promise<void>;
  /** The bundle of the last answer. */
  trusted(): string;
  authority: { name: string; value(): Record<string, never> & { current: { privateKey: string } } };
  server: { name: string; value(): { certificate: string; privateKey: string } };
  log: string[];
}

/**
 * @param daysAgo when the clock starts, in days before today: a TLS handshake goes by the real one, so that tests in
 * which days pass end today
 */
export async function world(daysAgo = 0): Promise<World> {
  const aws = await FakeAws.start();
  aws.now = Date.now() - daysAgo * DAY;
  const names = [AUTHORITY, SERVER].map((name) => aws.createSecret(name));
  const environment = {
    AWS_ENDPOINT_URL: aws.url,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_MAX_ATTEMPTS: '1',
  };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  const log: string[] = [];
  const handle = createHandler(
    { AUTHORITY_SECRET: AUTHORITY, SERVER_SECRET: SERVER },
    () => new Date(aws.now),
    (message) => log.push(message),
  );
  const answered = () => aws.answers.at(-1) as Record<string, unknown> & { Data: Record<string, string> };
  const stored = (name: string | undefined) => JSON.parse(aws.valueOf(name as string) as string);
  return {
    aws,
    handle,
    log,
    authority: { name: AUTHORITY, value: () => stored(names[0]) },
    server: { name: SERVER, value: () => stored(names[1]) },
    trusted: () => answered().Data.CertificateAuthority as string,
    pass: (milliseconds) => {
      aws.now += milliseconds;
    },
    async deploy(properties = {}, type = 'Update') {
      await handle({
        RequestType: type,
        ResponseURL: `${aws.url}/cloudformation`,
        StackId: 'arn:aws:cloudformation:eu-west-1:123456789012:stack/Pdp/1',
        RequestId: `request-${aws.answers.length}`,
        LogicalResourceId: 'Certificate',
        ResourceType: 'Custom::PdpCertificate',
        ResourceProperties: { ServerNames: ['localhost'], Generation: '1', ...properties },
      });
      return answered();
    },
    renew: (services = [SERVICE]) =>
      handle({ action: 'renew', services: services.map((service) => ({ cluster: 'cluster', service })) }),
  };
}
