import type { LayerInput } from '../../compiler/index.ts';
import type { Problem } from '../../engine/index.ts';
import type { Publication } from '../../engine/publication.ts';
import { type Keeper, layersToKeep, type SetToKeep } from './keeper.ts';
import type { Layer } from './layer.ts';
import { LayerStates, problemOf, type SourceState, unreadable } from './layer-states.ts';
import { type Pacing, systemPacing } from './poller.ts';
import { MAX_LOGGED, Swap, type SwapParts } from './swap.ts';

/** How long sources have for their first answers before what was kept serves in their place, in milliseconds. */
const KEPT_AFTER_MS = 5_000;

/**
 * How often in a row the same is compiled again by itself when the compiler gave up on it, as for want of memory: its
 * sources have nothing new to tell, and a PDP must not stay behind until they do.
 */
const TRIES_AGAIN = 3;

/** What a reloader keeps up, and by what. */
export interface ReloaderParts extends SwapParts {
  /** @default nothing is kept */
  keeper?: Keeper | undefined;
  pacing?: Pacing;
}

/** What was read of all layers. */
interface ReadSet {
  inputs: LayerInput[];
  /** The same for the same contents, where tags tell. */
  tags: string | undefined;
}

/**
 * Keeps the active revision up to its layers. When one changes, all are compiled together and swapped in one step;
 * when that fails, or one cannot be read, what was active goes on serving. After a start without anything that can be
 * active, what an earlier process kept serves until there is.
 */
export class Reloader {
  readonly #layers: readonly Layer[];
  readonly #parts: ReloaderParts;
  readonly #states: LayerStates;
  readonly #stop = new AbortController();
  readonly #swap: Swap;
  /** The load under way, or the one after it. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting: Promise<boolean> | undefined;
  /** What is active, when tags tell. */
  #tags: string | undefined;
  /** What each may not be older than. */
  #ran: readonly (Publication | undefined)[] = [];
  #toKeep: SetToKeep | undefined;
  /** Some sources could not be asked the last time. */
  #silent = false;
  /** In a row. */
  #gaveUp = 0;
  /** What was wrong with the latest load. */
  #problems: Problem[] = [];

  /** @param layers in order, at least one */
  constructor(layers: readonly Layer[], parts: ReloaderParts) {
    this.#layers = layers;
    this.#parts = parts;
    this.#states = new LayerStates(layers);
    this.#swap = new Swap(parts, this.#names(), this.#stop.signal);
  }

  get sources(): SourceState[] {
    return this.#states.sources;
  }

  /** When all sources last said that what is active is what they have. */
  get confirmedAt(): Date | undefined {
    return this.#states.confirmedAt;
  }

