import type { Bundle, BundleEntities } from './bundle.ts';
import type { CedarValue, EntityUid } from './cedar-json.ts';

/** A request in Cedar's terms, every value already checked. */
export interface CedarRequest {
  principal: EntityUid;
  action: EntityUid;
  resource: EntityUid;
  context?: Record<string, CedarValue>;
  /** What is laid over stored entities, for this request only. */
  attributes?: LaidOver[];
}

/** Attributes laid over the stored ones of an entity, and parents beside its stored ones. */
export interface LaidOver {
  uid: EntityUid;
  attrs: Record<string, CedarValue>;
  parents?: EntityUid[];
}

export interface CedarResponse {
  decision: 'allow' | 'deny';
  /** Ids of the determining policies, sorted. */
  reasons: string[];
  /** Policies that erred, and so did not apply. */
  errors: { policyId: string; message: string }[];
}

/** What evaluates Cedar policies over the entities of a bundle. Synchronous, and safe to share. */
export interface Evaluator {
  isAuthorized(request: CedarRequest): CedarResponse;
  /** Whether the request is permitted with another entity in that role: for asking of many at less cost. */
  permitting?(request: CedarRequest, role: 'principal' | 'resource'): (candidate: EntityUid) => boolean;
}

/** Makes an evaluator for a bundle; `compiled` is the kit's own over the same bundle. */
export type EvaluatorFactory = (bundle: Bundle<BundleEntities>, compiled: Evaluator) => Evaluator;
