import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { withCleanup } from './support/cleanup.ts';
import type { Containers } from './support/containers.ts';
import { type AskOptions, ask, eventually, freePort } from './support/http.ts';
import { pdpImage } from './support/pdp-image.ts';
import { allowed, denied } from './support/questions.ts';

export const title = 'the container: decides, is locked down, is healthy, drains on SIGTERM';

const policies = fileURLToPath(new URL('../../pdp-container/policies', import.meta.url));
const lockedDown = [
  '--read-only',
  // Fargate's read-only root has no writable /tmp either.
  '--read-only-tmpfs=false',
  '--cap-drop',
  'ALL',
  '--security-opt',
  'no-new-privileges',
  '--memory',
  '512m',
];

export async function run(): Promise<void> {
  const { containers, name: image } = await pdpImage();
  await testsPolicies(containers, image);
  await withCleanup(async (defer) => {
    const name = 'pdp';
    const port = await freePort();
    const key = randomBytes(24).toString('base64url');
    const env = { PDP_API_KEY: key, PDP_PORT: String(port), PDP_HOST: '127.0.0.1' };
    const passed = Object.keys(env).flatMap((variable) => ['--env', variable]);
    defer(() => containers.podman(['rm', '--force', '--time', '1', '--ignore', name]));
    await containers.podman(
      ['run', '--detach', '--name', name, '--network', 'host', ...lockedDown, ...passed, image],
      { env },
    );
    const at = (path: string, options?: AskOptions) => ask(`http://127.0.0.1:${port}${path}`, options);
    try {
      await eventually(async () => assert.equal((await at('/ready')).status, 200));
      await decides(at, key);
      await isLockedDown(containers, name);
      await isHealthy(containers, name);
      await drains(containers, name, at, key);
    } catch (error) {
      const { stdout, stderr } = await containers.podman(['logs', name]);
      console.log(`${stdout}${stderr}`.trim().split('\n').slice(-20).join('\n'));
      throw error;
    }
    const { stdout } = await containers.podman(['logs', name]);
    assert.match(stdout, /"acme\/roadmap"/, 'no decision was logged');
    assert.equal(stdout.includes(key), false, 'the key is in the log');
  });
}

type At = (path: string, options?: AskOptions) => ReturnType<typeof ask>;

/** The image has the whole `pdp` command: here its compiler, in its worker, runs a directory's decision tests. */
async function testsPolicies(containers: Containers, image: string): Promise<void> {
  const mount = ['--volume', `${policies}:/policies:ro`];
  await containers.podman([
    'run',
    '--rm',
    '--network',
    'none',
    ...lockedDown,
    ...mount,
    image,
    'test',
    '/policies',
  ]);
}

async function decides(at: At, key: string): Promise<void> {
  const path = '/access/v1/evaluation';
  const yes = await at(path, { key, body: allowed });
  assert.equal(yes.status, 200);
  assert.partialDeepStrictEqual(yes.body, { decision: true, context: { policies: ['editors-write'] } });
  const no = await at(path, { key, body: denied });
  assert.equal(no.status, 200);
  assert.partialDeepStrictEqual(no.body, { decision: false, context: { policies: [] } });
  assert.equal((await at(path, { body: allowed })).status, 401);
  assert.equal((await at(path, { key: `${key}x`, body: allowed })).status, 401);
}

async function isLockedDown(containers: Containers, name: string): Promise<void> {
  const { stdout: pid } = await containers.podman(['inspect', name, '--format', '{{.State.Pid}}']);
  const status = await readFile(`/proc/${pid.trim()}/status`, 'utf8');
  const line = (field: string) => new RegExp(`^${field}:\\s+(.*)$`, 'm').exec(status)?.[1];
  assert.equal(line('Uid'), ['65532', '65532', '65532', '65532'].join('\t'));
  assert.equal(line('Gid'), ['65532', '65532', '65532', '65532'].join('\t'));
  assert.equal(line('CapEff'), '0000000000000000');
  assert.equal(line('NoNewPrivs'), '1');
  console.log(`        memory ${Math.round(Number.parseInt(line('VmRSS') ?? '', 10) / 1024)} MiB`);

  // As root, so that it is the file system that refuses and not a file's mode.
  const write = "require('node:fs').writeFileSync('/app/x', '')";
  const { stderr } = await containers.podman(['exec', '--user', '0', name, 'node', '-e', write], {
    exitCodes: [1],
  });
  assert.match(stderr, /EROFS/);
}

async function isHealthy(containers: Containers, name: string): Promise<void> {
  await containers.podman(['healthcheck', 'run', name]);
  const { stdout } = await containers.podman(['inspect', name, '--format', '{{.State.Health.Status}}']);
  assert.equal(stdout.trim(), 'healthy');
}

/** Unready at once, answering for a while, then gone with 0 and not killed. */
async function drains(containers: Containers, name: string, at: At, key: string): Promise<void> {
  const ended = containers.podman(['wait', name], { timeout: 30_000 });
  await containers.podman(['kill', '--signal', 'TERM', name]);
  await eventually(async () => assert.equal((await at('/ready')).status, 503), 2_000);
  const late = await at('/access/v1/evaluation', { key, body: allowed });
  assert.partialDeepStrictEqual(late, { status: 200, body: { decision: true } });
  assert.equal((await ended).stdout.trim(), '0');
  await assert.rejects(at('/healthy'), 'something still listens');
}
