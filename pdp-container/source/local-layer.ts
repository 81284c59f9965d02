import { readFile, stat } from 'node:fs/promises';
import type { Layer, LayerEvents, ReadLayer } from './layer.ts';
import { SourceError } from './remote-source.ts';
import { look, type Watch, watch } from './watch.ts';

/** What {@link LocalLayer} is about. */
export interface LocalFiles {
  kind: 'directory' | 'archive';
  /** Absolute. */
  path: string;
  /** Differs when what is there may have changed. Rejects while it cannot be read. */
  fingerprint(): Promise<string>;
}

/** A directory or an archive of this machine. It is read anew for each load, and so knows of no problem itself. */
export class LocalLayer implements Layer {
  readonly name: string;
  readonly remote = false;
  readonly problem = undefined;
  readonly #files: LocalFiles;
  readonly #everyMs: number;
  readonly #maxBytes: number;
  #checkedAt: Date | undefined;
  #watch: Watch | undefined;
  #stopped = false;

  /**
   * @param everyMs milliseconds between looks; 0 for none
   * @param maxBytes of an archive, past which it is not read
   */
  constructor(files: LocalFiles, everyMs: number, maxBytes: number) {
    this.name = files.path;
    this.#files = files;
    this.#everyMs = everyMs;
    this.#maxBytes = maxBytes;
  }

  get checkedAt(): Date | undefined {
    return this.#checkedAt;
  }

  async start({ changed }: LayerEvents): Promise<void> {
    const fingerprint = () => this.#fingerprint();
    const known = await look(fingerprint);
    if (this.#everyMs > 0 && !this.#stopped) this.#watch = watch(known, fingerprint, changed, this.#everyMs);
  }

  async look(): Promise<void> {}

  async content(): Promise<ReadLayer> {
    const { kind, path } = this.#files;
    await this.#fingerprint();
    if (kind === 'directory') return { content: { directory: path } };
    const { size } = await stat(path);
    if (size > this.#maxBytes) throw new SourceError(`has ${size} bytes; the limit is ${this.#maxBytes}`);
    return { content: { archive: await readFile(path) } };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#watch?.stop();
  }

  async #fingerprint(): Promise<string> {
    const fingerprint = await this.#files.fingerprint();
    this.#checkedAt = new Date();
    return fingerprint;
  }
}
