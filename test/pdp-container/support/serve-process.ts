import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { whenDone } from './bundles.ts';
import type { LogRecord } from './server.ts';

const COMMAND = join(import.meta.dirname, '../../../bin/pdp.ts');

/** `pdp serve` in a process of its own. */
export interface ServeProcess {
  /** What it has written to both outputs. */
  said(): string;
  /** Resolves with the next record of a message, logged already or not; each is given once. */
  logged(msg: string): Promise<LogRecord>;
  /** Ends it. @returns the exit status, or the signal that ended it */
  end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null>;
  /** Resolves with the same when it ends. */
  ended: Promise<number | NodeJS.Signals | null>;
}

/** @param env all that it has of the environment besides PATH */
export function serveProcess(args: string[], env: Record<string, string> = {}): ServeProcess {
  const child = spawn(process.execPath, [COMMAND, 'serve', ...args, '--port', '0', '--opa-port', 'off'], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (data: string) => {
      output[stream] += data;
    });
  }
  const ended = once(child, 'close').then(
    ([code, signal]) => (code ?? signal) as number | NodeJS.Signals | null,
  );
  whenDone(async () => {
    // It clears what is its own; killed, it could not.
    child.kill('SIGINT');
    await ended;
  });
  const given = new Map<string, number>();
  const find = (msg: string, index: number) =>
    output.stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as LogRecord)
      .filter((record) => record.msg === msg)[index];
  return {
    said: () => output.stdout + output.stderr,
    logged(msg) {
      const index = given.get(msg) ?? 0;
      given.set(msg, index + 1);
      return new Promise((resolve, reject) => {
        const look = () => {
          const record = find(msg, index);
          if (record !== undefined) resolve(record);
        };
        child.stdout.on('data', look);
        void ended.then((status) =>
          reject(new Error(`ended with ${status} before '${msg}': ${output.stderr}`)),
        );
        look();
      });
    },
    end(signal) {
      child.kill(signal);
      return ended;
    },
    ended,
  };
}
