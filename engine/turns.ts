import { PdpUnavailableError } from './errors.ts';

/** Evaluations of a batch done before other work of the process gets its turn. */
export const EVALUATIONS_A_TURN = 250;

/** The same for candidates of a search, which cost less. */
export const CANDIDATES_A_TURN = 1_000;

/** @throws PdpUnavailableError when the caller has given up */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new PdpUnavailableError('the caller gave up', { cause: signal.reason });
}

/**
 * Lets other work run, and gives up if the caller has. A timer would do, but wait for a millisecond each time.
 *
 * @throws PdpUnavailableError
 */
export async function turn(signal: AbortSignal | undefined): Promise<void> {
  throwIfAborted(signal);
  await new Promise((resolve) => setImmediate(resolve));
  throwIfAborted(signal);
}
