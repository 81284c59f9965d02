import type { BuiltEntities } from '../built-entities.ts';
import type { BuiltPolicies, PolicyHead } from '../built-policies.ts';
import type { CedarRequest, CedarResponse } from '../evaluator.ts';
import type { Schema } from '../schema.ts';
import { Authorizer } from './authorizer.ts';
import { actionsNamed, latePolicies } from './late-policies.ts';
import { LateStore } from './late-store.ts';

/** What is evaluated, and whether policies are read when they are first asked for or, not known to be good, now. */
export interface LateSource {
  policies: BuiltPolicies;
  head: PolicyHead;
  entities: BuiltEntities;
  schema: Schema | undefined;
  when: 'now' | 'needed';
}

/** Decides by policies and entities of a built bundle. */
export class LateAuthorizer extends Authorizer {
  readonly #late: LateStore;
  readonly #entities: BuiltEntities;

  /**
   * Its entities are read when they are first needed, unless {@link readEntities} has done so.
   *
   * @throws ConfigurationError naming the policy that cannot be evaluated
   */
  constructor({ policies, head, entities, schema, when }: LateSource) {
    const store = new LateStore(entities, schema, actionsNamed(head));
    super(latePolicies(policies, head, { store, when }), store, schema);
    this.#late = store;
    this.#entities = entities;
  }

  /** Reads all entities, one with each step. @throws PdpUnavailableError when one is not good */
  *readEntities(): Generator<void> {
    for (const { uid } of this.#entities.all()) {
      this.#late.find(uid.type, uid.id);
      yield;
    }
  }

  /** @throws as the constructor and {@link readEntities} do, for what has not been read before */
  override isAuthorized(request: CedarRequest): CedarResponse {
    for (;;) {
      const { made, missed } = this.#late;
      const response = super.isAuthorized(request);
      // What was read meanwhile may name what the request had a node of its own for: they must be one.
      if (this.#late.made === made || this.#late.missed === missed) return response;
    }
  }
}
