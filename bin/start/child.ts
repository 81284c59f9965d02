import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { ROOT } from './settings.ts';

/** How long a process may take to stop before it is killed, in milliseconds. */
const STOP_MS = 5_000;

/** A line that a process wrote, as a record when it is one. */
export type Message = Record<string, unknown> & { msg: string };

export interface ChildOptions {
  /** For messages: `PDP`. */
  name: string;
  /** Entry file and arguments, from the root of the checkout. */
  args: string[];
  env: Record<string, string>;
  onMessage: (message: Message) => void;
  /** Told of every other line. */
  onLine: (line: string) => void;
}

/**
 * A Node process that ends when this one does, however this one ends: it is told to stop when its standard
 * input closes, and only this process holds the other end.
 */
export class Child {
  readonly name: string;
  /** Resolves when the process has ended, with how. */
  readonly ended: Promise<string>;
  readonly #process: ChildProcess;

  constructor({ name, args, env, onMessage, onLine }: ChildOptions) {
    this.name = name;
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      // A session of its own: Ctrl-C reaches this process only, which then stops them in order.
      detached: true,
      env: { ...inherited(), ...env, PDP_EXIT_WITH_PARENT: '1' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#process = child;
    child.stdin.on('error', () => {});
    createInterface({ input: child.stdout }).on('line', (line) => {
      const message = parseMessage(line);
      if (message === undefined) onLine(line);
      else onMessage(message);
    });
    createInterface({ input: child.stderr }).on('line', onLine);
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => resolve(error.message));
      // `close` comes after `exit`, when everything it wrote has been read.
      child.once('close', (code, signal) =>
        resolve(signal === null ? `exit code ${code}` : `signal ${signal}`),
      );
    });
  }

  /** Stops the process and resolves when it has ended. */
  async stop(): Promise<void> {
    this.#process.stdin?.end();
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), STOP_MS);
    await this.ended;
    clearTimeout(timer);
  }
}

/** The environment without this kit's variables: what is meant for one process must not reach the other. */
function inherited(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PDP_')));
}

function parseMessage(line: string): Message | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value = JSON.parse(line) as Record<string, unknown>;
    return typeof value.msg === 'string' ? (value as Message) : undefined;
  } catch {
    return undefined;
  }
}
