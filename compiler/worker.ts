import { parentPort, workerData } from 'node:worker_threads';
import { compileArchive, compileDirectory } from './compile.ts';
import type { CompileSource } from './in-worker.ts';
import { buffersOf, toMessage } from './worker-message.ts';

// The whole of a disposable thread: compile what it was started with, say the result, end.
const source = workerData as CompileSource;
const compiled = 'directory' in source ? compileDirectory(source.directory) : compileArchive(source.archive);
const message = toMessage(await compiled);
parentPort?.postMessage(message, buffersOf(message));
