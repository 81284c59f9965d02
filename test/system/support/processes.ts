import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { searchPath } from './command.ts';

/** A program that runs beside the test. */
export interface Running {
  /** What it has written so far, line by line. */
  readonly lines: readonly string[];
  /** Resolves with the first line, written already or not, that passes. @throws when it ends before */
  line(passes: (line: string) => boolean): Promise<string>;
  signal(name: NodeJS.Signals): void;
  /** Writes to its standard input. */
  write(text: string): void;
  /** Ends it, if it still runs. */
  stop(): Promise<void>;
}

/** Starts a program without a shell. */
export function start(program: string, args: string[], env: Record<string, string> = {}): Running {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('PDP_'));
  const child = spawn(program, args, {
    env: { ...Object.fromEntries(inherited), PATH: searchPath, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  // Who waits for a line is told of it.
  ended.catch(() => {});
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      for (const look of waiting) look();
    });
  }
  const line = (passes: (line: string) => boolean) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        const found = lines.find(passes);
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      const tooLate = () => reject(new Error(`${program} ended\n${lines.slice(-15).join('\n')}`));
      waiting.add(look);
      ended.then(tooLate, reject);
      look();
    });
  return {
    lines,
    line,
    signal: (name) => child.kill(name),
    write: (text) => child.stdin.write(text),
    stop: () => stop(child, ended),
  };
}

async function stop(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  // One that was stopped with a signal takes no other.
  child.kill('SIGCONT');
  child.kill('SIGTERM');
  const kill = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await ended.catch(() => {});
  clearTimeout(kill);
}
