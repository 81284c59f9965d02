import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Below the state directory, for these files alone. */
const FOLDER = 'kept';
/** What says which of them make the set; what is not in it is nothing. */
const INDEX = 'kept.json';
/** What this writes, whole or not: nothing else is ever taken away. */
const OWN_NAME = /^(?:kept\.json|[0-9a-f]{64}\.tar\.gz)(?:\.new)?$/;
/** Largest index that is read, in bytes. */
const MAX_INDEX_BYTES = 1024 * 1024;

/** An archive among the kept files. */
export interface KeptFile {
  file: string;
  /** In hexadecimal. */
  sha256: string;
}

/**
 * Files that are there after a restart, or a loss of power, as they were put or not at all. Only the owner may read
 * them.
 */
export class KeptFiles {
  readonly #directory: string;

  constructor(stateDir: string) {
    this.#directory = join(stateDir, FOLDER);
  }

  /** The index as it was put; undefined when there is none. @throws the file system's error */
  async readIndex(): Promise<string | undefined> {
    const file = join(this.#directory, INDEX);
    try {
      await this.#checkOwner();
      if ((await stat(file)).size > MAX_INDEX_BYTES) return '';
      return await readFile(file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** @returns undefined when it is not there, or not what was put */
  async read({ file, sha256 }: KeptFile, maxBytes: number): Promise<Uint8Array | undefined> {
    try {
      const path = join(this.#directory, file);
      await this.#checkOwner();
      if ((await stat(path)).size > maxBytes) return undefined;
      const bytes = await readFile(path);
      return digest(bytes) === sha256 ? bytes : undefined;
    } catch {
      return undefined;
    }
  }

  /** Puts an archive beside those of the set that the index says. @throws the file system's error */
  async put(archive: Uint8Array): Promise<KeptFile> {
    const sha256 = digest(archive);
    const file = `${sha256}.tar.gz`;
    await this.#write(file, archive);
    return { file, sha256 };
  }

  /** Puts the index, and takes away what is not of the set that it says. @throws the file system's error */
  async putIndex(text: string, files: readonly KeptFile[]): Promise<void> {
    await this.#write(INDEX, text);
    await this.tidy(files);
  }

  /** Takes away what is of no set, as far as that is possible. */
  async tidy(files: readonly KeptFile[]): Promise<void> {
    const own = new Set([INDEX, ...files.map(({ file }) => file)]);
    const names = await this.#checkOwner()
      .then(() => readdir(this.#directory))
      .catch(() => []);
    for (const name of names.filter((each) => OWN_NAME.test(each) && !own.has(each))) {
      await rm(join(this.#directory, name), { recursive: true, force: true }).catch(() => {});
    }
  }

  /**
   * Where others may write to the state directory, what they put in the place of the copy is neither served nor
   * written to.
   *
   * @throws the file system's error, or one like it
   */
  async #checkOwner(): Promise<void> {
    const stats = await lstat(this.#directory);
    if (stats.isSymbolicLink()) throw Object.assign(new Error(), { code: 'ELOOP' });
    if (stats.uid !== (process.geteuid?.() ?? stats.uid))
      throw Object.assign(new Error(), { code: 'EOWNER' });
  }

  /** All of it or nothing: under another name first, and on the disk before it has its own. */
  async #write(name: string, content: Uint8Array | string): Promise<void> {
    const path = join(this.#directory, name);
    const unfinished = `${path}.new`;
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    await this.#checkOwner();
    await chmod(this.#directory, 0o700);
    try {
      await onDisk(unfinished, 'w', (file) => file.writeFile(content));
      await rename(unfinished, path);
    } catch (error) {
      // What is left of it may be what fills the disk.
      await rm(unfinished, { force: true }).catch(() => {});
      throw error;
    }
    await onDisk(this.#directory, 'r');
  }
}

type Handle = Awaited<ReturnType<typeof open>>;

async function onDisk(
  path: string,
  flags: 'w' | 'r',
  change: (handle: Handle) => Promise<void> = async () => {},
): Promise<void> {
  const handle = await open(path, flags, 0o600);
  try {
    await change(handle);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
