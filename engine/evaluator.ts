import type { Bundle } from './bundle.ts';
import type { CedarValue, EntityJson, EntityUid } from './cedar-json.ts';
import type { EntityStore } from './entity-store.ts';

/** A request in Cedar's terms, every value already checked. */
export interface CedarRequest {
  principal: EntityUid;
  action: EntityUid;
  resource: EntityUid;
  context: Record<string, CedarValue>;
  /** Whole entities that stand in for the stored ones of the same uid, for this request only. */
  entities?: EntityJson[];
}

export interface CedarResponse {
  decision: 'allow' | 'deny';
  /** Ids of the determining policies. */
  reasons: string[];
  /** Policies that erred, and so did not apply. */
  errors: { policyId: string; message: string }[];
}

/** What evaluates Cedar policies over a store of entities. Synchronous, and safe to share. */
export interface Evaluator {
  isAuthorized(request: CedarRequest): CedarResponse;
}

/** Makes an evaluator for the policies of a bundle. */
export type EvaluatorFactory = (bundle: Bundle, store: EntityStore) => Evaluator;
