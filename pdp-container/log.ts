import { type Logger, pino } from 'pino';
import type { LogDestination } from './options.ts';

/** Log lines held for a slow reader, in characters; past it lines are dropped rather than memory filled. */
const MAX_BUFFERED = 16 * 1024 * 1024;
/** How long the last lines may take to be written at the end, in milliseconds. */
const FLUSH_MS = 1_000;

export interface Log {
  readonly logger: Logger;
  /** Writes out what is buffered, within a second, and drops what comes later. */
  end(): Promise<void>;
}

/**
 * A log of JSON lines. To standard output it never blocks the process and outlives a reader that went away.
 *
 * @param dropped called for each line that was dropped because the reader is too slow
 */
export function openLog(destination: LogDestination | undefined, dropped: () => void): Log {
  if (destination !== undefined) return { logger: jsonLogger(destination), end: async () => {} };
  const stdout = pino.destination({ dest: 1, sync: false, maxLength: MAX_BUFFERED });
  stdout.on('drop', dropped);
  // A broken pipe is dealt with by pino: later lines go nowhere. Nothing else about logging may end the process.
  stdout.on('error', () => {});
  let ended = false;
  const logger = jsonLogger({
    write(line) {
      if (!ended) stdout.write(line);
    },
  });
  const end = () =>
    new Promise<void>((resolve) => {
      ended = true;
      const timer = setTimeout(resolve, FLUSH_MS);
      stdout.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      stdout.end();
    });
  return { logger, end };
}

function jsonLogger(destination: LogDestination): Logger {
  return pino(
    {
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
}
