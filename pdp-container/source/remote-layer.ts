import type { Layer, LayerEvents, ReadLayer } from './layer.ts';
import { type Pacing, Poller } from './poller.ts';
import { type Fetched, type RemoteSource, SourceError } from './remote-source.ts';

/** A source over a network. What it had last stays known while it cannot be asked. */
export class RemoteLayer implements Layer {
  readonly name: string;
  readonly remote = true;
  readonly #source: RemoteSource;
  readonly #everyMs: number;
  readonly #pacing: Pacing | undefined;
  #fetched: Fetched | undefined;
  #checkedAt: Date | undefined;
  #problem: string | undefined;
  #poller: Poller | undefined;

  /** @param everyMs milliseconds between questions; 0 for none */
  constructor(source: RemoteSource, everyMs: number, pacing?: Pacing) {
    this.name = source.name;
    this.#source = source;
    this.#everyMs = everyMs;
    this.#pacing = pacing;
  }

  get checkedAt(): Date | undefined {
    return this.#checkedAt;
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  start({ changed, confirmed, failed }: LayerEvents): Promise<void> {
    const answered = () => {
      this.#checkedAt = new Date();
      this.#problem = undefined;
    };
    const events = {
      fetched: async (fetched: Fetched) => {
        const before = this.#fetched;
        answered();
        if (before !== undefined && Buffer.compare(before.archive, fetched.archive) === 0) {
          // Under another tag: its server may call it otherwise each time.
          confirmed();
          return;
        }
        this.#fetched = fetched;
        await changed();
      },
      unchanged: () => {
        answered();
        confirmed();
      },
      failed: (error: unknown) => {
        // Only what a source says of itself is known to have no credentials in it.
        this.#problem = error instanceof SourceError ? error.message : 'it failed unexpectedly';
        failed();
      },
    };
    this.#poller = new Poller(this.#source, this.#everyMs, events, this.#pacing);
    return this.#poller.start();
  }

  async look(): Promise<void> {
    await this.#poller?.ask();
  }

  async content(): Promise<ReadLayer | undefined> {
    if (this.#fetched === undefined) return undefined;
    const { archive, tag } = this.#fetched;
    return { content: { archive }, tag };
  }

  async stop(): Promise<void> {
    await this.#poller?.stop();
  }
}
