import { once } from '../lazy.ts';

/** Milliseconds after which keys are fetched anew. */
const REFRESH_MS = 3_600_000;

/** Milliseconds for which keys are used, as API Gateway does: one that was withdrawn is good for no longer. */
const LIMIT_MS = 2 * REFRESH_MS;

/**
 * Keeps keys fresh without a timer, which stands still while a function is frozen: the first call after an hour
 * starts a fetch and does not wait for it, the first after two hours does. The first fetch starts at once.
 *
 * @param fetchKeys replaces the keys that are used
 * @returns what is to be awaited before keys are used; it rejects when they are too old and cannot be fetched
 */
export function freshKeys(fetchKeys: () => Promise<void>, now: () => number = Date.now): () => Promise<void> {
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let refresh = once(fetch);
  async function fetch(): Promise<void> {
    await fetchKeys();
    fetchedAt = now();
    refresh = once(fetch);
  }
  refresh().catch(() => {});
  return async () => {
    const age = now() - fetchedAt;
    if (age < REFRESH_MS) return;
    const refreshed = refresh();
    if (age >= LIMIT_MS) await refreshed;
    else refreshed.catch(() => {});
  };
}
