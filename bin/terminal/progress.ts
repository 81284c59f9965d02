import type { FollowOptions } from '../follow/follow.ts';
import { print } from './output.ts';

/**
 * How a command follows something: for so many seconds or until Ctrl-C, with a line for whatever has changed.
 *
 * @param json machines get no lines
 */
export function progressOptions({ timeout, json }: { timeout: number; json?: true }): FollowOptions {
  const interrupt = new AbortController();
  // Once: a second one ends the process there and then.
  process.once('SIGINT', () => interrupt.abort());
  return {
    timeoutMs: timeout * 1_000,
    signal: interrupt.signal,
    onProgress: (seconds, progress) => {
      if (!json) print(`${String(seconds).padStart(5)} s  ${progress}`);
    },
  };
}
