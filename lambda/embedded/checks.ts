import { PdpTimeoutError } from '../../engine/errors.ts';

/** Milliseconds for one check. One that takes longer was cut off: its connection is dead. */
const CHECK_MS = 10_000;
/** More than that, of the wall clock, takes only a check during which the function was frozen. */
const FROZEN_MS = CHECK_MS + 2_000;

/** How long after a failure the next check may begin, at first, and at most; it doubles with each. */
const RETRY_MS = 1_000;
const RETRY_AT_MOST_MS = 300_000;

/** Checks in a row that came to no end, after which nobody waits for the next. */
const AWAITED = 3;

export interface CheckSettings {
  /** Milliseconds after the beginning of a check in which none is due. */
  afterMs: number;
  /** @param begunAt of the wall clock */
  check: (signal: AbortSignal, begunAt: number) => Promise<void>;
  /** Told of a check that failed, but not of one that a freeze cut off. */
  failed: (error: Error) => void;
  /** Milliseconds of the wall clock, which goes on while a function is frozen. */
  now: () => number;
}

/** A check that is under way. */
export interface UnderWay {
  /** Resolves when it has ended, well or not. */
  readonly ended: Promise<void>;
  /**
   * Whether a question waits for it a while, although there is something to answer by: the ones before it came to no
   * end. A function that is seldom invoked, and frozen each time before a check is over, would never get to one.
   */
  readonly awaited: boolean;
}

interface Check extends UnderWay {
  readonly begunAt: number;
  readonly controller: AbortController;
}

/** When to look for something new: when a question comes and a check is due. No timer does it: a frozen function runs none. */
export class Checks {
  readonly #settings: CheckSettings;
  #underWay: Check | undefined;
  #begunAt: number | undefined;
  /** In a row. */
  #failures = 0;
  /** Checks in a row that failed or were cut off. */
  #unfinished = 0;

  constructor(settings: CheckSettings) {
    this.#settings = settings;
  }

  /**
   * The check that is under way; one that is due begins.
   *
   * @param needed whether there is nothing to answer by without it: then it is due soon after a failure
   */
  underWay(needed: boolean): UnderWay | undefined {
    const now = this.#settings.now();
    const check = this.#underWay;
    if (check !== undefined) {
      if (distance(check.begunAt, now) < CHECK_MS) return check;
      this.#cutOff(check);
    }
    return this.#isDue(needed, now) ? this.#begin(now) : undefined;
  }

  #isDue(needed: boolean, now: number): boolean {
    if (this.#begunAt === undefined) return true;
    const { afterMs } = this.#settings;
    const wait =
      this.#failures === 0 ? afterMs : Math.min(RETRY_MS * 2 ** (this.#failures - 1), RETRY_AT_MOST_MS);
    return distance(this.#begunAt, now) >= (needed ? Math.min(wait, RETRY_MS) : wait);
  }

  #begin(now: number): Check {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(tooLong()), CHECK_MS);
    timer.unref();
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const awaited = this.#unfinished > 0 && this.#unfinished <= AWAITED;
    const check: Check = { begunAt: now, controller, ended, awaited };
    this.#underWay = check;
    this.#begunAt = now;
    // The question is answered first: what a check loads takes a while.
    setImmediate(async () => {
      try {
        await this.#settings.check(controller.signal, now);
        this.#succeeded(check);
      } catch (error) {
        this.#failed(check, error);
      } finally {
        clearTimeout(timer);
        resolve();
      }
    });
    return check;
  }

  #succeeded(check: Check): void {
    if (this.#underWay !== check) return;
    this.#underWay = undefined;
    this.#failures = 0;
    this.#unfinished = 0;
  }

  #failed(check: Check, error: unknown): void {
    if (this.#underWay !== check) return;
    if (distance(check.begunAt, this.#settings.now()) >= FROZEN_MS) {
      this.#cutOff(check);
      return;
    }
    this.#underWay = undefined;
    this.#failures += 1;
    this.#unfinished += 1;
    const { aborted, reason } = check.controller.signal;
    this.#settings.failed(aborted ? reason : (error as Error));
  }

  /** It says nothing of the store, so the next one is due. */
  #cutOff(check: Check): void {
    this.#underWay = undefined;
    this.#begunAt = undefined;
    this.#unfinished += 1;
    check.controller.abort(tooLong());
  }
}

function tooLong(): PdpTimeoutError {
  return new PdpTimeoutError(`the store did not answer within ${CHECK_MS} ms`);
}

/** A distance: a clock that was set back must not put checks off for hours. */
function distance(from: number, to: number): number {
  return Math.abs(to - from);
}
