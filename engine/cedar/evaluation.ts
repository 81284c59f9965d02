import type { EngineResponse } from './api.ts';
import type { CompiledPolicy } from './compile-policy.ts';
import type { Environment } from './environment.ts';
import { caught, EvaluationFailure } from './failure.ts';
import { matchesScope, type Visitor } from './policy-index.ts';

const NONE: string[] = [];

/** A list of its own for the first one: most evaluations need one list or none. */
function added(list: string[], id: string): string[] {
  if (list === NONE) return [id];
  list.push(id);
  return list;
}

/** One request put to the policies: what each of them says. */
export class Evaluation implements Visitor {
  readonly env: Environment;
  #permits: string[] = NONE;
  #forbids: string[] = NONE;
  #errors: EngineResponse['errors'] = [];

  constructor(env: Environment) {
    this.env = env;
  }

  visit(policy: CompiledPolicy): void {
    if (!matchesScope(this.env, policy)) return;
    try {
      if (policy.condition !== undefined && !policy.condition(this.env)) return;
    } catch (error) {
      const { message } = caught(error, EvaluationFailure);
      this.#errors.push({ policyId: policy.id, message });
      return;
    }
    if (policy.effect === 'permit') this.#permits = added(this.#permits, policy.id);
    else this.#forbids = added(this.#forbids, policy.id);
  }

  get permitted(): boolean {
    return this.#permits.length > 0 && this.#forbids.length === 0;
  }

  /** A forbid wins over any permit; without a permit it is a deny. */
  response(): EngineResponse {
    const forbidden = this.#forbids.length > 0;
    const reasons = forbidden ? this.#forbids : this.#permits;
    if (reasons.length > 1) reasons.sort();
    const errors = this.#errors;
    if (errors.length > 1) errors.sort((a, b) => (a.policyId < b.policyId ? -1 : 1));
    return { decision: this.permitted ? 'allow' : 'deny', reasons: reasons === NONE ? [] : reasons, errors };
  }
}
