/** What an attempt says of the address it was made at. */
export type Verdict = 'good' | 'bad' | 'unknown';

/** Failures in a row after which an address is left out. */
const FAILURES = 3;

/** How long an address is left out at first, and at most, in milliseconds; it doubles with each failed probe. */
const OPEN_MS = 1_000;
const OPEN_AT_MOST_MS = 30_000;

/**
 * The circuit breaker of one address. Open, the address is left out as long as there are others; after a while one
 * request, and no more, is let through as a probe. It has no timer: a frozen function would not run it.
 */
export class Breaker {
  readonly #now: () => number;
  readonly #changed: (open: boolean) => void;
  #failures = 0;
  #open: { until: number; forMs: number } | undefined;
  #probing = false;

  /** @param now milliseconds of the wall clock, which goes on while a function is frozen */
  constructor(now: () => number, changed: (open: boolean) => void) {
    this.#now = now;
    this.#changed = changed;
  }

  /** Whether a request may go to the address. */
  get ready(): boolean {
    return this.#open === undefined || (!this.#probing && this.#isOver(this.#open));
  }

  /** An attempt begins. Tell its verdict with what this returns, once. */
  begin(): (verdict: Verdict) => void {
    const probe = this.#open !== undefined && this.ready;
    if (probe) this.#probing = true;
    return (verdict) => {
      if (probe) this.#probing = false;
      if (verdict === 'good') this.#succeeded();
      if (verdict === 'bad') this.#failed(probe);
    };
  }

  #succeeded(): void {
    this.#failures = 0;
    if (this.#open === undefined) return;
    this.#open = undefined;
    this.#changed(false);
  }

  #failed(probe: boolean): void {
    this.#failures += 1;
    if (this.#open === undefined) {
      if (this.#failures < FAILURES) return;
      this.#open = { until: this.#now() + OPEN_MS, forMs: OPEN_MS };
      this.#changed(true);
    } else if (probe) {
      const forMs = Math.min(2 * this.#open.forMs, OPEN_AT_MOST_MS);
      this.#open = { until: this.#now() + forMs, forMs };
    }
  }

  /** A clock that was set back must not leave an address out for hours. */
  #isOver({ until, forMs }: { until: number; forMs: number }): boolean {
    const left = until - this.#now();
    return left <= 0 || left > forMs;
  }
}
