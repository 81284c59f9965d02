import { ECS } from '@aws-sdk/client-ecs';
import { onTestFinished } from 'vitest';
import { compileDirectory, parseDecisionTests, readDirectory } from '../../../compiler/index.ts';
import type { ExpectedDecisions } from '../../../engine/expected-decisions.ts';
import { createHandler, type GateParts } from '../../../lambda/gate/handler.ts';
import { type FakeCluster, type FakeEcs, fakeEcs, fakeService, fakeTask } from '../../fake-ecs.ts';
import { startServer, type TestServer } from '../../pdp-container/support/server.ts';

export const SAMPLE = 'pdp-container/policies';
export const KEY = 'the-key';
export const SECRET = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:key';

/** The revision and the decision tests of a bundle directory. */
export async function expectationsOf(directory = SAMPLE): Promise<ExpectedDecisions> {
  const compiled = await compileDirectory(directory);
  if (!compiled.ok) throw new Error(compiled.problems[0]?.message);
  const tests = parseDecisionTests(await readDirectory(directory), []);
  return { revision: compiled.bundle.revision, tests };
}

export interface Gated {
  ecs: FakeEcs;
  /** Milliseconds that were waited for. */
  waits: number[];
  /** What was logged. */
  log: string[];
  /** Called while the gate waits, to change the world as time would. */
  meanwhile: () => void;
  invoke: ReturnType<typeof createHandler>;
}

/** What runs at an id: a server, a port on which nothing listens, or nothing yet. */
export type Place = Pick<TestServer, 'url'> | { port: number } | undefined;

/** Tasks of the fake's service in which real servers run, told apart by their ports. */
export async function gated(
  places: Record<string, Place>,
  { parts = {}, cluster = {} }: { parts?: Partial<GateParts>; cluster?: Partial<FakeCluster> } = {},
): Promise<Gated> {
  const running = Object.entries(places).map(([id, place]) => [
    id,
    fakeTask(id, '127.0.0.1', place === undefined ? { lastStatus: 'PENDING' } : {}),
  ]);
  const tasks = Object.fromEntries(running) as FakeCluster['tasks'];
  const ecs = await fakeEcs({ service: fakeService(running.length), tasks, ...cluster });
  const { AWS_ENDPOINT_URL_ECS: endpoint, AWS_REGION: region } = ecs.env;
  const credentials = { accessKeyId: 'fake', secretAccessKey: 'fake' };
  const client = new ECS({ endpoint, region, credentials, maxAttempts: 1 });
  onTestFinished(() => client.destroy());
  const expected = await expectationsOf();
  const it: Gated = {
    ecs,
    waits: [],
    log: [],
    meanwhile: () => {},
    invoke: createHandler({
      env: { PDP_URL: 'http://api.pdp.internal:7000', PDP_TASK_PORT: '7000', PDP_API_KEY_SECRET: SECRET },
      ecs: client,
      expected: () => expected,
      readKey: async (secret) => (secret === SECRET ? KEY : ''),
      clock: ({ getRemainingTimeInMillis }) => ({
        remaining: () => getRemainingTimeInMillis() - it.waits.reduce((sum, wait) => sum + wait, 0),
        wait: async (milliseconds) => {
          it.waits.push(milliseconds);
          it.meanwhile();
        },
      }),
      portOf: ({ id }) => {
        const place = places[id];
        // Nothing listens there, should it be asked.
        if (place === undefined) return 1;
        return 'port' in place ? place.port : Number(new URL(place.url).port);
      },
      log: (level, message) => it.log.push(`${level} ${message}`),
      ...parts,
    }),
  };
  return it;
}

/** A PDP with the sample's policies, and the key. */
export function pdp(options: Parameters<typeof startServer>[0] = {}): Promise<TestServer> {
  return startServer({ source: SAMPLE, apiKey: KEY, ...options });
}

/** A minute, by the clock that goes on only when it is waited for. */
export const CONTEXT = { getRemainingTimeInMillis: () => 60_000 };

/** What CDK's provider framework sends for the custom resource. */
export async function resourceEvent(RequestType: 'Create' | 'Update' | 'Delete', more: object = {}) {
  const { revision } = await expectationsOf();
  return {
    RequestType,
    ResourceProperties: {
      ServiceToken: 'arn:aws:lambda:eu-west-1:123456789012:function:framework',
      Cluster: 'pdp',
      Service: 'api',
      Revision: revision,
      TaskDefinition: 'arn:aws:ecs:eu-west-1:123456789012:task-definition/pdp:7',
      ...more,
    },
  };
}
