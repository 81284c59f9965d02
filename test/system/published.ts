import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { buildArchive, compileFiles, readDirectory } from '../../compiler/index.ts';
import { assemblies, storeAssembly } from './support/assemblies.ts';
import { withCleanup } from './support/cleanup.ts';
import { type Answer, eventually } from './support/http.ts';
import { pdpImage } from './support/pdp-image.ts';
import { allowed } from './support/questions.ts';
import { makeSecrets, nodeOn, pdpTasks, startTask } from './support/running-task.ts';
import { startStore } from './support/store.ts';
import { openVpc } from './support/vpc.ts';

export const title =
  'the container as the task of published policies runs it: reads the store, writes to its volume alone, starts again without the store';

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** What CloudFormation would put in place of references, besides secrets. */
const STORE = { PDP_SOURCE: 's3://policies/bundle.tar.gz', AWS_REGION: 'eu-central-1' };

export const prepare = () => assemblies();

export async function run(): Promise<void> {
  const image = await pdpImage();
  const secrets = await makeSecrets('api.pdp.internal');
  const [task, ...others] = pdpTasks(await storeAssembly(), {
    ...secrets,
    values: { ...secrets.values, ...STORE },
  });
  assert.ok(task, 'no task has a PDP');
  assert.deepEqual(others, []);
  await withCleanup(async (defer) => {
    const { host } = await openVpc({ host: '10.20.1.10' }, defer);
    const store = await startStore(host, defer);
    await store.put(await firstBundle());

    // As the task of an account, which has credentials of its role and a way to S3.
    const env = { ...task.container.env, ...store.env, ...STORE };
    const options = [...task.container.options, ...Object.keys(store.env).flatMap((name) => ['--env', name])];
    const name = `pdp-${host.namespace}`;
    await startTask(image, { ...task.container, options, env }, host, name, defer);
    const podman = async (...args: string[]) => (await image.containers.podman(args)).stdout.trim();
    const ask = async (route: string, body?: unknown): Promise<Answer> => {
      const key = { PDP_API_KEY: secrets.values.PDP_API_KEY ?? '', NODE_TLS_REJECT_UNAUTHORIZED: '0' };
      const args = [path('support/ask-from.ts'), `https://127.0.0.1:${task.container.ports[0]}${route}`];
      const { stdout } = await nodeOn(
        host,
        [...args, ...(body === undefined ? [] : [JSON.stringify(body)])],
        key,
      );
      return JSON.parse(stdout) as Answer;
    };
    try {
      await eventually(async () => assert.equal((await ask('/ready')).status, 200));
      await decides(ask);
      await writesToItsVolumeAlone((script) => podman('exec', name, 'node', '-e', script));

      await store.obey({ order: 'down' });
      await podman('stop', name);
      await podman('start', name);
      await eventually(async () => assert.equal((await ask('/ready')).status, 200));
      await decides(ask);
      assert.partialDeepStrictEqual(await ask('/health'), { body: { kept: true, sequence: 1 } });
    } catch (error) {
      console.log((await podman('logs', '--tail', '20', name)) || 'it logged nothing');
      throw error;
    }
  });
}

/** As the deployment puts it. */
async function firstBundle(): Promise<Uint8Array> {
  const files = await readDirectory(path('../../pdp-container/policies'));
  const result = await compileFiles(files);
  assert.ok(result.ok, 'the policies are good');
  return buildArchive(result.bundle, files, { sequence: 1 });
}

async function decides(ask: (route: string, body?: unknown) => Promise<Answer>): Promise<void> {
  const answer = await ask('/access/v1/evaluation', allowed);
  assert.partialDeepStrictEqual(answer, { status: 200, body: { decision: true } });
}

/** As the user of the container, which is not root. */
async function writesToItsVolumeAlone(node: (script: string) => Promise<string>): Promise<void> {
  const write = (file: string) =>
    node(`try { require('node:fs').writeFileSync('${file}', '') } catch ({ code }) { console.log(code) }`);
  assert.match(await write('/app/x'), /^(EROFS|EACCES)$/);
  assert.match(await write('/tmp/x'), /^(EROFS|ENOENT)$/);
  assert.equal(await write('/state/x'), '');
  const kept = JSON.parse(
    await node("console.log(JSON.stringify(require('node:fs').readdirSync('/state/kept')))"),
  ) as string[];
  assert.notDeepEqual(kept, [], 'nothing was kept');
}
