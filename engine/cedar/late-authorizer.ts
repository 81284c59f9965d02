import type { BuiltEntities } from '../built-entities.ts';
import type { BuiltPolicies, PolicyHead } from '../built-policies.ts';
import type { Schema } from '../schema.ts';
import type { EngineRequest, EngineResponse } from './api.ts';
import { Authorizer } from './authorizer.ts';
import { actionsNamed, latePolicies } from './late-policies.ts';
import { LateStore } from './late-store.ts';

/** Decides by policies and entities that it is known to take, and reads each of them when it is first asked for. */
export class LateAuthorizer extends Authorizer {
  readonly #late: LateStore;

  constructor(
    policies: BuiltPolicies,
    head: PolicyHead,
    entities: BuiltEntities,
    schema: Schema | undefined,
  ) {
    const store = new LateStore(entities, schema, actionsNamed(head));
    super(latePolicies(policies, head, store), store, schema);
    this.#late = store;
  }

  /** @throws PdpUnavailableError when they turn out not to be good */
  override isAuthorized(request: EngineRequest): EngineResponse {
    for (;;) {
      const { made, missed } = this.#late;
      const response = super.isAuthorized(request);
      // What was read meanwhile may name what the request had a node of its own for: they must be one.
      if (this.#late.made === made || this.#late.missed === missed) return response;
    }
  }
}
