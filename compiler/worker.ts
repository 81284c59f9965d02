import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { type CompileJob, compileLayers } from './layers.ts';
import { buffersOf, toMessage } from './worker-message.ts';

/** How far this thread steps back behind those that answer: of a processor that is wanted, it has a quarter left. */
const NICE = 5;

// The whole of a disposable thread: compile what it was started with, say the result, end.
const job = workerData as CompileJob;
if (job.background === true) stepBack();
const message = toMessage(await compileLayers(job));
parentPort?.postMessage(message, buffersOf(message));

function stepBack(): void {
  // On Linux a priority is of the calling thread alone, elsewhere of the whole process.
  if (process.platform !== 'linux') return;
  try {
    setPriority(NICE);
  } catch {
    // Not permitted here: it compiles as it is.
  }
}
