import type { Fetched, RemoteSource } from './remote-source.ts';

/** Milliseconds between two questions to a source over a network. */
export const DEFAULT_REFRESH_MS = 10_000;
/** Longest wait after failures, in milliseconds. */
const MAX_BACK_OFF_MS = 300_000;
/** Share of the interval by which each wait is longer or shorter, so that many PDPs do not ask at one moment. */
const JITTER = 0.1;
/** A source that says it waits, and answers sooner that it has nothing new, is asked as one that does not. */
const SHORTEST_HOLD_MS = 1_000;

/** The time and chance that a poller goes by, as far as tests set them. */
export interface Pacing {
  /** Milliseconds; of use for differences only. */
  now(): number;
  /** From 0 to below 1. */
  random(): number;
  /** Resolves after that time, or at once when `signal` is aborted; Infinity is until then. */
  wait(milliseconds: number, signal: AbortSignal): Promise<void>;
}

export const systemPacing: Pacing = {
  now: () => performance.now(),
  random: Math.random,
  wait: (milliseconds, signal) =>
    new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = milliseconds === Number.POSITIVE_INFINITY ? undefined : setTimeout(done, milliseconds);
      timer?.unref();
      signal.addEventListener('abort', done);
      if (signal.aborted) done();
    }),
};

/** What came of a question. None may reject or throw. */
export interface PollerEvents {
  /** The source has something else than before. The next question waits for what becomes of it. */
  fetched(fetched: Fetched): Promise<void>;
  unchanged(): void;
  failed(error: unknown): void;
}

/** Asks a source again and again, one question at a time. */
export class Poller {
  readonly #source: RemoteSource;
  readonly #everyMs: number;
  readonly #events: PollerEvents;
  readonly #pacing: Pacing;
  readonly #stop = new AbortController();
  #pause = new AbortController();
  #tag: string | undefined;
  #failures = 0;
  /** Of those who want a question that begins from now on. */
  #wanted: PromiseWithResolvers<void> | undefined;
  /** A question is held by the source until there is something new. */
  #held = false;
  #running: Promise<void> | undefined;

  /** @param everyMs milliseconds between questions; 0 asks again only after failures, and when told to */
  constructor(source: RemoteSource, everyMs: number, events: PollerEvents, pacing: Pacing = systemPacing) {
    this.#source = source;
    this.#everyMs = everyMs;
    this.#events = events;
    this.#pacing = pacing;
  }

  /** Begins. Resolves after the first answer, or when there was none. */
  start(): Promise<void> {
    const first = this.ask();
    this.#running ??= this.#run();
    return first;
  }

  /**
   * Asks at once, for what is there when this is called; all who call meanwhile share the next question. Of a source
   * that holds a question until there is something new, nothing is waited for: that question is the answer.
   */
  ask(): Promise<void> {
    if (this.#stop.signal.aborted) return Promise.resolve();
    this.#wanted ??= Promise.withResolvers<void>();
    const { promise } = this.#wanted;
    this.#pause.abort();
    return this.#held ? Promise.resolve() : promise;
  }

  /** Gives up the question under way, and waits for what became of the answer before it. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#pause.abort();
    await this.#running;
    this.#wanted?.resolve();
    this.#source.close?.();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const wanted = this.#wanted;
      this.#wanted = undefined;
      this.#pause = new AbortController();
      const pause = await this.#ask(wanted);
      if (signal.aborted || this.#wanted !== undefined) continue;
      await this.#pacing.wait(pause, this.#pause.signal);
    }
  }

  /** @returns how long to wait for the next */
  async #ask(wanted: PromiseWithResolvers<void> | undefined): Promise<number> {
    const { signal } = this.#stop;
    const start = this.#pacing.now();
    this.#held = this.#source.waits === true && this.#tag !== undefined;
    if (this.#held) wanted?.resolve();
    try {
      const fetched = await this.#source.fetch(this.#tag, signal);
      const early = Math.max(0, SHORTEST_HOLD_MS - (this.#pacing.now() - start));
      const held = this.#held;
      this.#failures = 0;
      this.#held = false;
      if (fetched === undefined) this.#events.unchanged();
      else this.#tag = fetched.tag;
      const dealt = fetched === undefined ? undefined : this.#events.fetched(fetched);
      wanted?.resolve();
      await dealt;
      if (this.#source.waits !== true) return this.#interval();
      if (fetched === undefined) return early > 0 ? this.#interval() : 0;
      // It may have something else each time, and at once.
      return held ? early : 0;
    } catch (error) {
      this.#held = false;
      if (!signal.aborted) {
        this.#failures += 1;
        this.#events.failed(error);
      }
      wanted?.resolve();
      return this.#backOff();
    }
  }

  #interval(): number {
    if (this.#everyMs === 0) return Number.POSITIVE_INFINITY;
    return this.#everyMs * (1 - JITTER + 2 * JITTER * this.#pacing.random());
  }

  /** Full jitter: anything up to a limit that doubles with each failure. */
  #backOff(): number {
    const base = this.#everyMs === 0 ? DEFAULT_REFRESH_MS : this.#everyMs;
    return this.#pacing.random() * Math.min(base * 2 ** (this.#failures - 1), MAX_BACK_OFF_MS);
  }
}
