/** What became of looking into the store. It says nothing of who asks or what: no subject, no attribute. */
export interface EmbeddedPdpEvent {
  /**
   * - `refreshed`: a new revision answers from now on
   * - `refresh-unchanged`: the store has what runs
   * - `refresh-refused`: the store has a bundle that is not taken; told once for each
   * - `refresh-failed`: the store could not be read, or what was read is damaged; told once for a problem that lasts
   * - `refresh-recovered`: the store can be read again, and has what runs
   */
  type: 'refreshed' | 'refresh-unchanged' | 'refresh-refused' | 'refresh-failed' | 'refresh-recovered';
  /** The revision that answers from now on. */
  revision?: string;
  /** The name of the error: `InvalidBundleError`, `PdpUnavailableError`, … */
  error?: string;
  /** What is wrong, for people: the file in the bundle, the status of the store's answer. */
  problem?: string;
}

type Listener = (event: EmbeddedPdpEvent) => unknown;

/** Tells what becomes of looking into the store: a problem once, as long as it stays the same. */
export class StoreEvents {
  readonly #listener: Listener;
  #problem: Error | undefined;

  /** @param listener can do no harm: what it throws, or rejects with, is dropped */
  constructor(listener: Listener = writeProblem) {
    this.#listener = listener;
  }

  /** Why the store is of no use, if it is not. */
  get problem(): Error | undefined {
    return this.#problem;
  }

  refreshed(revision: string): void {
    this.#problem = undefined;
    this.#tell({ type: 'refreshed', revision });
  }

  unchanged(revision: string | undefined): void {
    const type = this.#problem === undefined ? 'refresh-unchanged' : 'refresh-recovered';
    this.#problem = undefined;
    this.#tell({ type, ...running(revision) });
  }

  refused(problem: Error, revision: string | undefined): void {
    this.#problem = problem;
    this.#tellProblem('refresh-refused', problem, revision);
  }

  failed(problem: Error, revision: string | undefined): void {
    const isKnown = this.#problem?.message === problem.message;
    this.#problem = problem;
    if (!isKnown) this.#tellProblem('refresh-failed', problem, revision);
  }

  #tellProblem(type: EmbeddedPdpEvent['type'], problem: Error, revision: string | undefined): void {
    this.#tell({ type, ...running(revision), error: problem.name, problem: problem.message });
  }

  #tell(event: EmbeddedPdpEvent): void {
    try {
      const outcome = this.#listener(event);
      if (outcome instanceof Promise) outcome.catch(() => {});
    } catch {
      // A decision is not lost over a metric.
    }
  }
}

function running(revision: string | undefined): Pick<EmbeddedPdpEvent, 'revision'> {
  return revision === undefined ? {} : { revision };
}

/** Without a listener a bundle that is not taken must not go unseen. */
function writeProblem({ type, error, problem }: EmbeddedPdpEvent): void {
  if (problem !== undefined) console.warn(`pdp ${type}: ${error}: ${problem}`);
}
