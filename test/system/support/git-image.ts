import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { writeImageContext } from '../../../scripts/image-context.ts';
import { baseName, buildFrom, copyPrograms } from './base-image.ts';
import { undoAtEnd } from './cleanup.ts';
import { command } from './command.ts';
import { type PdpImage, pdpImage } from './pdp-image.ts';

/** Where the stand-in for apt-get writes down what it was asked for. */
export const APT_LOG = '/apt.log';

/** The image of Dockerfile.git, without a bundle, on a stand-in for its base: see {@link buildBase}. */
export async function gitImage(): Promise<PdpImage> {
  const { containers } = await pdpImage();
  const directory = await mkdtemp(join(tmpdir(), 'pdp-git-image-'));
  undoAtEnd(() => rm(directory, { recursive: true, force: true }));
  const context = join(directory, 'context');
  await writeImageContext(context);
  const dockerfile = join(context, 'Dockerfile.git');
  const base = await baseName(dockerfile);
  const image = { containers, base, name: 'serverless-pdp-git:test' };
  await buildBase(image, join(directory, 'base'));
  const options = ['--isolation', 'chroot', '--pull=never', '--format', 'docker', '--tag', image.name];
  await containers.buildah(['bud', ...options, '--file', dockerfile, context]);
  return image;
}

/**
 * Node's slim image as far as the Dockerfile needs it, of this machine's programs: a shell, Node where that image has
 * it, and something where it has npm. What apt-get would install is there already, so that it is a script here, which
 * only says what it was asked for.
 */
async function buildBase({ containers, base }: PdpImage, directory: string): Promise<void> {
  const rootfs = join(directory, 'rootfs');
  const { stdout: core } = await command('git', ['--exec-path']);
  const own = (...paths: string[]) => Object.fromEntries(paths.map((path) => [path, path]));
  await copyPrograms(rootfs, {
    [process.execPath]: '/usr/local/bin/node',
    ...own('/bin/sh', '/bin/rm', '/usr/bin/git', '/usr/bin/ssh'),
    ...own(...['git', 'git-remote-http', 'git-remote-https'].map((name) => join(core.trim(), name))),
  });
  const text: Record<string, string> = {
    '/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n',
    '/etc/group': 'root:x:0:\n',
    '/usr/local/bin/npm': 'npm',
    '/usr/local/lib/node_modules/npm/index.js': 'npm',
    '/var/lib/apt/lists/list': 'a list',
  };
  for (const [path, content] of Object.entries(text)) {
    await mkdir(dirname(join(rootfs, path)), { recursive: true });
    await writeFile(join(rootfs, path), content);
  }
  await mkdir(join(rootfs, 'tmp'), { recursive: true });
  await writeFile(join(rootfs, 'usr/bin/apt-get'), `#!/bin/sh\necho "$*" >> ${APT_LOG}\n`, { mode: 0o755 });
  await copyFile('/etc/nsswitch.conf', join(rootfs, 'etc/nsswitch.conf')).catch(() => {});
  await buildFrom(containers, base, directory, 'ENTRYPOINT ["docker-entrypoint.sh"]\nCMD ["node"]\n');
}
