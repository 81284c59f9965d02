import type { LayerInput } from '../../compiler/index.ts';
import { type Publication, publicationOf } from '../../engine/publication.ts';
import { reasonOf } from '../errno.ts';
import { type KeptFile, KeptFiles } from './kept-files.ts';
import { type KeptIndex, readIndex, writeIndex } from './kept-index.ts';
import type { Layer } from './layer.ts';

/** A source over a network, as it was when the set became active. */
export interface LayerToKeep extends Publication {
  name: string;
  archive: Uint8Array;
}

/** What is to be there after a restart. */
export interface SetToKeep {
  /** Names of all sources, in order. */
  sources: string[];
  revision: string;
  confirmedAt: Date;
  /** Of the sources over a network, those that are to be kept. */
  layers: readonly LayerToKeep[];
}

/** Of a set that is active, what comes from somewhere else: what is on this machine is read where it is. */
export function layersToKeep(
  layers: readonly Layer[],
  inputs: readonly LayerInput[],
  publications: readonly Publication[],
): LayerToKeep[] {
  return layers.flatMap(({ name, remote }, index) => {
    const content = inputs[index]?.content;
    const publication = publications[index];
    if (!remote || publication === undefined || content === undefined || !('archive' in content)) return [];
    return [{ name, archive: content.archive, ...publicationOf(publication) }];
  });
}

/** What was kept before this process was started. */
export interface KeptSet {
  revision: string;
  confirmedAt: Date;
  /** By the names of their sources. */
  archives: ReadonlyMap<string, Uint8Array>;
}

/** What keeping tells of. */
export interface KeeperEvents {
  /** The set is on the disk. */
  kept(): void;
  /** It is not, for this reason; whatever was kept before still is. */
  failed(reason: string): void;
}

/** Keeps the last good set of archives on disk. That it cannot never keeps anything else from going on. */
export class Keeper {
  readonly #files: KeptFiles;
  readonly #events: KeeperEvents;
  #index: KeptIndex | undefined;
  /** What of the kept set this process has put itself. */
  #put = new Map<Uint8Array, KeptFile>();
  /** What is to be kept next; a set that another has replaced meanwhile is passed over. */
  #next: SetToKeep | undefined;
  #last: Promise<void> = Promise.resolve();
  #failed = false;

  constructor(stateDir: string, events: KeeperEvents) {
    this.#files = new KeptFiles(stateDir);
    this.#events = events;
  }

  /** Reads what is known of the kept set. What is damaged is as if it were not there, and told. */
  async open(): Promise<void> {
    try {
      const text = await this.#files.readIndex();
      this.#index = text === undefined ? undefined : readIndex(text);
      if (text !== undefined && this.#index === undefined) this.#events.failed('what was kept is damaged');
    } catch (error) {
      this.#events.failed(`what was kept cannot be read: ${reasonOf(error)}`);
    }
  }

  /** What ran of a source before, as far as it is known. */
  ranBefore(name: string): Publication | undefined {
    const layer = this.#index?.layers.find((each) => each.name === name);
    return layer === undefined ? undefined : publicationOf(layer);
  }

  /**
   * The kept set, when it is one of these sources and all of it is what was kept.
   *
   * @param maxBytes of each archive
   * @returns why there is none to serve, otherwise
   */
  async read(sources: readonly string[], maxBytes = Number.POSITIVE_INFINITY): Promise<KeptSet | string> {
    const index = this.#index;
    if (index === undefined) return 'nothing is kept';
    if (JSON.stringify(index.sources) !== JSON.stringify(sources)) return 'what is kept is of other sources';
    const archives = new Map<string, Uint8Array>();
    for (const layer of index.layers) {
      const archive = await this.#files.read(layer, maxBytes);
      if (archive === undefined) return `what is kept of ${layer.name} is damaged`;
      archives.set(layer.name, archive);
    }
    return { revision: index.revision, confirmedAt: index.confirmedAt, archives };
  }

  /** Whether the last set that was to be kept could not be. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Keeps a set, after what is being kept. */
  keep(set: SetToKeep): void {
    const waiting = this.#next !== undefined;
    this.#next = set;
    if (waiting) return;
    this.#last = this.#last.then(() => this.#keepNext());
  }

  /** Resolves when nothing is being kept any more. */
  idle(): Promise<void> {
    return this.#last;
  }

  async #keepNext(): Promise<void> {
    const set = this.#next;
    this.#next = undefined;
    if (set === undefined) return;
    try {
      const layers: KeptIndex['layers'] = [];
      for (const { archive, ...layer } of set.layers) {
        layers.push({ ...layer, ...(this.#there(archive) ?? (await this.#files.put(archive))) });
      }
      const index = { ...set, layers };
      await this.#files.putIndex(writeIndex(index), layers);
      this.#index = index;
      this.#put = new Map(set.layers.map(({ archive }, position) => [archive, layers[position] as KeptFile]));
      this.#failed = false;
      this.#events.kept();
    } catch (error) {
      this.#failed = true;
      this.#put.clear();
      await this.#files.tidy(this.#index?.layers ?? []);
      this.#events.failed(reasonOf(error));
    }
  }

  /** Where an archive is that this process has put already. */
  #there(archive: Uint8Array): KeptFile | undefined {
    const put = this.#put.get(archive);
    return put === undefined ? undefined : { file: put.file, sha256: put.sha256 };
  }
}
