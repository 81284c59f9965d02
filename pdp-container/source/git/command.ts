import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { SourceError } from '../remote-source.ts';
import { atExit } from './at-exit.ts';
import { reasonFor } from './reasons.ts';

/** Most that is kept of what git says of an error, in bytes. */
const STDERR_BYTES = 16 * 1024;
/** Most that is read of an answer in text, in bytes: a list of all refs may be long. */
const STDOUT_BYTES = 16 * 1024 * 1024;

/** git ended with an error. */
export class GitError extends SourceError {
  /** Whether it is the other side's, and not our copy's. */
  readonly remote: boolean;

  constructor(message: string, remote: boolean) {
    super(message);
    this.remote = remote;
  }
}

export interface GitRun<T> {
  /** All that git sees of the environment. */
  environment: NodeJS.ProcessEnv;
  directory: string;
  /** Kills git and all that it has started. */
  signal: AbortSignal;
  input?: string;
  /** Reads the output. git is killed when it throws. */
  read(output: Readable): Promise<T>;
}

/**
 * Runs git, never through a shell, in a process group of its own.
 *
 * @throws GitError with a reason that is safe to show
 * @throws SourceError when the signal has gone off
 */
export async function runGit<T>(args: readonly string[], run: GitRun<T>): Promise<T> {
  const { environment, directory, signal, input = '', read } = run;
  if (signal.aborted) throw givenUp(signal);
  const child = spawn('git', args, { env: environment, cwd: directory, detached: true });
  let isOver = false;
  const kill = () => {
    // Once it is over its id may be another's.
    if (!isOver) killGroup(child);
  };
  signal.addEventListener('abort', kill, { once: true });
  // A group of its own does not end with this process.
  const stay = atExit(kill);
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  let stderr = '';
  child.stderr.setEncoding('latin1').on('data', (chunk: string) => {
    stderr = `${stderr}${chunk}`.slice(-STDERR_BYTES);
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', (status) => {
      isOver = true;
      resolve(status);
    });
  });
  try {
    const [result, status] = await Promise.all([read(child.stdout), ended]);
    if (signal.aborted) throw givenUp(signal);
    if (status === 0) return result;
    const { text, remote } = reasonFor(stderr);
    throw new GitError(text, remote);
  } catch (error) {
    kill();
    if (signal.aborted) throw givenUp(signal);
    if (error instanceof SourceError) throw error;
    throw new GitError('git could not be run', false);
  } finally {
    await ended.catch(() => {});
    signal.removeEventListener('abort', kill);
    stay();
  }
}

/** The output as text. @throws SourceError past a limit no honest answer comes near */
export async function readText(output: Readable): Promise<string> {
  let text = '';
  for await (const chunk of output.setEncoding('utf8')) {
    text += chunk as string;
    if (text.length > STDOUT_BYTES)
      throw new SourceError(`its list of refs is longer than ${STDOUT_BYTES} bytes`);
  }
  return text;
}

function givenUp({ reason }: AbortSignal): SourceError {
  return reason instanceof SourceError ? reason : new SourceError('it was given up');
}

/** git has helpers, such as git-remote-https and ssh, which would go on without it. */
function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of them have ended.
  }
}
