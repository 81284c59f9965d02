import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { withCleanup } from './support/cleanup.ts';
import { eventually } from './support/http.ts';
import { type PdpImage, pdpImage } from './support/pdp-image.ts';
import { allowed } from './support/questions.ts';
import { lockedDown, startPdp } from './support/running-pdp.ts';

export const title = 'the container: the whole command is in it, and it runs as any user';

const policies = fileURLToPath(new URL('../../pdp-container/policies', import.meta.url));

export async function run(): Promise<void> {
  const image = await pdpImage();
  await testsPolicies(image);
  await withCleanup(async (defer) => {
    // Another user than the image's: nothing may depend on the number.
    const { name, key, at } = await startPdp(image, 'pdp', defer, ['--user', '1000:1000']);
    await eventually(async () => assert.equal((await at('/ready')).status, 200));
    const answer = await at('/access/v1/evaluation', { key, body: allowed });
    assert.partialDeepStrictEqual(answer, { status: 200, body: { decision: true } });
    await image.containers.podman(['healthcheck', 'run', name]);
  });
}

/** Its compiler, in its worker, runs a directory's decision tests. */
async function testsPolicies({ containers, name: image }: PdpImage): Promise<void> {
  const mount = ['--volume', `${policies}:/policies:ro`];
  const network = ['--network', 'none'];
  await containers.podman(['run', '--rm', ...network, ...lockedDown, ...mount, image, 'test', '/policies']);
}
