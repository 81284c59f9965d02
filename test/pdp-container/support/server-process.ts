import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { whenDone } from './bundles.ts';
import type { LogRecord } from './server.ts';

const COMMAND = join(import.meta.dirname, '../../../bin/pdp.ts');

/** `pdp serve` in a process of its own. */
export interface ServerProcess {
  child: ChildProcessWithoutNullStreams;
  stdout(): string;
  stderr(): string;
  records(): LogRecord[];
  /** The first record with a message, and with some of its fields, as soon as it is there. */
  logged(msg: string, fields?: Record<string, unknown>): Promise<LogRecord>;
  /** Exit status, or the signal that ended it. */
  ended: Promise<number | NodeJS.Signals | null>;
}

/**
 * Starts `pdp serve`, without an OPA port; it is killed when the test is done.
 *
 * @param args after `serve`
 * @param command another program than the one of the checkout
 * @param fileBlocks most that a file may grow to, in blocks as `ulimit -f` of `sh` has them
 */
export function startServerProcess(
  args: string[],
  env: Record<string, string> = {},
  command = COMMAND,
  fileBlocks?: number,
): ServerProcess {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('PDP_'));
  const program = [process.execPath, command, 'serve', ...args];
  const limited = ['sh', '-c', `ulimit -f ${fileBlocks} && exec "$@"`, 'sh', ...program];
  const [name = '', ...rest] = fileBlocks === undefined ? program : limited;
  const child = spawn(name, rest, {
    env: { ...Object.fromEntries(inherited), PDP_OPA_PORT: 'off', ...env },
  });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (data: string) => {
      output[stream] += data;
    });
  }
  const ended = once(child, 'close').then(([code, signal]) => code ?? signal);
  whenDone(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const records = () =>
    output.stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as LogRecord);
  const find = (msg: string, fields: Record<string, unknown>) =>
    records().find(
      (record) =>
        record.msg === msg && Object.entries(fields).every(([name, value]) => record[name] === value),
    );
  const logged = (msg: string, fields: Record<string, unknown> = {}) =>
    new Promise<LogRecord>((resolve, reject) => {
      const look = () => {
        const record = find(msg, fields);
        if (record !== undefined) resolve(record);
      };
      child.stdout.on('data', look);
      void ended.then((status) =>
        reject(new Error(`ended with ${status} before '${msg}': ${output.stderr}`)),
      );
      look();
    });
  return { child, stdout: () => output.stdout, stderr: () => output.stderr, records, logged, ended };
}
