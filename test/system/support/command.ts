import { execFile } from 'node:child_process';

export interface CommandOptions {
  env?: Record<string, string>;
  cwd?: string;
  /** Exit codes that are no failure. @default [0] */
  exitCodes?: number[];
  /** Milliseconds after which the command is killed. @default 120_000 */
  timeout?: number;
}

export interface CommandResult {
  stdout: string;
  stderr: string;
  exitCode: number;
}

/** With the folders of programs that are not on every user's. */
export const searchPath = `${process.env.PATH}:/usr/sbin:/sbin`;

/**
 * Runs a program to its end, without a shell.
 *
 * @throws Error with the last lines it wrote when it ends in another way than `exitCodes` allows
 */
export function command(
  program: string,
  args: string[],
  { env = {}, cwd, exitCodes = [0], timeout = 120_000 }: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    execFile(
      program,
      args,
      { env: { ...process.env, PATH: searchPath, ...env }, cwd, timeout, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        const exitCode = error === null ? 0 : error.code;
        if (typeof exitCode === 'number' && exitCodes.includes(exitCode)) {
          resolve({ stdout, stderr, exitCode });
          return;
        }
        const said = `${stdout}\n${stderr}`.trim().split('\n').slice(-15).join('\n');
        const how = error?.killed ? `was killed after ${timeout} ms` : `ended with ${exitCode}`;
        reject(new Error(`${program} ${args[0] ?? ''} ${how}\n${said}`));
      },
    );
  });
}
