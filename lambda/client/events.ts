/**
 * Something that happened while a client asked. It says nothing of who asked or what: no key, no subject, no
 * attribute.
 */
export interface PdpClientEvent {
  /**
   * - `attempt`: one attempt ended, with a `status` or an `error`
   * - `retry`: a second attempt begins because the first one failed
   * - `hedge`: a second attempt begins because the first one is slow
   * - `breaker-open`, `breaker-close`: an address is left out, is used again
   * - `cache-hit`, `cache-miss`: a decision was, was not, in the cache
   * - `fallback`: the fall-back answers because of `error`
   */
  type:
    | 'attempt'
    | 'retry'
    | 'hedge'
    | 'breaker-open'
    | 'breaker-close'
    | 'cache-hit'
    | 'cache-miss'
    | 'fallback';
  /** The IP address asked, as the lookup gave it. */
  address?: string;
  /** How long the attempt took, in milliseconds. */
  durationMs?: number;
  /** The HTTP status of the answer. */
  status?: number;
  /** The name of the error: `ConnectionError`, `AttemptTimeoutError`, `PdpTimeoutError`, … */
  error?: string;
}

export type Emit = (event: PdpClientEvent) => void;

/** A listener that can do no harm: what it throws, or rejects with, is dropped. */
export function harmless(listener: ((event: PdpClientEvent) => unknown) | undefined): Emit | undefined {
  if (listener === undefined) return undefined;
  return (event) => {
    try {
      const outcome = listener(event);
      if (outcome instanceof Promise) outcome.catch(() => {});
    } catch {
      // A decision is not lost over a metric.
    }
  };
}
