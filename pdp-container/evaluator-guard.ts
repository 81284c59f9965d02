import {
  type CedarRequest,
  type Evaluator,
  type EvaluatorFactory,
  PdpUnavailableError,
} from '../engine/index.ts';

const NOBODY = { type: 'SelfCheck', id: 'self-check' };
/** Every evaluator has an answer to this, whatever its policies. */
const SELF_CHECK: CedarRequest = {
  principal: NOBODY,
  action: { type: 'Action', id: 'self-check' },
  resource: NOBODY,
};

/**
 * Watches what decides. An evaluator that fails at a request is put a question that it must be able to answer: if it
 * can, the fault was in that request alone, and no caller can stop the others. If it cannot, as when a WebAssembly
 * instance has died, it is broken and never asked again, since what it would still answer is not to be trusted; only
 * a new process mends that.
 */
export class EvaluatorGuard {
  readonly #onBroken: (error: unknown) => void;
  #broken = false;

  constructor(onBroken: (error: unknown) => void) {
    this.#onBroken = onBroken;
  }

  get broken(): boolean {
    return this.#broken;
  }

  /**
   * The same evaluators, watched. Each is put the question once when it is made: a first decision sets up what later
   * ones use, and no caller should wait for that.
   */
  watching(make: EvaluatorFactory = (_bundle, compiled) => compiled): EvaluatorFactory {
    return (bundle, compiled) => {
      const evaluator = make(bundle, compiled);
      evaluator.isAuthorized(SELF_CHECK);
      return this.#watched(evaluator);
    };
  }

  #watched(evaluator: Evaluator): Evaluator {
    const { permitting } = evaluator;
    return {
      isAuthorized: (request) => this.#run(evaluator, () => evaluator.isAuthorized(request)),
      ...(permitting !== undefined && {
        permitting: (request, role) => {
          const permits = this.#run(evaluator, () => permitting.call(evaluator, request, role));
          return (candidate) => this.#run(evaluator, () => permits(candidate));
        },
      }),
    };
  }

  #run<T>(evaluator: Evaluator, ask: () => T): T {
    if (this.#broken) throw new PdpUnavailableError('the evaluator is broken');
    try {
      return ask();
    } catch (error) {
      this.#examine(evaluator);
      throw error;
    }
  }

  #examine(evaluator: Evaluator): void {
    try {
      evaluator.isAuthorized(SELF_CHECK);
    } catch (error) {
      this.#broken = true;
      this.#onBroken(error);
    }
  }
}
