import type { ServerResponse } from 'node:http';
import type { Gauge } from 'prom-client';

/** The requests under way on all ports, health routes apart, and how many there may be. */
export class InFlight {
  readonly limit: number;
  readonly #gauge: Gauge;
  #count = 0;

  constructor(limit: number, gauge: Gauge) {
    this.limit = limit;
    this.#gauge = gauge;
  }

  /** Whether there is a place for this one, which it then has until its response closes. */
  admit(response: ServerResponse): boolean {
    if (this.#count >= this.limit) return false;
    this.#gauge.set(++this.#count);
    // `close` comes once, whether the answer was sent or the caller went away.
    response.once('close', () => this.#gauge.set(--this.#count));
    return true;
  }
}
