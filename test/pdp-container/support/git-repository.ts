import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

/** What a commit holds: text by path, or the target of a symbolic link. */
export type CommitFiles = Record<string, string | Uint8Array | { link: string }>;

export interface CommitOptions {
  /** @default 'main' */
  branch?: string;
  /**
   * The commit before it; `null` for none. One that is not the branch's last is a force-push.
   * @default the last commit of the branch
   */
  onto?: string | null;
}

/** What tests run git with: nothing of the machine's or the user's own settings. */
export const GIT_ENVIRONMENT = {
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  LC_ALL: 'C',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'test',
  GIT_AUTHOR_EMAIL: 'test@example.test',
  GIT_COMMITTER_NAME: 'test',
  GIT_COMMITTER_EMAIL: 'test@example.test',
};

/** A bare repository, written to as pushes would. */
export class GitRepository {
  readonly directory: string;
  #time = 1_700_000_000;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async create(directory: string): Promise<GitRepository> {
    await runGit(['init', '--quiet', '--bare', '--initial-branch=main', directory]);
    return new GitRepository(directory);
  }

  /** Runs git in the repository. @returns what it printed, without the last line end */
  async git(args: readonly string[], input?: string | Uint8Array): Promise<string> {
    return (await runGit(['-C', this.directory, ...args], input)).trimEnd();
  }

  /** Adds a commit that holds these files and no others, and moves the branch to it. @returns its id */
  async commit(files: CommitFiles, { branch = 'main', onto }: CommitOptions = {}): Promise<string> {
    const ref = `refs/heads/${branch}`;
    const parent = onto === undefined ? await this.#tip(ref) : (onto ?? undefined);
    this.#time += 1;
    const parts = [
      `reset ${ref}\n\n`,
      `commit ${ref}\nmark :1\ncommitter test <test@example.test> ${this.#time} +0000\ndata 1\nx\n`,
      ...(parent === undefined ? [] : [`from ${parent}\n`]),
      'deleteall\n',
    ].map((part): Uint8Array => Buffer.from(part));
    for (const [path, content] of Object.entries(files)) {
      const isLink = typeof content === 'object' && 'link' in content;
      const bytes = Buffer.from(isLink ? content.link : content);
      parts.push(Buffer.from(`M ${isLink ? '120000' : '100644'} inline ${JSON.stringify(path)}\n`));
      parts.push(Buffer.from(`data ${bytes.length}\n`), bytes, Buffer.from('\n'));
    }
    parts.push(Buffer.from('get-mark :1\ndone\n'));
    return this.git(['fast-import', '--quiet', '--force', '--done'], Buffer.concat(parts));
  }

  /** Makes a tag, or moves it. @param message makes an annotated one */
  async tag(name: string, commit: string, message?: string): Promise<void> {
    const annotated = message === undefined ? [] : ['--annotate', '--message', message];
    await this.git(['tag', '--force', ...annotated, name, commit]);
  }

  /** Moves a branch to a commit that is there, as a force-push does. */
  async reset(branch: string, commit: string): Promise<void> {
    await this.git(['update-ref', `refs/heads/${branch}`, commit]);
  }

  async remove(branch: string): Promise<void> {
    await this.git(['update-ref', '-d', `refs/heads/${branch}`]);
  }

  async #tip(ref: string): Promise<string | undefined> {
    const tip = await this.git(['for-each-ref', '--format=%(objectname)', ref]);
    return tip === '' ? undefined : tip;
  }
}

async function runGit(args: readonly string[], input: string | Uint8Array = ''): Promise<string> {
  const child = spawn('git', args, { env: GIT_ENVIRONMENT });
  // It may end before it has read all, and then says why.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', resolve);
  });
  const [stdout, stderr, status] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (status !== 0) throw new Error(`git ${args.join(' ')} ended with ${status}: ${stderr}`);
  return stdout;
}
