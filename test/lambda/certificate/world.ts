import { expect, onTestFinished, vi } from 'vitest';
import { createHandler } from '../../../lambda/certificate/handler.ts';
import { FakeAws } from './fake-aws.ts';

export const DAY = 86_400_000;
export const SERVICE = 'arn:aws:ecs:eu-west-1:123456789012:service/cluster/pdp';
export const AUTHORITY = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:Authority-AbCdEf';
export const SERVER = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:Server-AbCdEf';

interface Answer {
  Status: string;
  Reason?: string;
  Data?: { CertificateAuthority: string };
}

/**
 * The function with a fake AWS and one clock for both. Whatever it tells anyone (log, errors, answers) is looked
 * through for private keys when the test is done.
 *
 * @param daysAgo when the clock starts, in days before today: a TLS handshake goes by the real one, so that tests in
 * which days pass end today
 * @param create what makes the function, from its source or as it is deployed
 */
export async function world(daysAgo = 0, create = createHandler) {
  const aws = await FakeAws.start();
  aws.now = Date.now() - daysAgo * DAY;
  for (const name of [AUTHORITY, SERVER]) aws.createSecret(name);
  const environment = {
    AWS_ENDPOINT_URL: aws.url,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_MAX_ATTEMPTS: '1',
  };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);

  const log: string[] = [];
  const thrown: unknown[] = [];
  const run = create(
    { AUTHORITY_SECRET: AUTHORITY, SERVER_SECRET: SERVER },
    () => new Date(aws.now),
    (message) => log.push(message),
  );
  onTestFinished(() => {
    vi.unstubAllEnvs();
    const told = JSON.stringify([log, aws.answers, thrown.map((error) => (error as Error).stack)]);
    expect(told).not.toContain('PRIVATE KEY');
    for (const line of aws.keyLines()) expect(told).not.toContain(line);
  });

  const handle = async (event: unknown): Promise<void> => {
    try {
      await run(event);
    } catch (error) {
      thrown.push(error);
      throw error;
    }
  };
  const request = (properties: object = {}, fields: object = {}) => ({
    RequestType: 'Update',
    ResponseURL: `${aws.url}/cloudformation`,
    StackId: 'arn:aws:cloudformation:eu-west-1:123456789012:stack/Pdp/1',
    RequestId: `request-${aws.answers.length}`,
    LogicalResourceId: 'Certificate',
    ResourceType: 'Custom::PdpCertificate',
    ResourceProperties: { ServerNames: ['localhost'], Generation: '1', ...properties },
    ...fields,
  });
  const answered = () => aws.answers.at(-1) as unknown as Answer;

  return {
    aws,
    log,
    handle,
    request,
    /** Asks as CloudFormation does and returns the answer. */
    async deploy(properties: object = {}, fields: object = {}): Promise<Answer> {
      await handle(request(properties, fields));
      return answered();
    },
    /** The daily run, and that of every day in between. */
    async renew(days = 1, services = [SERVICE]): Promise<void> {
      for (let day = 0; day < days; day += 1) {
        aws.now += DAY;
        await handle({
          action: 'renew',
          services: services.map((service) => ({ cluster: 'arn:cluster', service })),
        });
      }
    },
    /** The bundle of the last answer. */
    trusted: (): string => answered().Data?.CertificateAuthority ?? '',
    /** What the tasks are given when they start. */
    server: (): { certificate: string; privateKey: string } => JSON.parse(aws.valueOf(SERVER) ?? 'null'),
    authority: () => JSON.parse(aws.valueOf(AUTHORITY) ?? 'null'),
  };
}

export type World = Awaited<ReturnType<typeof world>>;

/** The certificates of a bundle, each in PEM. */
export function certificatesOf(bundle: string): string[] {
  return bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g) ?? [];
}
