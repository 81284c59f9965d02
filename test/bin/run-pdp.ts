import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  /** Kills it there and then. */
  kill?: AbortSignal;
}

/** Runs the command as a user does, with no colour. `env` is all that it has besides PATH. */
export function runPdp(
  args: string[],
  env: Record<string, string> = {},
  { kill }: RunOptions = {},
): Promise<Outcome> {
  const child = spawn(process.execPath, [join(ROOT, 'bin/pdp.ts'), ...args], {
    // No profile of whoever runs the tests.
    env: {
      PATH: process.env.PATH,
      NO_COLOR: '1',
      AWS_EC2_METADATA_DISABLED: 'true',
      HOME: '/nonexistent',
      ...env,
    },
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  kill?.addEventListener('abort', () => child.kill('SIGKILL'));
  const outcome: Outcome = { code: null, stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    outcome.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    outcome.stderr += chunk;
  });
  return new Promise((done) => child.on('close', (code) => done({ ...outcome, code })));
}
