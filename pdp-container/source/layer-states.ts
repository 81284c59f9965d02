import type { Problem } from '../../engine/index.ts';
import type { Publication } from '../../engine/publication.ts';
import { reasonOf } from '../errno.ts';
import type { Layer } from './layer.ts';
import { SourceError } from './remote-source.ts';

/** How one source is, for people and machines that watch. */
export interface SourceState {
  /** Without credentials. */
  readonly name: string;
  /** When it last said what it has. @default it never did */
  readonly checkedAt: Date | undefined;
  /** What of it is active. @default nothing is */
  readonly active: Publication | undefined;
  /** Why it could not be asked the last time. @default it could */
  readonly problem: string | undefined;
}

/** What is known of layers besides their content. */
export class LayerStates {
  readonly #layers: readonly Layer[];
  #active: readonly Publication[] | undefined;
  /** When each was last what is active. */
  readonly #confirmedAt: (Date | undefined)[];
  #current = false;

  constructor(layers: readonly Layer[]) {
    this.#layers = layers;
    this.#confirmedAt = layers.map(() => undefined);
  }

  get sources(): SourceState[] {
    return this.#layers.map(({ name, checkedAt, problem }, index) => ({
      name,
      checkedAt,
      active: this.#active?.[index],
      problem,
    }));
  }

  /** When all sources last said that what is active is what they have; undefined while nothing is. */
  get confirmedAt(): Date | undefined {
    if (this.#active === undefined) return undefined;
    const times = this.#layers.map(({ remote, checkedAt }, index) =>
      // Files of this machine are looked at all the time, and a change is told at once.
      !remote && this.#current ? checkedAt : this.#confirmedAt[index],
    );
    return times.reduce((first, time) =>
      first !== undefined && time !== undefined && time > first ? first : time,
    );
  }

  /** What is active is what all of them had when they were last read. */
  get current(): boolean {
    return this.#current;
  }

  /** Names of all, in order. */
  get names(): string[] {
    return this.#layers.map(({ name }) => name);
  }

  /** What is wrong with asking them. */
  get problems(): Problem[] {
    return this.#layers.flatMap(({ name, problem, remote, checkedAt }) => {
      if (problem !== undefined) return [problemOf(name, problem)];
      return remote && checkedAt === undefined ? [problemOf(name, 'has not answered yet')] : [];
    });
  }

  /** What all of them had when they were last read is active. */
  taken(publications: readonly Publication[]): void {
    this.#active = publications;
    this.#current = true;
    for (const [index, { checkedAt }] of this.#layers.entries()) this.#confirmedAt[index] = checkedAt;
  }

  /** What was kept is active, though no source says so. */
  takenFromKept(publications: readonly Publication[], confirmedAt: Date): void {
    this.#active = publications;
    this.#confirmedAt.fill(confirmedAt);
  }

  /** They have something else than what is active, which is not good. */
  refused(): void {
    this.#current = false;
  }

  /** One has what it had. */
  confirmed(layer: Layer): void {
    if (this.#current) this.#confirmedAt[this.#layers.indexOf(layer)] = layer.checkedAt;
  }
}

export function problemOf(name: string, message: string): Problem {
  return { severity: 'error', file: name, line: 1, column: 1, message };
}

/** A source that could not be read at all, in the form of everything else that can be wrong with it. */
export function unreadable(name: string, error: unknown): Problem {
  return problemOf(name, error instanceof SourceError ? error.message : `cannot be read: ${reasonOf(error)}`);
}