  /** Loads once, then again after every change. Resolves after the first load, whatever came of it. */
  async start(): Promise<void> {
    const { keeper, pacing = systemPacing } = this.#parts;
    await keeper?.open();
    if (this.#stopped) return;
    this.#ran = this.#layers.map(({ name }) => keeper?.ranBefore(name));
    let looked = false;
    const looks = Promise.all(
      this.#layers.map((layer) =>
        layer.start({
          // The first answers are loaded together; what changes from then on is loaded again.
          changed: async () => {
            this.#gaveUp = 0;
            if (looked) await this.#load();
          },
          confirmed: () => this.#confirmed(layer),
          failed: () => this.#failedToAsk(layer),
        }),
      ),
    ).then(() => {
      looked = true;
      return this.#load();
    });
    if (keeper !== undefined) {
      const { signal } = this.#stop;
      await Promise.race([looks, pacing.wait(KEPT_AFTER_MS, signal)]);
      await this.#loadKept(keeper);
      if (this.#parts.active.revision !== undefined) return;
    }
    await looks;
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
    this.#stop.abort();
    await Promise.all(this.#layers.map((layer) => layer.stop()));
    await this.#last;
    this.#keepConfirmed();
    await this.#parts.keeper?.idle();
  }

  get #stopped(): boolean {
    return this.#stop.signal.aborted;
  }

  /** One load is under way at a time; all who ask meanwhile share the one after it. */
  #load(): Promise<boolean> {
    const { active } = this.#parts;
    this.#waiting ??= this.#last.then(async () => {
      this.#waiting = undefined;
      if (!this.#stopped) await this.#loadNow();
      return !this.#stopped && active.failure === undefined && active.revision !== undefined;
    });
    this.#last = this.#waiting;
    return this.#waiting;
  }

  async #loadNow(): Promise<void> {
    const set = await this.#read();
    // As long as a source has not been read, only that is wrong.
    if (set === undefined) return;
    if (set.tags !== undefined && set.tags === this.#tags) {
      this.#keepAgain();
      return this.#tell();
    }
    this.#tags = undefined;
    const result = await this.#swap.to(set.inputs, false, (layers) => {
      this.#tags = set.tags;
      this.#ran = layers;
      this.#problems = [];
      this.#states.taken(layers);
      this.#tell();
    });
    if (this.#stopped) return;
    this.#gaveUp = !result.ok && result.gaveUp ? this.#gaveUp + 1 : 0;
    if (!result.ok) return this.#failed(result.problems);
    this.#keep(set.inputs, result.layers);
  }

  /** Has what was kept serve, when nothing else can. */
  #loadKept(keeper: Keeper): Promise<void> {
    const load = this.#last.then(async () => {
      if (this.#stopped || this.#parts.active.revision !== undefined) return;
      const { logger, rules } = this.#parts;
      const refused = (reason: string) => logger.warn({ reason }, 'kept revision not served');
      const kept = await keeper.read(this.#states.names, rules.limits?.packedBytes);
      if (typeof kept === 'string') return refused(kept);
      const set = await this.#read(kept.archives);
      if (set === undefined) return refused('a source on this machine cannot be read');
      const result = await this.#swap.to(set.inputs, true, (layers) => {
        this.#ran = layers;
        this.#states.takenFromKept(layers, kept.confirmedAt);
        this.#tell();
      });
      if (!this.#stopped && !result.ok) refused(result.problems[0]?.message ?? '');
    });
    this.#last = load;
    return load;
  }

  /**
   * @param kept what is to be taken for that of the sources over a network, by their names
   * @returns undefined when one of them is not there, or not yet
   */
  async #read(kept?: ReadonlyMap<string, Uint8Array>): Promise<ReadSet | undefined> {
    const inputs: LayerInput[] = [];
    const tags: (string | undefined)[] = [];
    const problems: Problem[] = [];
    let missing = false;
    for (const [index, layer] of this.#layers.entries()) {
      try {
        const archive = layer.remote ? kept?.get(layer.name) : undefined;
        const read = archive === undefined ? await layer.content() : { content: { archive } };
        const running = this.#parts.rules.allowOlder ? undefined : this.#ran[index];
        if (read === undefined) missing = true;
        else inputs.push({ name: layer.name, content: read.content, running });
        tags.push(read !== undefined && 'tag' in read ? read.tag : undefined);
      } catch (error) {
        problems.push(unreadable(layer.name, error));
      }
    }
    if (problems.length > 0) this.#failed(problems);
    if (missing || problems.length > 0) return undefined;
    return { inputs, tags: tags.includes(undefined) ? undefined : JSON.stringify(tags) };
  }

  #keep(inputs: readonly LayerInput[], publications: readonly Publication[]): void {
    const { active } = this.#parts;
    const layers = layersToKeep(this.#layers, inputs, publications);
    if (active.revision === undefined || layers.length === 0) return;
    const { names: sources, confirmedAt = new Date() } = this.#states;
    this.#toKeep = { sources, revision: active.revision, confirmedAt, layers };
    this.#parts.keeper?.keep(this.#toKeep);
  }

  /** There may be space by now. */
  #keepAgain(): void {
    const { keeper } = this.#parts;
    if (keeper?.failed === true && this.#toKeep !== undefined) keeper.keep(this.#toKeep);
  }

  /** Has it said how long what is kept was what the sources have. */
  #keepConfirmed(): void {
    const { confirmedAt } = this.#states;
    if (this.#toKeep === undefined || confirmedAt === undefined) return;
    if (confirmedAt > this.#toKeep.confirmedAt) this.#parts.keeper?.keep({ ...this.#toKeep, confirmedAt });
  }

  #confirmed(layer: Layer): void {
    this.#states.confirmed(layer);
    if (this.#silent) this.#tell();
    if (this.#gaveUp > 0 && this.#gaveUp <= TRIES_AGAIN) void this.#load();
  }

  #failedToAsk(layer: Layer): void {
    const { name, problem = '' } = layer;
    this.#parts.metrics.sourceFailed(this.#layers.indexOf(layer));
    this.#log(name, [problemOf(name, problem)]);
    this.#tell();
  }

  /** Tells whether what is active is what the sources have, as far as it is known. */
  #tell(): void {
    const asking = this.#states.problems;
    this.#silent = asking.length > 0;
    const problems = [...asking, ...this.#problems];
    const { active } = this.#parts;
    if (problems.length > 0) active.fail({ at: new Date(), problems });
    else if (this.#states.current) active.confirm();
  }

  #failed(problems: Problem[]): void {
    this.#problems = problems;
    this.#states.refused();
    this.#tell();
    this.#parts.metrics.reloaded('failure');
    this.#log(this.#names(), problems);
  }

  #log(source: string, problems: Problem[]): void {
    this.#parts.logger.error(
      {
        source,
        serving: this.#parts.active.revision ?? null,
        problemCount: problems.length,
        problems: problems.slice(0, MAX_LOGGED),
      },
      'reload failed',
    );
  }

  #names(): string {
    return this.#states.names.join(', ');
  }
}
