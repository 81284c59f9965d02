import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { command } from './command.ts';
import type { Containers } from './containers.ts';

/** The name that the Dockerfile builds on. */
export async function baseName(dockerfile: string): Promise<string> {
  const name = /^ARG NODE_IMAGE=(\S+)$/m.exec(await readFile(dockerfile, 'utf8'))?.[1];
  if (name === undefined) throw new Error(`${dockerfile}: no line "ARG NODE_IMAGE=…"`);
  return name;
}

/**
 * Makes a stand-in for the Dockerfile's base, under its name, where no registry can be reached: this very Node
 * with its libraries, at distroless' path and with distroless' user, and nothing else.
 */
export async function buildBaseImage(containers: Containers, name: string, directory: string): Promise<void> {
  const rootfs = join(directory, 'rootfs');
  const node = process.execPath;
  const { stdout } = await command('ldd', [node]);
  const libraries = new Set(stdout.match(/\/\S+(?= \(0x)/g));
  const files = [[node, '/nodejs/bin/node'], ...[...libraries].map((library) => [library, library])];
  for (const [from, to] of files as [string, string][]) {
    await mkdir(dirname(join(rootfs, to)), { recursive: true });
    await copyFile(from, join(rootfs, to));
  }
  await mkdir(join(rootfs, 'etc'), { recursive: true });
  await writeFile(
    join(rootfs, 'etc/passwd'),
    'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n',
  );
  await writeFile(
    join(directory, 'Dockerfile'),
    'FROM scratch\nCOPY rootfs/ /\nUSER 65532\nENTRYPOINT ["/nodejs/bin/node"]\n',
  );
  await containers.buildah(['bud', '--isolation', 'chroot', '--pull=never', '--tag', name, directory]);
}
