import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { type CompileJob, compileLayers } from './layers.ts';
import { buffersOf, toMessage } from './worker-message.ts';

/** How far this thread steps back behind those that answer: with two busy ones it has a tenth of a processor left. */
const NICE = 10;

// On Linux this is of the calling thread alone, elsewhere of the whole process.
if (process.platform === 'linux') {
  try {
    setPriority(NICE);
  } catch {
    // Not permitted here: it compiles as it is.
  }
}

// The whole of a disposable thread: compile what it was started with, say the result, end.
const message = toMessage(await compileLayers(workerData as CompileJob));
parentPort?.postMessage(message, buffersOf(message));
