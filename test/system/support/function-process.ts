/**
 * Run inside a network namespace, as Lambda's sandbox: the Runtime API on the loopback interface, and beside it the
 * runtime client with a function. Each line of its input is an order, each line of its output how it ended.
 *
 *   node function-process.ts RUNTIME_CLIENT HANDLER
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type Outcome, startRuntimeApi } from './runtime-api.ts';

/** `freeze` stops the function once it waits for an event, as `wait` does; the next `invoke` lets it go on. */
export type Order = { order: 'invoke'; event: unknown } | { order: 'wait' | 'freeze' };

const [client = '', handler = ''] = process.argv.slice(2);
const api = await startRuntimeApi('127.0.0.1');
const env = { ...process.env, AWS_LAMBDA_RUNTIME_API: api.address, _HANDLER: handler };
const runtime = spawn(process.execPath, [client, handler], {
  env,
  cwd: process.env.LAMBDA_TASK_ROOT,
  // What it logs is no outcome.
  stdio: ['ignore', process.stderr, process.stderr],
});
runtime.on('close', (code) => process.exit(code ?? 1));
process.once('SIGTERM', end);

const input = createInterface({ input: process.stdin });
for await (const line of input) {
  const outcome = await obey(JSON.parse(line) as Order).catch((error: Error) => ({ error: error.message }));
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
}
end();

async function obey(given: Order): Promise<Outcome | { done: string }> {
  if (given.order === 'invoke') {
    const outcome = api.invoke(given.event);
    runtime.kill('SIGCONT');
    return outcome;
  }
  await api.idle();
  if (given.order === 'freeze') runtime.kill('SIGSTOP');
  return { done: given.order };
}

function end(): void {
  // One that is stopped takes no other signal.
  runtime.kill('SIGCONT');
  runtime.kill('SIGTERM');
  api.close();
}
