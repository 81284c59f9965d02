import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Ended with the standard input that only this process holds, so nothing outlives it, however it ends. */
const started = new Set<ChildProcess>();

/** Ended with a signal. */
const foreign = new Set<ChildProcess>();

/** Starts a Node program of the checkout and resolves with what `ready` finds in a line of its output. */
export async function start(
  args: string[],
  env: Record<string, string>,
  ready: (line: string) => string | undefined,
): Promise<string> {
  const { found } = await startChild(args, env, ready);
  return found;
}

/** The same, with the process. */
export async function startChild(
  args: string[],
  env: Record<string, string>,
  ready: (line: string) => string | undefined,
): Promise<{ found: string; child: ChildProcess }> {
  const child = spawn(process.execPath, args, {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: { ...inherited(), ...env, PDP_EXIT_WITH_PARENT: '1' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  started.add(child);
  for await (const line of createInterface({ input: child.stdout })) {
    const found = ready(line);
    if (found === undefined) continue;
    child.stdout.resume();
    return { found, child };
  }
  throw new Error(`${args.join(' ')} ended before it was ready`);
}

/** Starts a program that is not ours, and so must be told to end; its output goes nowhere. */
export function startProgram(program: string, args: string[]): void {
  const child = spawn(program, args, { env: inherited(), stdio: ['pipe', 'ignore', 'ignore'] });
  // That it did not start is seen by its not answering.
  child.on('error', () => {});
  process.once('exit', () => child.kill());
  foreign.add(child);
}

/** Runs a Node program and resolves with its output, and how long it took to the first of it, in milliseconds. */
export async function run(
  args: string[],
  env: Record<string, string> = {},
): Promise<{ output: string; milliseconds: number }> {
  const begun = performance.now();
  const child = spawn(process.execPath, args, {
    env: { ...inherited(), ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  let milliseconds = 0;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    if (output === '') milliseconds = performance.now() - begun;
    output += chunk;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${args.join(' ')} failed`);
  return { output, milliseconds };
}

/** Stops everything that {@link start} and {@link startProgram} started. */
export async function stopAll(): Promise<void> {
  for (const child of foreign) child.kill();
  foreign.clear();
  for (const child of started) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = once(child, 'exit');
    child.stdin?.end();
    // One that is stopped does not see it.
    child.kill('SIGCONT');
    await ended;
  }
  started.clear();
}

function inherited(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PDP_')));
}
