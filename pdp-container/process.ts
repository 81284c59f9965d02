import type { Readable } from 'node:stream';
import { ConfigurationError } from '../engine/index.ts';
import { ListenError } from './listen.ts';
import type { ServeOptions } from './options.ts';
import { PdpServer } from './server.ts';

/** What a finished server leaves to its command. */
export type ServeOutcome = { exitCode: 0 } | { exitCode: 1 | 2; message: string };

/**
 * Runs a server as the work of this process until it is told to stop.
 *
 * - SIGTERM, which an orchestrator sends before clients have gone elsewhere: drains, then stops.
 * - SIGINT, which a person sends: stops without draining.
 * - A second signal: exits at once.
 *
 * @param parent ends when the process that started this one does; the server then stops as for SIGINT
 */
export async function runServer(options: ServeOptions, parent?: Readable): Promise<ServeOutcome> {
  const server = new PdpServer(options);
  const { logger } = server.log;
  const crashed = (error: unknown) => {
    logger.fatal({ err: error }, 'unexpected error');
    void server.log.end().finally(() => process.exit(1));
  };
  process.on('uncaughtException', crashed);
  process.on('unhandledRejection', crashed);
  // Whoever read our output is gone; that is no reason to stop answering.
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});

  const told = new Promise<number | undefined>((resolve) => {
    let signals = 0;
    const onSignal = (drainMs: number | undefined, exitCode: number) => () => {
      signals += 1;
      if (signals > 1) process.exit(exitCode);
      resolve(drainMs);
    };
    process.on('SIGTERM', onSignal(undefined, 143));
    process.on('SIGINT', onSignal(0, 130));
    parent?.once('end', () => resolve(0));
    parent?.once('close', () => resolve(0));
    parent?.resume();
  });

  const started = server.start();
  // A signal may come while the first revision is still loading.
  const failure = await Promise.race([started.then(() => undefined, failureOf), told.then(() => undefined)]);
  if (failure !== undefined) {
    await server.close(0);
    return failure;
  }
  started.catch(() => {});
  await server.close(await told);
  return { exitCode: 0 };
}

function failureOf(error: unknown): ServeOutcome {
  if (error instanceof ConfigurationError) return { exitCode: 2, message: error.message };
  if (error instanceof ListenError) return { exitCode: 1, message: error.message };
  throw error;
}
