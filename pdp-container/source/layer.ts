import type { LayerContent } from '../../compiler/index.ts';

/** One of the sources that are served together, as something that is looked at again and again. */
export interface Layer {
  /** For people, logs and errors: an absolute path, or an address without credentials. */
  readonly name: string;
  /** The same while {@link content} gives the same. @default only reading it tells */
  readonly tag?: string | undefined;
  /** When the source last said what it has. @default it never did */
  readonly checkedAt: Date | undefined;
  /** Why it could not be asked the last time. @default it could */
  readonly problem: string | undefined;
  /**
   * Begins to look for changes.
   *
   * @returns after the first look, whatever came of it
   */
  start(events: LayerEvents): Promise<void>;
  /** Looks at once, for what was there when this was called. Resolves when it is known, or cannot be. */
  look(): Promise<void>;
  /**
   * What is there, as far as it is known.
   *
   * @returns undefined as long as nothing is
   * @throws the reason why it cannot be read
   */
  content(): Promise<LayerContent | undefined>;
  /** Stops looking, after what is under way. */
  stop(): Promise<void>;
}

/** What a layer tells of. Neither may reject or throw. */
export interface LayerEvents {
  /** There is something else than before. */
  changed(): Promise<void>;
  /** The source was asked, over a network: {@link Layer.checkedAt} or {@link Layer.problem} say what came of it. */
  asked(): void;
}
