import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { startRuntimeApi } from '../../test/system/support/runtime-api.ts';
import { EVENT } from './function.ts';

/** What a new environment took, in milliseconds. */
export interface Times {
  /** From starting the process to its asking for an event. */
  init: number;
  /** From the event to the answer. */
  first: number;
  later: number;
}

/**
 * Starts a function under Lambda's runtime client, calls it a few times, and ends it.
 *
 * @param client the runtime client's program
 * @param directory where the module of the handler is
 * @throws Error unless it answers 200 each time
 */
export async function startAndCall(
  client: string,
  directory: string,
  handler: string,
  env: Record<string, string>,
): Promise<Times> {
  const api = await startRuntimeApi('127.0.0.1');
  const started = performance.now();
  const child = spawn(process.execPath, [client, handler], {
    env: {
      ...SANDBOX,
      ...env,
      AWS_LAMBDA_RUNTIME_API: api.address,
      _HANDLER: handler,
      LAMBDA_TASK_ROOT: directory,
    },
    cwd: directory,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const ended = once(child, 'exit');
  try {
    await Promise.race([
      api.idle(),
      ended.then(() => Promise.reject(new Error(`${handler} ended before it asked for an event`))),
    ]);
    const init = performance.now() - started;
    const invoke = async () => {
      const begun = performance.now();
      const outcome = await api.invoke(EVENT);
      const took = performance.now() - begun;
      const { statusCode } = ('response' in outcome ? outcome.response : {}) as { statusCode?: unknown };
      if (statusCode !== 200) throw new Error(`${handler} answered ${JSON.stringify(outcome)}`);
      return took;
    };
    const first = await invoke();
    await invoke();
    return { init, first, later: await invoke() };
  } finally {
    child.kill('SIGKILL');
    await ended;
    api.close();
  }
}

/** What Lambda sets. */
const SANDBOX = {
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_LAMBDA_FUNCTION_NAME: 'bench',
  AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1024',
  AWS_LAMBDA_LOG_GROUP_NAME: 'bench',
  AWS_LAMBDA_LOG_STREAM_NAME: 'bench',
};
