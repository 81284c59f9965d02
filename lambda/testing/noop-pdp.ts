import type { AccessRequest, Decision, PolicyDecisionPoint } from '../../engine/contract.ts';
import { refuseInLambda } from './refuse-in-lambda.ts';

/**
 * A PDP that looks at nothing and always answers the same: to run an application on a laptop when its decisions are
 * not what is worked on. Unless told otherwise it denies. For tests of what is asked there is `FakePdp`.
 *
 * @throws ConfigurationError when it is made in Lambda
 */
export class NoopPdp implements PolicyDecisionPoint {
  readonly #decision: boolean;

  /** @param decision what it answers to everything; @default false */
  constructor({ decision = false }: { decision?: boolean } = {}) {
    refuseInLambda('NoopPdp');
    this.#decision = decision;
  }

  /** One that lets everybody do everything. */
  static permitting(): NoopPdp {
    return new NoopPdp({ decision: true });
  }

  async evaluate(_request: AccessRequest): Promise<Decision> {
    return { decision: this.#decision };
  }

  async evaluateAll(requests: AccessRequest[]): Promise<Decision[]> {
    return requests.map(() => ({ decision: this.#decision }));
  }
}
