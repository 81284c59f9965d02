import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withCleanup } from './support/cleanup.ts';
import { eventually } from './support/http.ts';
import { pdpImage } from './support/pdp-image.ts';
import { allowed } from './support/questions.ts';
import { startPdp } from './support/running-pdp.ts';

export const title = 'a damaged bundle: the container lives, is not ready, not healthy, and allows nothing';

export async function run(): Promise<void> {
  const image = await pdpImage();
  await withCleanup(async (defer) => {
    const directory = await mkdtemp(join(tmpdir(), 'damaged-bundle-'));
    defer(() => rm(directory, { recursive: true, force: true }));
    const bundle = join(directory, 'bundle.tar.gz');
    await writeFile(bundle, 'not an archive', { mode: 0o644 });

    const mount = ['--volume', `${bundle}:/bundle/bundle.tar.gz:ro`];
    const { name, key, at } = await startPdp(image, 'pdp-damaged', defer, mount);
    await eventually(async () => assert.equal((await at('/healthy')).status, 200));
    assert.equal((await at('/ready')).status, 503);
    const { status } = await at('/access/v1/evaluation', { key, body: allowed });
    assert.equal(status, 503);
    await image.containers.podman(['healthcheck', 'run', name], { exitCodes: [1] });
  });
}
