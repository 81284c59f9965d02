import type { Logger } from 'pino';
import { UrlMap } from '../../compiler/urls/url-map.ts';
import { createPdp, type EvaluatorFactory, InvalidBundleError, type Problem } from '../../engine/index.ts';
import type { ActiveRevision } from '../active-revision.ts';
import { reasonOf } from '../errno.ts';
import type { Metrics } from '../metrics.ts';
import type { BundleSource } from './source.ts';
import { look, type Watch, watch } from './watch.ts';

/** Most problems of one load in a log record. */
const MAX_LOGGED = 50;

/** Keeps the active revision up to its source. A revision that is not good leaves the last good one serving. */
export class Reloader {
  readonly #source: BundleSource;
  readonly #active: ActiveRevision;
  readonly #metrics: Metrics;
  readonly #logger: Logger;
  readonly #evaluator: EvaluatorFactory;
  #watch: Watch | undefined;
  #stopped = false;
  /** The load under way, or the one after it. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting: Promise<boolean> | undefined;

  constructor(
    source: BundleSource,
    active: ActiveRevision,
    metrics: Metrics,
    logger: Logger,
    evaluator: EvaluatorFactory,
  ) {
    this.#evaluator = evaluator;
    this.#source = source;
    this.#active = active;
    this.#metrics = metrics;
    this.#logger = logger;
  }

  /** Loads once, then again after every change. Resolves after the first load, whatever came of it. */
  async start(everyMs: number): Promise<void> {
    const fingerprint = () => this.#source.fingerprint();
    // Taken before loading: what changes meanwhile is loaded again.
    const known = await look(fingerprint);
    await this.reload();
    const changed = async () => void (await this.reload());
    if (everyMs > 0 && !this.#stopped) this.#watch = watch(known, fingerprint, changed, everyMs);
  }

  /**
   * Loads the source, changed or not. One load is under way at a time; all who ask meanwhile share the one after it,
   * which reads what was there when they asked.
   *
   * @returns whether the source is good, and active
   */
  reload(): Promise<boolean> {
    this.#waiting ??= this.#last.then(async () => {
      this.#waiting = undefined;
      if (!this.#stopped) await this.#load();
      return !this.#stopped && this.#active.failure === undefined;
    });
    this.#last = this.#waiting;
    return this.#waiting;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#watch?.stop();
    await this.#last;
  }

  async #load(): Promise<void> {
    const start = performance.now();
    try {
      const result = await this.#source.load();
      if (!result.ok) return this.#failed(result.problems);
      if (result.bundle.revision === this.#active.revision) return this.#unchanged();
      // The new revision is ready to answer before anything sees it.
      const pdp = createPdp(result.bundle, { evaluator: this.#evaluator });
      const urls = new UrlMap(result.bundle.urlRules);
      const now = new Date();
      this.#active.activate(pdp, urls, now);
      this.#metrics.activated(pdp.revision, now);
      this.#metrics.reloaded('success');
      this.#logger.info(
        {
          revision: pdp.revision,
          source: this.#source.path,
          milliseconds: Math.round(performance.now() - start),
          warnings: result.warnings.length > 0 ? result.warnings.slice(0, MAX_LOGGED) : undefined,
        },
        'revision active',
      );
    } catch (error) {
      this.#failed(error instanceof InvalidBundleError ? error.problems : [problemOf(this.#source, error)]);
    }
  }

  #unchanged(): void {
    this.#active.confirm();
    this.#metrics.reloaded('unchanged');
    this.#logger.info({ revision: this.#active.revision }, 'revision unchanged');
  }

  #failed(problems: Problem[]): void {
    this.#active.fail({ at: new Date(), problems });
    this.#metrics.reloaded('failure');
    this.#logger.error(
      {
        source: this.#source.path,
        serving: this.#active.revision ?? null,
        problemCount: problems.length,
        problems: problems.slice(0, MAX_LOGGED),
      },
      'reload failed',
    );
  }
}

/** A source that could not be read at all, in the form of everything else that can be wrong with it. */
function problemOf(source: BundleSource, error: unknown): Problem {
  return {
    severity: 'error',
    file: source.path,
    line: 1,
    column: 1,
    message: `cannot be read: ${reasonOf(error)}`,
  };
}
