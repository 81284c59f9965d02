import { parentPort, workerData } from 'node:worker_threads';
import { type CompileJob, compileLayers } from './layers.ts';
import { buffersOf, toMessage } from './worker-message.ts';

// The whole of a disposable thread: compile what it was started with, say the result, end.
const message = toMessage(await compileLayers(workerData as CompileJob));
parentPort?.postMessage(message, buffersOf(message));
