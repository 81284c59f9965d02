import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { withPauses } from '../engine/steps.ts';
import type { CompileJob, LayersResult } from './layers.ts';
import { type TimeLimits, watchTime } from './time-limit.ts';
import { type CompileMessage, fromMessage } from './worker-message.ts';

/** Longest that a bundle may take to compile. */
const LIMITS: TimeLimits = { processor: 120_000, inAll: 1_200_000 };

/**
 * Compiles in a thread that is thrown away: policy text that kills the official parser ends the thread and not
 * the server, memory it leaks goes with it, and decisions go on meanwhile.
 *
 * @param stopping ends it, without a result that is of use
 */
export function compileInWorker(
  job: CompileJob,
  stopping?: AbortSignal,
): Promise<LayersResult<Uint8Array[]>> {
  if (stopping?.aborted) return Promise.resolve(STOPPED);
  return new Promise((resolve) => {
    const worker = new Worker(workerUrl(import.meta.url), { workerData: job });
    const unwatch = watchTime(
      LIMITS,
      () => processorTime(worker),
      () => end(gaveUp(`did not finish in ${LIMITS.processor / 1_000} s`)),
    );
    const end = (result: LayersResult<Uint8Array[]> | Promise<LayersResult<Uint8Array[]>>) => {
      unwatch();
      stopping?.removeEventListener('abort', stop);
      resolve(result);
      void worker.terminate();
    };
    const stop = () => end(STOPPED);
    stopping?.addEventListener('abort', stop);
    worker.once('message', (message: CompileMessage) =>
      end(withPauses(fromMessage(message), () => setImmediate())),
    );
    worker.once('error', (error: Error) => end(gaveUp(`the compiler failed: ${error.message}`)));
    worker.once('exit', () => end(gaveUp('the compiler ended without a result')));
  });
}

const STOPPED = gaveUp('is not compiled any more: the server stops');

/** Milliseconds; undefined before Node 24.6, which does not tell. */
function processorTime(worker: Worker): Promise<number> | undefined {
  return worker.cpuUsage?.().then(({ user, system }) => (user + system) / 1_000);
}

/** Beside this file as it is in the sources and in the package, and beside the packed server. */
function workerUrl(here: string): URL {
  if (here.endsWith('/in-worker.ts')) return new URL('./worker.ts', here);
  if (here.endsWith('/in-worker.js')) return new URL('./worker.js', here);
  return new URL('./compile-worker.mjs', here);
}

function gaveUp(message: string): Extract<LayersResult, { ok: false }> {
  return {
    ok: false,
    gaveUp: true,
    problems: [{ severity: 'error', file: '.', line: 1, column: 1, message }],
  };
}
