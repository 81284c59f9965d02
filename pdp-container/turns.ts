/** How long one request's work may hold the process before other requests get their turn, in milliseconds. */
const TURN_MS = 5;

/** Shares the process between a request with much to do and all others. */
export class Turns {
  readonly #signal: AbortSignal;
  readonly #turnMs: number;
  #ends: number;

  /** @param turnMs how long a turn is @default 5 */
  constructor(signal: AbortSignal, turnMs = TURN_MS) {
    this.#signal = signal;
    this.#turnMs = turnMs;
    this.#ends = performance.now() + turnMs;
  }

  /**
   * To be awaited before each piece of work; gives nothing to wait for within a turn.
   *
   * @throws the reason of the signal once that is aborted
   */
  next(): Promise<void> | undefined {
    return performance.now() <= this.#ends ? undefined : this.#others();
  }

  async #others(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#signal.throwIfAborted();
    this.#ends = performance.now() + this.#turnMs;
  }
}
