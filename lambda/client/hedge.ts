/** The delay before anything is known, and the least, in milliseconds. */
const AT_FIRST_MS = 100;
const AT_LEAST_MS = 10;

/** How far one answer moves the delay. */
const STEP = 0.2;

/** The share of answers that are to come before the delay is over. */
const SHARE = 0.95;

/** Hedges for each request, in the long run, and at once. */
const BUDGET = 0.1;
const BURST = 10;

/**
 * When to ask a second address because the first is slow: after the 95th percentile of the answers so far, as in
 * Dean and Barroso, "The Tail at Scale" (2013). A budget holds the added load to a tenth: a service that is slow as
 * a whole is not asked twice as much.
 */
export class Hedge {
  #delayMs = AT_FIRST_MS;
  #budget = BURST;

  /** Milliseconds. */
  get delayMs(): number {
    return this.#delayMs;
  }

  /** A request begins. */
  earn(): void {
    this.#budget = Math.min(BURST, this.#budget + BUDGET);
  }

  /** Whether a hedge may be made now; it is counted. */
  spend(): boolean {
    if (this.#budget < 1) return false;
    this.#budget -= 1;
    return true;
  }

  /** Learns how long an answer took. The steps up and down balance where 95 of 100 answers are below. */
  learn(durationMs: number): void {
    const factor = durationMs > this.#delayMs ? 1 + STEP * SHARE : 1 - STEP * (1 - SHARE);
    this.#delayMs = Math.max(AT_LEAST_MS, this.#delayMs * factor);
  }
}
