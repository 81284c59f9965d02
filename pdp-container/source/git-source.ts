import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigurationError } from '../../engine/index.ts';
import { reasonOf } from '../errno.ts';
import { type GitAddress, parseGitAddress } from './git/address.ts';
import { atExit } from './git/at-exit.ts';
import { GitError, readText, runGit } from './git/command.ts';
import { GitCopy } from './git/copy.ts';
import { gitEnvironment } from './git/environment.ts';
import { checkPrograms } from './git/programs.ts';
import { findRef, findShortCommit, isShortCommit, patternsOf, type Wanted } from './git/refs.ts';
import { readSshFiles, type SshFiles, writeSshFiles } from './git/ssh.ts';
import { type Fetched, type FetchLimits, type RemoteSource, SourceError } from './remote-source.ts';

export interface GitSourceOptions {
  /** Sent to `git+https` addresses, as Basic. `USER:TOKEN` for a host that asks for a user name. @default none */
  token?: string | undefined;
  limits: FetchLimits;
  /** A directory that may be written to, for the copy of the repository. @default one of the system's temporary ones */
  stateDir?: string | undefined;
  /** @default the process' own */
  environment?: NodeJS.ProcessEnv;
}

/**
 * A folder of a Git repository, by git itself: `git+https://HOST/REPO.git#REF:PATH`, or `git+ssh://USER@HOST/…` with
 * `PDP_GIT_SSH_KEY` and `PDP_GIT_KNOWN_HOSTS`. REF is a branch, a tag or a commit, by default the branch that the host
 * has as its HEAD; PATH is by default the root. The tag of what is fetched is its commit.
 *
 * @throws ConfigurationError when the address or an option is wrong, or git is not there
 */
export async function gitSource(address: string, options: GitSourceOptions): Promise<RemoteSource> {
  const parsed = parseGitAddress(address);
  const { environment = process.env, token } = options;
  if (token === '') throw new ConfigurationError(`source '${parsed.name}': its token is empty`);
  const ssh = parsed.protocol === 'ssh' ? await readSshFiles(parsed.name, environment) : undefined;
  await checkPrograms(parsed, environment);
  return new GitSource(parsed, { ...options, environment }, ssh);
}

/** Where git runs, and what it works on. */
interface Workplace {
  directory: string;
  home: string;
  environment: NodeJS.ProcessEnv;
  copy: GitCopy;
}

class GitSource implements RemoteSource {
  readonly name: string;
  readonly #address: GitAddress;
  readonly #options: GitSourceOptions & { environment: NodeJS.ProcessEnv };
  readonly #ssh: SshFiles | undefined;
  readonly #closed = new AbortController();
  #workplace: Workplace | undefined;
  /** Takes back that the workplace is cleared when the process ends. */
  #stay = (): void => {};
  /** What never changes: a commit. */
  #pinned: Wanted | undefined;

  constructor(
    address: GitAddress,
    options: GitSourceOptions & { environment: NodeJS.ProcessEnv },
    ssh: SshFiles | undefined,
  ) {
    this.name = address.name;
    this.#address = address;
    this.#options = options;
    this.#ssh = ssh;
    const { revision } = address;
    if (revision.kind === 'commit') this.#pinned = { ref: revision.id, commit: revision.id };
  }

  async fetch(tag: string | undefined, given: AbortSignal): Promise<Fetched | undefined> {
    const { fetchMs } = this.#options.limits;
    const late = new AbortController();
    const timer = setTimeout(
      () => late.abort(new SourceError(`it took longer than ${fetchMs / 1000} s`)),
      fetchMs,
    );
    const signal = AbortSignal.any([given, this.#closed.signal, late.signal]);
    try {
      const workplace = await this.#prepare();
      const wanted = this.#pinned ?? (await this.#look(workplace, signal));
      if (wanted.commit === tag) return undefined;
      return await this.#get(workplace, wanted, signal);
    } finally {
      clearTimeout(timer);
      if (this.#closed.signal.aborted) this.#clear();
    }
  }

  close(): void {
    this.#closed.abort();
    this.#clear();
  }

  /** What the address comes to, by one question to the host. */
  async #look({ environment, home }: Workplace, signal: AbortSignal): Promise<Wanted> {
    const { remote, revision } = this.#address;
    if (revision.kind === 'commit') return { ref: revision.id, commit: revision.id };
    const list = (...patterns: string[]) =>
      runGit(['ls-remote', '--quiet', '--', remote, ...patterns], {
        environment,
        directory: home,
        signal,
        read: readText,
      });
    const found = findRef(await list(...patternsOf(revision)), revision);
    if (found !== undefined) return found;
    if (revision.kind === 'head') throw new SourceError('the repository is empty');
    if (!isShortCommit(revision)) {
      throw new SourceError(`the repository has no branch or tag '${revision.name}'`);
    }
    this.#pinned = findShortCommit(await list(), revision.name);
    return this.#pinned;
  }

  async #get({ copy }: Workplace, { ref }: Wanted, signal: AbortSignal): Promise<Fetched> {
    const get = async () => {
      const tag = await copy.fetch(this.#address.remote, ref, signal);
      return { archive: await copy.archive(tag, this.#address.path, signal), tag };
    };
    const wasUsed = copy.isUsed;
    try {
      return await get();
    } catch (error) {
      if (!(error instanceof GitError)) throw error;
      // It may be the copy that is damaged.
      await copy.remove();
      if (error.remote || !wasUsed) throw error;
      return get();
    }
  }

  async #prepare(): Promise<Workplace> {
    if (this.#closed.signal.aborted) throw new SourceError('it is closed');
    if (this.#workplace === undefined) {
      this.#workplace = await this.#newWorkplace();
      this.#stay = atExit(() => this.#clear());
    }
    return this.#workplace;
  }

  async #newWorkplace(): Promise<Workplace> {
    const { stateDir, limits, token, environment: own } = this.#options;
    let directory: string | undefined;
    try {
      directory =
        stateDir === undefined
          ? await mkdtemp(join(tmpdir(), 'pdp-git-'))
          : await emptied(join(stateDir, `git-${digest(this.name)}`));
      const home = join(directory, 'home');
      await mkdir(home, { mode: 0o700 });
      if (this.#ssh !== undefined) await writeSshFiles(home, this.#ssh);
      const environment = gitEnvironment(this.#address, home, token, own);
      const copy = new GitCopy(join(directory, 'copy'), home, environment, limits);
      return { directory, home, environment, copy };
    } catch (error) {
      if (directory !== undefined) await rm(directory, { recursive: true, force: true });
      const place = stateDir ?? tmpdir();
      throw new SourceError(
        `cannot write to '${place}': ${reasonOf(error)}; name a directory by --state-dir`,
      );
    }
  }

  #clear(): void {
    this.#stay();
    if (this.#workplace === undefined) return;
    rmSync(this.#workplace.directory, { recursive: true, force: true, maxRetries: 2 });
    this.#workplace = undefined;
  }
}

/** What a process before this one left is not trusted: it may have been stopped in the middle. */
async function emptied(directory: string): Promise<string> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return directory;
}

function digest(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 16);
}
