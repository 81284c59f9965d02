/** How long one request's work may hold the process before other requests get their turn, in milliseconds. */
const TURN_MS = 5;

/** Shares the process between a request with much to do and all others. */
export class Turns {
  readonly #signal: AbortSignal;
  #ends = performance.now() + TURN_MS;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** To be awaited before each piece of work. @throws the reason of the signal once that is aborted */
  async next(): Promise<void> {
    if (performance.now() <= this.#ends) return;
    await new Promise((resolve) => setImmediate(resolve));
    this.#signal.throwIfAborted();
    this.#ends = performance.now() + TURN_MS;
  }
}
