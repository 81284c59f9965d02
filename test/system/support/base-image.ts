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
  await copyPrograms(rootfs, { [process.execPath]: '/nodejs/bin/node' });
  await mkdir(join(rootfs, 'etc'), { recursive: true });
  await writeFile(
    join(rootfs, 'etc/passwd'),
    'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n',
  );
  await buildFrom(containers, name, directory, 'USER 65532\nENTRYPOINT ["/nodejs/bin/node"]\n');
}

/** Copies programs of this machine, each to a path of the new root, and the libraries that they are linked with. */
export async function copyPrograms(rootfs: string, programs: Record<string, string>): Promise<void> {
  const files = new Map(Object.entries(programs));
  for (const program of Object.keys(programs)) {
    const { stdout } = await command('ldd', [program]);
    for (const library of stdout.match(/\/\S+(?= \(0x)/g) ?? []) files.set(library, library);
  }
  for (const [from, to] of files) {
    await mkdir(dirname(join(rootfs, to)), { recursive: true });
    await copyFile(from, join(rootfs, to));
  }
}

/** Makes an image of the directory `rootfs` in a directory. @param more of its Dockerfile */
export async function buildFrom(
  containers: Containers,
  name: string,
  directory: string,
  more: string,
): Promise<void> {
  await writeFile(join(directory, 'Dockerfile'), `FROM scratch\nCOPY rootfs/ /\n${more}`);
  await containers.buildah(['bud', '--isolation', 'chroot', '--pull=never', '--tag', name, directory]);
}
