import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { writeFunctions } from '../../scripts/functions.ts';
import { withCleanup } from './support/cleanup.ts';
import { type CommandResult, command } from './support/command.ts';
import { type MockAws, startMockAws } from './support/mock-aws.ts';
import { mockService } from './support/mock-service.ts';
import { start } from './support/processes.ts';

export const title =
  'the ECS API of a mock AWS: pdp status, pdp rollout and the gate with the tasks of a service';

const root = fileURLToPath(new URL('../..', import.meta.url));
const policies = join(root, 'pdp-container/policies');

/** What Lambda does with the gate's function, without the rest of Lambda. */
const INVOKE = `
  const { handler } = await import(process.argv[1]);
  const [event, time] = process.argv.slice(2).map((text) => JSON.parse(text));
  await handler(event, { getRemainingTimeInMillis: () => time }).then(
    () => process.exit(0),
    ({ name, message }) => { process.stdout.write(name + ': ' + message, () => process.exit(1)); },
  );
`;

export async function run(): Promise<void> {
  await withCleanup(async (defer) => {
    const mock = await startMockAws(defer);
    const functions = join(root, 'build/system/gate');
    defer(() => rm(functions, { recursive: true, force: true }));
    await writeFunctions(functions);
    const gate = join(functions, 'gate');
    const pdp = (args: string[], more: Record<string, string> = {}) =>
      command(process.execPath, [join(root, 'bin/pdp.ts'), ...args], {
        env: { ...mock.env, ...more, NO_COLOR: '1', AWS_MAX_ATTEMPTS: '1' },
        exitCodes: [0, 1, 2],
      });
    const expectOf = async (source: string): Promise<string> => {
      const { stdout } = await pdp(['test', source, '--export', join(gate, 'expected.json'), '--json']);
      return (JSON.parse(stdout) as { revision: string }).revision;
    };
    const revision = await expectOf(policies);
    const key = randomBytes(24).toString('base64url');

    const { cluster, service, runTask } = await mockService(mock, revision, defer);
    const named = ['--cluster', cluster, '--service', service];

    // Tasks are told apart by the deployment that started them, so this is before there is one.
    const rollout = await pdp(['rollout', ...named, '--timeout', '60', '--json']);
    assert.partialDeepStrictEqual(JSON.parse(rollout.stdout), { outcome: 'completed', cluster, service });
    assert.equal(rollout.exitCode, 0);

    const { id, address } = await runTask();
    const gateEnvironment = {
      ...mock.env,
      PDP_URL: 'http://api.pdp.internal:7000',
      PDP_TASK_PORT: '7000',
      PDP_API_KEY_SECRET: await createSecret(mock, key),
    };
    const invoke = async (Revision: string, time: number): Promise<CommandResult> => {
      const ResourceProperties = { Cluster: cluster, Service: service, Revision };
      const event = JSON.stringify({ RequestType: 'Update', ResourceProperties });
      const program = ['--input-type=module', '--eval', INVOKE, join(gate, 'index.mjs'), event, `${time}`];
      return command(process.execPath, program, { env: gateEnvironment, exitCodes: [0, 1] });
    };
    // No time to wait for a task that does not answer.
    const closed = await invoke(revision, 26_000);
    assert.match(
      closed.stdout,
      new RegExp(`^GateError: .*\ntask ${id} \\(${address}\\) gives no answer: .*ECONNREFUSED`),
    );
    assert.equal(closed.exitCode, 1);

    const serve = ['serve', policies, '--host', address, '--port', '7000', '--opa-port', 'off'];
    const server = start(process.execPath, [join(root, 'bin/pdp.ts'), ...serve], { PDP_API_KEY: key });
    defer(() => server.stop());
    await server.line((line) => line.includes(`${address}:7000`));

    const status = await pdp(['status', ...named, '--ask', '--json'], { PDP_API_KEY: key });
    const { tasks, ...seen } = JSON.parse(status.stdout);
    assert.partialDeepStrictEqual(seen, {
      healthy: true,
      status: 'ACTIVE',
      desired: 1,
      running: 1,
      problems: [],
    });
    assert.partialDeepStrictEqual(tasks, [
      {
        id,
        address,
        port: 7000,
        lastStatus: 'RUNNING',
        revision,
        image: 'pdp:1',
        answer: { status: 'ready', revision },
      },
    ]);
    assert.equal(status.exitCode, 0);

    const open = await invoke(revision, 300_000);
    assert.deepEqual([open.exitCode, open.stdout], [0, '1 tasks of api have passed\n']);

    // The same task, held to policies that have not been deployed to it.
    const next = join(functions, 'next');
    await mkdir(next);
    await writeFile(join(next, 'all.cedar'), 'permit(principal, action, resource);');
    const other = await invoke(await expectOf(next), 26_000);
    assert.match(other.stdout, new RegExp(`task ${id} \\(${address}\\) runs revision ${revision}`));
    assert.equal(other.exitCode, 1);

    const missing = await pdp(['status', '--cluster', cluster, '--service', 'other']);
    assert.deepEqual(missing, {
      exitCode: 2,
      stdout: '',
      stderr: 'pdp: --service: there is no service other in cluster pdp\n',
    });
  });
}

async function createSecret({ env }: MockAws, value: string): Promise<string> {
  const client = new SecretsManagerClient({
    region: env.AWS_REGION,
    endpoint: env.AWS_ENDPOINT_URL,
    credentials: { accessKeyId: 'mock', secretAccessKey: 'mock' },
  });
  try {
    const { ARN } = await client.send(new CreateSecretCommand({ Name: 'key', SecretString: value }));
    if (ARN === undefined) throw new Error('the mock of AWS made no secret');
    return ARN;
  } finally {
    client.destroy();
  }
}
