import type { LayerContent } from '../../compiler/index.ts';

/** One of the sources that are served together, as something that is looked at again and again. */
export interface Layer {
  /** For people, logs and errors: an absolute path, or an address without credentials. */
  readonly name: string;
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
  content(): Promise<ReadLayer | undefined>;
  /** Whether the source is somewhere else, so that what it had may be kept here for when it cannot be asked. */
  readonly remote: boolean;
  /** Stops looking, after what is under way. */
  stop(): Promise<void>;
}

/** What a layer gave. */
export interface ReadLayer {
  content: LayerContent;
  /** The same for the same content. @default only reading it tells */
  tag?: string;
}

/** What a layer tells of. None may reject or throw. */
export interface LayerEvents {
  /** There is something else than before. */
  changed(): Promise<void>;
  /** The source was asked over a network, and has what it had. */
  confirmed(): void;
  /** The source could not be asked: {@link Layer.problem} says why. */
  failed(): void;
}
