/** The time, as far as tests set it. */
export interface Clock {
  now(): Date;
  /**
   * Calls `tick` once in every period of the wall clock (once a minute, in each minute), and keeps no process alive
   * for it.
   *
   * @returns stops it
   */
  every(periodMs: number, tick: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => new Date(),
  every(periodMs, tick) {
    let timer: NodeJS.Timeout;
    const next = () => {
      timer = setTimeout(
        () => {
          next();
          tick();
        },
        untilNextMiddle(Date.now(), periodMs),
      );
      timer.unref();
    };
    next();
    return () => clearTimeout(timer);
  },
};

/**
 * How long until the middle of the next period, in milliseconds. A timer that repeats drifts over the end of a period
 * sooner or later, and one then has no tick and another two; each wait makes up for what the last one was off, early
 * or late.
 */
export function untilNextMiddle(nowMs: number, periodMs: number): number {
  return periodMs - (nowMs % periodMs) + periodMs / 2;
}
