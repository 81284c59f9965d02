import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeImageContext } from '../../../scripts/image-context.ts';
import { baseName, buildBaseImage } from './base-image.ts';
import { undoAtEnd } from './cleanup.ts';
import { command } from './command.ts';
import { type Containers, openContainers } from './containers.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

export interface PdpImage {
  containers: Containers;
  /** The tag to run. */
  name: string;
  /** The tag it is built on. */
  base: string;
}

let image: Promise<PdpImage> | undefined;

/** The image of the PDP with the sample's policies in it, built once for all the tests of a run. */
export function pdpImage(): Promise<PdpImage> {
  image ??= buildPdpImage();
  return image;
}

async function buildPdpImage(): Promise<PdpImage> {
  const directory = await mkdtemp(join(tmpdir(), 'pdp-image-'));
  undoAtEnd(() => rm(directory, { recursive: true, force: true }));
  const containers = await openContainers(join(directory, 'containers'));
  undoAtEnd(() => containers.close());

  const context = join(directory, 'context');
  await writeImageContext(context);
  await command(
    process.execPath,
    ['bin/pdp.ts', 'build', 'pdp-container/policies', '--output', join(context, 'bundle.tar.gz')],
    { cwd: root },
  );
  const base = await baseName(join(context, 'Dockerfile'));
  await buildBaseImage(containers, base, join(directory, 'base'));
  const name = 'serverless-pdp:test';
  // HEALTHCHECK is of Docker's image format only.
  const build = [
    'bud',
    '--isolation',
    'chroot',
    '--pull=never',
    '--format',
    'docker',
    '--tag',
    name,
    context,
  ];
  await containers.buildah(build);
  return { containers, name, base };
}
