import type { Logger } from 'pino';
import { compileInWorker, type LayerInput } from '../../compiler/index.ts';
import { UrlMap } from '../../compiler/urls/url-map.ts';
import {
  type EvaluatorFactory,
  InvalidBundleError,
  type Pause,
  type Problem,
  preparePdp,
} from '../../engine/index.ts';
import type { Publication } from '../../engine/publication.ts';
import type { ActiveRevision } from '../active-revision.ts';
import { reasonOf } from '../errno.ts';
import type { Metrics } from '../metrics.ts';
import { Turns } from '../turns.ts';
import type { BundleRules } from './bundle-rules.ts';
import type { Layer } from './layer.ts';
import { SourceError } from './remote-source.ts';

/** Most problems of one load in a log record. */
const MAX_LOGGED = 50;

/** How long a revision that is being made may hold up the answers of the one that serves, in milliseconds. */
const BUILD_TURN_MS = 1;

/** What a reloader keeps up, and by what. */
export interface ReloaderParts {
  active: ActiveRevision;
  metrics: Metrics;
  logger: Logger;
  evaluator: EvaluatorFactory;
  rules: BundleRules;
  /** @default in a thread of its own */
  compile?: typeof compileInWorker;
  /** What the making of a new revision waits for, while the active one answers. @default turns of a millisecond */
  pauseUntil?: (stopping: AbortSignal) => Pause;
}

/**
 * Keeps the active revision up to its layers. When one changes, all are compiled together and swapped in one step;
 * when that fails, or one cannot be read, what was active goes on serving.
 */
export class Reloader {
  readonly #layers: readonly Layer[];
  readonly #active: ActiveRevision;
  readonly #metrics: Metrics;
  readonly #logger: Logger;
  readonly #evaluator: EvaluatorFactory;
  readonly #rules: BundleRules;
  readonly #compile: typeof compileInWorker;
  readonly #pauseUntil: (stopping: AbortSignal) => Pause;
  readonly #stopping = new AbortController();
  /** The load under way, or the one after it. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting: Promise<boolean> | undefined;
  /** What was loaded last, when tags tell. */
  #tags: string | undefined;
  /** Names of those that could not be asked the last time. */
  readonly #silent = new Set<string>();
  /** What is active, or is to be no older than that, by the position of its layer. */
  #running: readonly Publication[] = [];
  /** What was wrong with the latest load. */
  #problems: Problem[] = [];

  /** @param layers in order, at least one */
  constructor(
    layers: readonly Layer[],
    {
      active,
      metrics,
      logger,
      evaluator,
      rules,
      compile = compileInWorker,
      pauseUntil = turnsUntil,
    }: ReloaderParts,
  ) {
    this.#layers = layers;
    this.#active = active;
    this.#metrics = metrics;
    this.#logger = logger;
    this.#evaluator = evaluator;
    this.#rules = rules;
    this.#compile = compile;
    this.#pauseUntil = pauseUntil;
  }

