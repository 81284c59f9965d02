import type { Pacing } from '../../../pdp-container/source/poller.ts';
import { type Fetched, type RemoteSource, SourceError } from '../../../pdp-container/source/remote-source.ts';

/** A source whose answers are given by the test, one for each question. */
export class FakeRemote implements RemoteSource {
  readonly name: string;
  waits = false;
  closed = false;
  /** The tags that it was asked with. */
  readonly asked: (string | undefined)[] = [];
  readonly #questions: PromiseWithResolvers<Fetched | undefined>[] = [];

  constructor(name = 'fake://source') {
    this.name = name;
  }

  fetch(tag: string | undefined, signal: AbortSignal): Promise<Fetched | undefined> {
    const question = Promise.withResolvers<Fetched | undefined>();
    this.asked.push(tag);
    this.#questions.push(question);
    signal.addEventListener('abort', () => question.reject(signal.reason));
    return question.promise;
  }

  close(): void {
    this.closed = true;
  }

  /** Answers the latest question. */
  async answer(tag: string | undefined, archive: Uint8Array = new Uint8Array()): Promise<void> {
    this.#questions.at(-1)?.resolve(tag === undefined ? undefined : { tag, archive });
    await settle();
  }

  async fail(error: Error = new SourceError('answered 503')): Promise<void> {
    this.#questions.at(-1)?.reject(error);
    await settle();
  }
}

/** Time that passes when the test says so, and chance that is what it says. */
export class FakePacing implements Pacing {
  /** The waits that there were. */
  readonly waits: number[] = [];
  chance = 0.5;
  #time = 0;
  #wake = () => {};

  now(): number {
    return this.#time;
  }

  random(): number {
    return this.chance;
  }

  wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    this.waits.push(milliseconds);
    return new Promise((resolve) => {
      this.#wake = resolve;
      signal.addEventListener('abort', () => resolve());
      if (signal.aborted) resolve();
    });
  }

  /** Ends the wait there is. */
  async pass(): Promise<void> {
    this.#wake();
    await settle();
  }

  advance(milliseconds: number): void {
    this.#time += milliseconds;
  }
}

/** Lets what has been settled take its course. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
