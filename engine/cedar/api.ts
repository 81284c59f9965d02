import type { EntityJson, EntityUid, PolicyJson, SchemaJson, TemplateLink } from '../cedar-json.ts';
import type { StoredEntities } from '../contract.ts';
import type { LaidOver } from '../evaluator.ts';

/** Policies in Cedar's JSON format. */
export interface EnginePolicies {
  staticPolicies: Record<string, PolicyJson>;
  templates?: Record<string, PolicyJson>;
  templateLinks?: TemplateLink[];
}

export interface EngineOptions {
  policies: EnginePolicies;
  /**
   * What gives values their types: strings that are extension values, objects that are entities. Entities and
   * contexts that it does not allow are refused.
   */
  schema?: SchemaJson;
  /** Entities and contexts are known to be as the schema wants them, and are not held to it again. @default false */
  checked?: boolean;
  entities?: EntityData;
}

/**
 * Entities in Cedar's JSON format: a list of values, or JSON text of it as a string or as UTF-8, which may come in
 * pieces cut anywhere. Text keeps integers beyond 2^53 - 1 exact, and of what comes in pieces no more is in memory
 * than one of them.
 */
export type EntityData = EntityJson[] | string | Uint8Array | Iterable<Uint8Array>;

export interface EngineRequest {
  principal: EntityUid;
  action: EntityUid;
  resource: EntityUid;
  context?: Record<string, unknown>;
  /** Whole entities in place of the stored ones, for this request only. */
  entities?: EntityJson[];
  /**
   * Attributes laid over stored ones, and parents put beside stored ones, for this request only; an entity that is
   * not stored exists with them.
   */
  attributes?: LaidOver[];
}

export interface EngineResponse {
  decision: 'allow' | 'deny';
  /** Ids of the determining policies, sorted. */
  reasons: string[];
  /** Policies that erred and so did not apply, sorted by id. */
  errors: { policyId: string; message: string }[];
}

/** A Cedar authorizer over entities of its own. */
export interface CedarEngine {
  /** @throws InvalidRequestError for a value that Cedar cannot hold */
  isAuthorized(request: EngineRequest): EngineResponse;
  /**
   * Sets entities, all or none of them.
   *
   * @throws InvalidRequestError for a value that Cedar cannot hold, an entity twice, or a circle of parents
   */
  upsertEntities(entities: EntityData): void;
  /** Takes entities out; one that is not stored is no error. @throws InvalidRequestError for what is no uid */
  removeEntities(uids: EntityUid[]): void;
  /** Ids of the stored entities of a type, in code unit order. */
  idsOfType(type: string): readonly string[];
  /**
   * Entities of a type, in the code unit order of their ids, among which is every principal that a policy permits
   * the action on the resource: what a search has to look at.
   *
   * @param parents what the search puts above the resource beside its stored parents
   */
  principalCandidates(
    type: string,
    action: EntityUid,
    resource: EntityUid,
    parents?: readonly EntityUid[],
  ): readonly EntityUid[];
  /** The same for resources. */
  resourceCandidates(type: string, action: EntityUid, principal: EntityUid): readonly EntityUid[];
  /**
   * Whether the request is permitted with another entity of the same type in that role: what a search asks of many.
   * The candidates that this engine gives are found without looking them up; another engine's are not for this one.
   *
   * @throws InvalidRequestError for a value of the request that Cedar cannot hold
   */
  permitting(request: EngineRequest, role: 'principal' | 'resource'): (candidate: EntityUid) => boolean;
  /** What is stored, for reading. */
  readonly entities: StoredEntities;
  /** Entities stored. */
  readonly size: number;
}