  /** Loads once, then again after every change. Resolves after the first load, whatever came of it. */
  async start(): Promise<void> {
    let started = false;
    const changed = async () => {
      // The first answers are loaded together.
      if (started) await this.#load();
    };
    // What changes from here on is loaded again, and so is what changes while it is being loaded.
    await Promise.all(this.#layers.map((layer) => layer.start({ changed, asked: () => this.#asked(layer) })));
    started = true;
    await this.#load();
  }

  /**
   * Asks every source, and loads what there is. All who ask meanwhile share the load after the one under way, which
   * has what was there when they asked.
   *
   * @returns whether all sources are good, and active
   */
  async reload(): Promise<boolean> {
    if (this.#stopped) return false;
    await Promise.all(this.#layers.map((layer) => layer.look()));
    return this.#load();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#layers.map((layer) => layer.stop()));
    await this.#last;
  }

  get #stopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** One load is under way at a time; all who ask meanwhile share the one after it. */
  #load(): Promise<boolean> {
    this.#waiting ??= this.#last.then(async () => {
      this.#waiting = undefined;
      if (!this.#stopped) await this.#loadNow();
      return !this.#stopped && this.#active.failure === undefined && this.#active.revision !== undefined;
    });
    this.#last = this.#waiting;
    return this.#waiting;
  }

  async #loadNow(): Promise<void> {
    const start = performance.now();
    const inputs = await this.#inputs();
    // As long as a source has not been read, only that is wrong.
    if (inputs === undefined) return;
    const tags = this.#layers.map(({ tag }) => tag);
    const known = tags.includes(undefined) ? undefined : JSON.stringify(tags);
    if (known !== undefined && known === this.#tags) return;
    try {
      const { limits, verifyKeys } = this.#rules;
      const result = await this.#compile({ layers: inputs, limits, verifyKeys });
      if (this.#stopped) return;
      this.#tags = known;
      if (!result.ok) return this.#failed(result.problems);
      if (result.bundle.revision === this.#active.revision) {
        this.#running = result.layers;
        return this.#unchanged();
      }
      // The new revision is ready to answer before anything sees it.
      const pdp = await preparePdp(result.bundle, {
        evaluator: this.#evaluator,
        pause: this.#pauseUntil(this.#stopping.signal),
      });
      const urls = new UrlMap(result.bundle.urlRules);
      const now = new Date();
      this.#active.activate(pdp, urls, now);
      this.#running = result.layers;
      this.#metrics.activated(pdp.revision, now);
      this.#metrics.reloaded('success');
      this.#problems = [];
      this.#tell();
      this.#logger.info(
        {
          revision: pdp.revision,
          source: this.#names(),
          milliseconds: Math.round(performance.now() - start),
          warnings: result.warnings.length > 0 ? result.warnings.slice(0, MAX_LOGGED) : undefined,
        },
        'revision active',
      );
    } catch (error) {
      if (this.#stopped) return;
      this.#failed(error instanceof InvalidBundleError ? error.problems : [unreadable(this.#names(), error)]);
    }
  }

  /** @returns undefined when one of them is not there, or not yet */
  async #inputs(): Promise<LayerInput[] | undefined> {
    const inputs: LayerInput[] = [];
    const problems: Problem[] = [];
    let missing = false;
    for (const [index, layer] of this.#layers.entries()) {
      try {
        const content = await layer.content();
        const running = this.#rules.allowOlder ? undefined : this.#running[index];
        if (content === undefined) missing = true;
        else inputs.push({ name: layer.name, content, running });
      } catch (error) {
        problems.push(unreadable(layer.name, error));
      }
    }
    if (problems.length > 0) this.#failed(problems);
    return missing || problems.length > 0 ? undefined : inputs;
  }

  /** A source was asked. */
  #asked({ name, problem }: Layer): void {
    if (problem !== undefined) this.#log(name, [problemOf(name, problem)]);
    const before = this.#silent.has(name);
    if (problem === undefined) this.#silent.delete(name);
    else this.#silent.add(name);
    if (before || problem !== undefined) this.#tell();
  }

  /** Tells whether what is active is what the sources have, as far as it is known. */
  #tell(): void {
    const asking = this.#layers.flatMap(({ name, problem }) =>
      problem === undefined ? [] : [problemOf(name, problem)],
    );
    const problems = [...asking, ...this.#problems];
    if (problems.length === 0) this.#active.confirm();
    else this.#active.fail({ at: new Date(), problems });
  }

  #unchanged(): void {
    this.#problems = [];
    this.#tell();
    this.#metrics.reloaded('unchanged');
    this.#logger.info({ revision: this.#active.revision }, 'revision unchanged');
  }

  #failed(problems: Problem[]): void {
    this.#problems = problems;
    this.#tell();
    this.#metrics.reloaded('failure');
    this.#log(this.#names(), problems);
  }

  #log(source: string, problems: Problem[]): void {
    this.#logger.error(
      {
        source,
        serving: this.#active.revision ?? null,
        problemCount: problems.length,
        problems: problems.slice(0, MAX_LOGGED),
      },
      'reload failed',
    );
  }

  #names(): string {
    return this.#layers.map(({ name }) => name).join(', ');
  }
}

function turnsUntil(stopping: AbortSignal): Pause {
  const turns = new Turns(stopping, BUILD_TURN_MS);
  return () => turns.next();
}

/** A source that could not be read at all, in the form of everything else that can be wrong with it. */
function unreadable(name: string, error: unknown): Problem {
  return problemOf(name, error instanceof SourceError ? error.message : `cannot be read: ${reasonOf(error)}`);
}

function problemOf(name: string, message: string): Problem {
  return { severity: 'error', file: name, line: 1, column: 1, message };
}
