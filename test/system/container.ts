import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { withCleanup } from './support/cleanup.ts';
import type { Containers } from './support/containers.ts';
import { eventually } from './support/http.ts';
import { type PdpImage, pdpImage } from './support/pdp-image.ts';
import { allowed, denied } from './support/questions.ts';
import { lockedDown, type RunningPdp, startPdp } from './support/running-pdp.ts';

export const title = 'the container: decides, is locked down, is healthy, drains on SIGTERM';

const policies = fileURLToPath(new URL('../../pdp-container/policies', import.meta.url));

export async function run(): Promise<void> {
  const image = await pdpImage();
  await testsPolicies(image);
  await withCleanup(async (defer) => {
    const { containers } = image;
    const pdp = await startPdp(image, 'pdp', defer);
    try {
      await eventually(async () => assert.equal((await pdp.at('/ready')).status, 200));
      await decides(pdp);
      await isLockedDown(containers, pdp);
      await isHealthy(containers, pdp);
      await drains(containers, pdp);
    } catch (error) {
      const { stdout, stderr } = await containers.podman(['logs', pdp.name]);
      console.log(`${stdout}${stderr}`.trim().split('\n').slice(-20).join('\n'));
      throw error;
    }
    const { stdout } = await containers.podman(['logs', pdp.name]);
    assert.match(stdout, /"acme\/roadmap"/, 'no decision was logged');
    assert.equal(stdout.includes(pdp.key), false, 'the key is in the log');
  });
}

/** The image has the whole `pdp` command: here its compiler, in its worker, runs a directory's decision tests. */
async function testsPolicies({ containers, name: image }: PdpImage): Promise<void> {
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

async function decides({ at, key }: RunningPdp): Promise<void> {
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

async function isLockedDown(containers: Containers, { name }: RunningPdp): Promise<void> {
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

async function isHealthy(containers: Containers, { name }: RunningPdp): Promise<void> {
  await containers.podman(['healthcheck', 'run', name]);
  const { stdout } = await containers.podman(['inspect', name, '--format', '{{.State.Health.Status}}']);
  assert.equal(stdout.trim(), 'healthy');
}

/** Unready at once, answering for a while, then gone with 0 and not killed. */
async function drains(containers: Containers, { name, at, key }: RunningPdp): Promise<void> {
  const ended = containers.podman(['wait', name], { timeout: 30_000 });
  await containers.podman(['kill', '--signal', 'TERM', name]);
  await eventually(async () => assert.equal((await at('/ready')).status, 503), 2_000);
  const late = await at('/access/v1/evaluation', { key, body: allowed });
  assert.partialDeepStrictEqual(late, { status: 200, body: { decision: true } });
  assert.equal((await ended).stdout.trim(), '0');
  await assert.rejects(at('/healthy'), 'something still listens');
}
