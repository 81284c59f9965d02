import type { EvaluateOptions } from '../../engine/contract.ts';
import { PdpUnavailableError } from '../../engine/errors.ts';
import { withDeadline } from '../deadline.ts';
import { once } from '../lazy.ts';
import { openBundle } from './bundle-source.ts';
import { Checks } from './checks.ts';
import type { EmbeddedPdp } from './embedded.ts';
import { StoreEvents } from './events.ts';
import {
  parseRefreshedOptions,
  type RefreshedPdpOptions,
  type RefreshedPdpSettings,
} from './refresh-options.ts';
import { openInTurns, type Revision } from './revision.ts';

/** Most milliseconds that a question waits for the store when there is nothing to answer by, if its caller has them. */
const WAIT_MS = 10_000;
/** The same when there is, and the checks before came to no end. */
const HELP_MS = 1_000;

/**
 * A PDP that evaluates in the function, and looks into a store for what is newer: in the background, when a question
 * comes and it did not look for a while. Questions are answered at once, by what is there.
 *
 * @example
 * const pdp = createRefreshedPdp({ bundle: '/opt/pdp', source: 's3://policies/bundle.tar.gz' });
 *
 * @throws ConfigurationError when an option is wrong
 */
export function createRefreshedPdp(options: RefreshedPdpOptions): EmbeddedPdp {
  const revisions = new Revisions(parseRefreshedOptions(options));
  return {
    load: () => revisions.load(),
    evaluate: async (request, call) => (await revisions.current(call)).pdp.evaluate(request, call),
    evaluateAll: async (requests, call) => (await revisions.current(call)).pdp.evaluateAll(requests, call),
  };
}

/** The revision that answers, and what takes its place. */
class Revisions {
  readonly #settings: RefreshedPdpSettings;
  readonly #own: () => Promise<Revision | undefined>;
  readonly #checks: Checks;
  readonly #events: StoreEvents;
  #running: Revision | undefined;
  /** Of what the store had when it was last read, and whether that may not be used. */
  #seen: { tag: string | undefined; refused: boolean } = { tag: undefined, refused: false };
  /** When the last check began that found in the store what runs. */
  #freshAt: number | undefined;

  constructor(settings: RefreshedPdpSettings) {
    const { bundle, afterMs, onEvent } = settings;
    this.#settings = settings;
    this.#own = once(async () => (bundle === undefined ? undefined : openBundle(bundle)));
    this.#events = new StoreEvents(onEvent);
    this.#checks = new Checks({
      afterMs,
      check: (signal, begunAt) => this.#check(signal, begunAt),
      failed: (error) => this.#events.failed(error, this.#running?.revision),
      now: () => Date.now(),
    });
  }

  /** What there is to read before the first question. The store is not, as long as it can be answered without. */
  async load(): Promise<void> {
    await this.#readOwn();
    if (this.#usable() === undefined) await this.current();
  }

  /** The revision that a question is answered by: the whole of it, whatever comes meanwhile. @throws PdpUnavailableError */
  async current({ signal, timeoutMs = WAIT_MS }: EvaluateOptions = {}): Promise<Revision> {
    await this.#readOwn();
    const found = this.#usable();
    const check = this.#checks.underWay(found === undefined);
    if (check === undefined || (found !== undefined && !check.awaited)) return found ?? this.#unavailable();
    const most = found === undefined ? Math.min(WAIT_MS, timeoutMs) : Math.min(HELP_MS, timeoutMs / 2);
    await withDeadline(most, signal, () => check.ended).catch((error: unknown) => {
      if (found === undefined || signal?.aborted) throw error;
    });
    return this.#usable() ?? this.#unavailable();
  }

  async #readOwn(): Promise<void> {
    if (this.#running !== undefined) return;
    const own = await this.#own();
    this.#running ??= own;
  }

  #usable(): Revision | undefined {
    const { maxStaleMs } = this.#settings;
    if (maxStaleMs === undefined) return this.#running;
    // A distance: a clock that was set back must not make it good for hours.
    const isFresh = this.#freshAt !== undefined && Math.abs(Date.now() - this.#freshAt) <= maxStaleMs;
    return isFresh ? this.#running : undefined;
  }

  #unavailable(): never {
    const { problem } = this.#events;
    const why = problem === undefined ? 'the store has not been read' : problem.message;
    const what =
      this.#running === undefined ? 'there is no bundle' : `revision ${this.#running.revision} is too old`;
    throw new PdpUnavailableError(`${what}: ${why}`, { cause: problem });
  }

  async #check(signal: AbortSignal, begunAt: number): Promise<void> {
    // Loaded only here: until a check is due nobody pays for it.
    const { lookIntoStore } = await import('./store-check.ts');
    const known = { tag: this.#seen.tag, running: this.#running };
    const found = await lookIntoStore(this.#settings.store, known, openInTurns, signal);
    // Another check may have taken the place of this one.
    signal.throwIfAborted();
    if (found.is === 'unchanged' ? this.#seen.refused : found.is === 'refused') {
      if (found.is === 'refused') this.#events.refused(found.problem, this.#running?.revision);
      this.#seen = { tag: found.tag, refused: true };
      return;
    }
    this.#seen = { tag: found.tag, refused: false };
    this.#freshAt = begunAt;
    if (found.is === 'new') {
      this.#running = found.revision;
      this.#events.refreshed(found.revision.revision);
    } else this.#events.unchanged(this.#running?.revision);
  }
}
