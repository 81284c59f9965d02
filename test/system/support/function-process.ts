/**
 * Run inside a network namespace, as Lambda's sandbox: the Runtime API on the loopback interface, and beside it the
 * runtime client with a function. Each line of its input is an event, each line of its output how it ended.
 *
 *   node function-process.ts RUNTIME_CLIENT HANDLER
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { startRuntimeApi } from './runtime-api.ts';

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

const input = createInterface({ input: process.stdin });
for await (const line of input) {
  const outcome = await api.invoke(JSON.parse(line)).catch((error: Error) => ({ error: error.message }));
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
}
runtime.kill('SIGTERM');
api.close();
