import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assemblies } from './support/assemblies.ts';
import { withCleanup } from './support/cleanup.ts';
import { type Answer, eventually } from './support/http.ts';
import { pdpImage } from './support/pdp-image.ts';
import { inspectProcess } from './support/process-limits.ts';
import { allowed, denied } from './support/questions.ts';
import { makeSecrets, nodeOn, type PdpTask, pdpTasks, startTask } from './support/running-task.ts';
import { openVpc } from './support/vpc.ts';

export const title =
  'the container as each task definition runs it: decides, is locked down and healthy, drains within its stop timeout';

const EVALUATION = '/access/v1/evaluation';
const askFrom = fileURLToPath(new URL('support/ask-from.ts', import.meta.url));

/** A running task. */
interface Scene {
  task: PdpTask;
  name: string;
  key: string;
  podman: (...args: string[]) => Promise<string>;
  /** Asks it, in its own network. */
  ask(path: string, body?: unknown, key?: string): Promise<Answer>;
}

export const prepare = () => assemblies();

export async function run(): Promise<void> {
  const image = await pdpImage();
  const secrets = await makeSecrets('api.pdp.internal');
  const tasks = distinct((await assemblies()).flatMap((assembly) => pdpTasks(assembly, secrets)));
  assert.notEqual(tasks.length, 0, 'no placement has the PDP in a task');
  await withCleanup(async (defer) => {
    const directory = await mkdtemp(join(tmpdir(), 'pdp-task-'));
    defer(() => rm(directory, { recursive: true, force: true }));
    const ca = join(directory, 'ca.pem');
    await writeFile(ca, secrets.ca);
    const addresses = tasks.map((_, index) => [`task${index}`, `10.20.1.${10 + index}`]);
    const hosts = await openVpc(Object.fromEntries(addresses) as Record<string, string>, defer);

    const podman = async (...args: string[]) => (await image.containers.podman(args)).stdout.trim();
    const key = secrets.values.PDP_API_KEY ?? '';
    const scenes = tasks.map((task, index): Scene => {
      const host = hosts[`task${index}`];
      assert.ok(host);
      const scheme = 'PDP_TLS_CERT' in task.container.env ? 'https' : 'http';
      const base = `${scheme}://127.0.0.1:${task.container.ports[0]}`;
      return {
        task,
        name: `pdp-${host.namespace}`,
        key,
        podman,
        async ask(path, body, key) {
          const env = { NODE_EXTRA_CA_CERTS: ca, ...(key === undefined ? {} : { PDP_API_KEY: key }) };
          const args = body === undefined ? [] : [JSON.stringify(body)];
          const { stdout } = await nodeOn(host, [askFrom, `${base}${path}`, ...args], env);
          return JSON.parse(stdout) as Answer;
        },
      };
    });
    await Promise.all(
      scenes.map(async (scene, index) => {
        const host = hosts[`task${index}`];
        assert.ok(host);
        await startTask(image, scene.task.container, host, scene.name, defer);
        try {
          await isHealthy(scene);
          await decides(scene);
          await isLockedDown(scene);
          await drains(scene);
          await logsDecisions(scene);
        } catch (error) {
          console.log((await podman('logs', '--tail', '20', scene.name)) || 'it logged nothing');
          throw error;
        }
      }),
    );
    for (const { task } of scenes) {
      console.log(`        ${task.stack.name} ${task.logicalId}: ${task.container.options.join(' ')}`);
    }
  });
}

/** Those whose settings differ: what runs is the same otherwise. */
function distinct(tasks: PdpTask[]): PdpTask[] {
  const settings = ({ container: { options, command, ports } }: PdpTask) =>
    JSON.stringify([options, command, ports]);
  return [...new Map(tasks.map((task) => [settings(task), task])).values()];
}

async function isHealthy({ name, podman, ask }: Scene): Promise<void> {
  await eventually(() => podman('healthcheck', 'run', name));
  assert.equal(await podman('inspect', name, '--format', '{{.State.Health.Status}}'), 'healthy');
  assert.equal((await ask('/ready')).status, 200);
}

async function decides({ ask, key, task }: Scene): Promise<void> {
  const yes = await ask(EVALUATION, allowed, key);
  assert.partialDeepStrictEqual(yes, { status: 200, body: { decision: true } });
  const no = await ask(EVALUATION, denied, key);
  assert.partialDeepStrictEqual(no, { status: 200, body: { decision: false } });
  // Beside its caller in one task it needs none: nothing else reaches it.
  if (!('PDP_API_KEY' in task.container.env)) return;
  assert.equal((await ask(EVALUATION, allowed)).status, 401);
  assert.equal((await ask(EVALUATION, allowed, `${key}x`)).status, 401);
}

/** What the kernel holds it to is what the task definition says. */
async function isLockedDown({ name, podman, task }: Scene): Promise<void> {
  const pid = Number(await podman('inspect', name, '--format', '{{.State.Pid}}'));
  const init = await inspectProcess(pid);
  assert.equal(init.name, 'podman-init', 'its first process is no init');
  const [server, ...others] = await Promise.all(init.children.map(inspectProcess));
  assert.ok(server, 'nothing runs under the init process');
  assert.deepEqual(others, []);
  const { stack, logicalId } = task;
  const stated = stack.template.Resources[logicalId]?.Properties ?? {};
  assert.partialDeepStrictEqual(server, {
    user: 65532,
    group: 65532,
    capabilities: 0n,
    openFiles: Math.min(openFilesOf(task), (await inspectProcess(process.pid)).openFiles),
    memory: Number(stated.Memory) * 2 ** 20,
    cpus: Number(stated.Cpu) / 1024,
  });
  // As root, so that it is the file system that refuses and not a file's mode.
  const write =
    "try { require('node:fs').writeFileSync('/tmp/x', '') } catch ({ code }) { console.log(code) }";
  const said = await podman('exec', '--user', '0', name, 'node', '-e', write);
  assert.match(said, /^(EROFS|ENOENT)$/);
  const own = write.replace('/tmp/x', '/app/x');
  assert.equal(await podman('exec', '--user', '0', name, 'node', '-e', own), 'EROFS');
}

function openFilesOf({ container }: PdpTask): number {
  const [, limit] = container.options.join(' ').match(/nofile=\d+:(\d+)/) ?? [];
  return Number(limit);
}

/** Unready at once, answering while names that were resolved may be kept, then gone by itself and not killed. */
async function drains({ name, podman, ask, key, task }: Scene): Promise<void> {
  const stopped = podman('stop', name);
  const words = task.container.command;
  // Beside its caller nobody has its name: it has nothing to wait for.
  const isPatient = words[words.indexOf('--drain-seconds') + 1] !== '0';
  if (isPatient) {
    await eventually(async () => assert.equal((await ask('/ready')).status, 503), 5_000);
    const late = await ask(EVALUATION, allowed, key);
    assert.partialDeepStrictEqual(late, { status: 200, body: { decision: true } });
  }
  await stopped;
  assert.equal(await podman('inspect', name, '--format', '{{.State.ExitCode}}'), '0');
}

async function logsDecisions({ name, podman, task }: Scene): Promise<void> {
  const log = await podman('logs', name);
  assert.match(log, /"acme\/roadmap"/, 'no decision was logged');
  for (const value of Object.values(task.container.env)) {
    // Not of what is no secret, such as an address.
    if (value.length > 20) assert.equal(log.includes(value), false, 'a secret is in the log');
  }
}
