import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip } from 'node:zlib';
import { type FetchLimits, SourceError } from '../remote-source.ts';
import { type GitRun, readText, runGit } from './command.ts';

/** How often the size of what arrives is looked at, in milliseconds. */
const WATCH_MS = 50;
/** After so many fetches the copy is thrown away, and what nothing needs any more with it. */
const MAX_FETCHES = 8;
/** The name under which what was fetched is kept. */
const FETCHED = 'refs/pdp/fetched';
/** Folders of a bundle, below its own. */
const BUNDLE_FOLDERS = ['policies', 'entities'];
/** Files come out as they were committed: nothing left out, nothing filled in, no line end changed. */
const ATTRIBUTES = '* -text -ident -filter -working-tree-encoding -export-ignore -export-subst\n';

/** A bare copy of one commit of a remote repository at a time, without its history. */
export class GitCopy {
  readonly #directory: string;
  readonly #home: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #limits: FetchLimits;
  #fetches = 0;

  /**
   * @param directory is made, and belongs to this copy alone
   * @param home where git runs
   */
  constructor(directory: string, home: string, environment: NodeJS.ProcessEnv, limits: FetchLimits) {
    this.#directory = directory;
    this.#home = home;
    this.#environment = { ...environment, GIT_DIR: directory };
    this.#limits = limits;
  }

  /** Whether there is anything from before, which may be what is wrong. */
  get isUsed(): boolean {
    return this.#fetches > 0;
  }

  /**
   * Fetches one ref or commit; what is here already is not sent again.
   *
   * @returns the commit
   * @throws GitError
   * @throws SourceError past the limit
   */
  async fetch(remote: string, ref: string, signal: AbortSignal): Promise<string> {
    if (this.#fetches >= MAX_FETCHES) await this.remove();
    if (this.#fetches === 0) await this.#create(signal);
    this.#fetches += 1;
    try {
      await this.#receive(remote, ref, signal);
      return (await this.#git(['rev-parse', '--verify', '--quiet', `${FETCHED}^{commit}`], signal)).trim();
    } catch (error) {
      // Whatever has come of it, the next attempt does not begin with it.
      await this.remove();
      throw error;
    }
  }

  /** Gets what is missing here, as long as it is within the limit. */
  async #receive(remote: string, ref: string, signal: AbortSignal): Promise<void> {
    const before = await this.#size();
    const tooLarge = new AbortController();
    const check = async () => {
      if ((await this.#size()) - before <= this.#limits.archiveBytes) return;
      tooLarge.abort(
        new SourceError(`its commit is larger than the limit of ${this.#limits.archiveBytes} bytes`),
      );
    };
    const watch = setInterval(() => void check(), WATCH_MS);
    const either = AbortSignal.any([signal, tooLarge.signal]);
    const options = ['--quiet', '--depth=1', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules'];
    try {
      await this.#git(['fetch', ...options, '--', remote, `+${ref}:${FETCHED}`], either);
      await check();
      tooLarge.signal.throwIfAborted();
    } finally {
      clearInterval(watch);
    }
  }

  /**
   * A folder of a commit that was fetched.
   *
   * @returns a `.tar.gz`
   * @throws SourceError when there is no such folder, or it is past the limit
   */
  async archive(commit: string, path: string, signal: AbortSignal): Promise<Uint8Array> {
    const object = await this.#git(['cat-file', '--batch-check'], signal, `${commit}:${path}\n`);
    const [, tree, type] = /^([0-9a-f]+) (\w+) \d+$/.exec(object.trim()) ?? [];
    if (type !== 'tree' || tree === undefined) {
      throw new SourceError(`its commit ${commit} has no folder '${path}'`);
    }
    await this.#refuseSubmodules(tree, signal);
    return this.#run(['archive', '--format=tar', tree], {
      signal,
      read: (output) => packed(output, this.#limits.archiveBytes),
    });
  }

  /** In their place an archive has nothing, and without a policy that forbids, what it forbids is allowed. */
  async #refuseSubmodules(tree: string, signal: AbortSignal): Promise<void> {
    const list = await this.#git(['ls-tree', '-r', '-z', tree, '--', ...BUNDLE_FOLDERS], signal);
    const [, path] = /(?:^|\0)160000 commit [0-9a-f]+\t([^\0]+)/.exec(list) ?? [];
    if (path === undefined) return;
    throw new SourceError(`its ${path} is a submodule, which is not fetched: commit the files themselves`);
  }

  /** Everything, to be made anew. */
  async remove(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
    this.#fetches = 0;
  }

  async #create(signal: AbortSignal): Promise<void> {
    await this.remove();
    await this.#git(['init', '--quiet', '--bare', '--template='], signal);
    const info = join(this.#directory, 'info');
    await mkdir(info, { recursive: true });
    await writeFile(join(info, 'attributes'), ATTRIBUTES);
  }

  #git(args: string[], signal: AbortSignal, input?: string): Promise<string> {
    return this.#run(args, { signal, ...(input === undefined ? {} : { input }), read: readText });
  }

  #run<T>(args: string[], run: Pick<GitRun<T>, 'signal' | 'input' | 'read'>): Promise<T> {
    return runGit(args, { environment: this.#environment, directory: this.#home, ...run });
  }

  /** Of all packs, the one that arrives included, in bytes. */
  async #size(): Promise<number> {
    const packs = join(this.#directory, 'objects/pack');
    const names = await readdir(packs).catch(() => []);
    // git renames them when they are whole.
    const sizes = names.map((name) =>
      stat(join(packs, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    );
    return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  }
}

async function packed(tar: Readable, limit: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  // It goes no further than to a thread of this process.
  await pipeline(
    tar,
    createGzip({ level: constants.Z_BEST_SPEED }),
    async (output: AsyncIterable<Buffer>) => {
      for await (const chunk of output) {
        size += chunk.length;
        if (size > limit) throw new SourceError(`its archive is larger than the limit of ${limit} bytes`);
        chunks.push(chunk);
      }
    },
  );
  return Buffer.concat(chunks);
}
