/**
 * Does something once and remembers its outcome; a failure is not remembered, so the next call tries again.
 * Calls that come while it is under way share it.
 */
export function once<T>(work: () => T | PromiseLike<T>): () => Promise<T> {
  let outcome: Promise<T> | undefined;
  return () => {
    outcome ??= (async () => work())().catch((error: unknown) => {
      outcome = undefined;
      throw error;
    });
    return outcome;
  };
}
