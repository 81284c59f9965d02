/**
 * The decision contract: what is asked, what is answered, and by whom. Every placement of the PDP, the HTTP
 * client and the embedded evaluator alike, implements {@link PolicyDecisionPoint}.
 *
 * The information model is OpenID AuthZEN Authorization API 1.0, section 5.
 */

/**
 * A JSON value as it arrives in a request. Beyond ±(2^53 - 1), where a number is no longer exact, an integer must be
 * a BigInt, which reaches to the 64 bits of Cedar's Long.
 */
export type JsonValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | JsonValue[]
  | { [key: string]: JsonValue };

/** A JSON object as it arrives in a request. */
export type JsonObject = { [key: string]: JsonValue };

/** Who asks (AuthZEN 1.0, section 5.1). Becomes the Cedar entity `type::"id"`. */
export interface Subject {
  type: string;
  id: string;
  /** Attributes laid over the stored ones of this entity, for this request only. */
  properties?: JsonObject;
}

/** What is acted on (AuthZEN 1.0, section 5.2). Becomes the Cedar entity `type::"id"`. */
export interface Resource {
  type: string;
  id: string;
  /** Attributes laid over the stored ones of this entity, for this request only. */
  properties?: JsonObject;
}

/** What is done (AuthZEN 1.0, section 5.3). Becomes `Action::"name"`. */
export interface Action {
  name: string;
  /** Put into the Cedar context as `context.action`. */
  properties?: JsonObject;
}

/** One question to the PDP (AuthZEN 1.0, section 6.1). */
export interface AccessRequest {
  subject: Subject;
  action: Action;
  resource: Resource;
  /** The environment of the request: time, network, device. Becomes the Cedar context. */
  context?: JsonObject;
}

/**
 * One question put in this process. A face that maps another protocol onto Cedar may place the resource in groups;
 * no caller's request is read into `parents`.
 */
export interface LocalRequest extends AccessRequest {
  resource: Resource & LaidOverParents;
}

export interface LaidOverParents {
  /**
   * Put above the entity beside its stored parents, for this request only. With a schema, those of a type that it
   * does not allow there are left out: no validated policy can look for them.
   */
  parents?: EntityRef[];
}

/** Why a decision came out as it did (AuthZEN 1.0, section 5.5.1: the response context is the PDP's to define). */
export interface DecisionContext {
  /** Ids (`@id`) of the determining policies; empty when no policy applied and the answer is the default deny. */
  policies?: string[];
  /** The revision of the bundle that answered. */
  revision?: string;
  /** The `@advice` annotations of the determining policies, in the order of `policies`. */
  advice?: string[];
  /** Ids of policies that erred and so did not apply. */
  errors?: string[];
  /** Set when the request itself could not be evaluated: an invalid item of a batch. */
  error?: { status: number; message: string };
  /** Set when the PDP that was asked gave no answer, and another one answered in its place: why, as an error's `code`. */
  fallback?: string;
  [key: string]: unknown;
}

/** The answer. Anything but `decision: true` is a deny. */
export interface Decision {
  decision: boolean;
  context?: DecisionContext;
}

/** How a batch is worked through (AuthZEN 1.0, section 7.1.2.1). */
export type EvaluationsSemantic = 'execute_all' | 'deny_on_first_deny' | 'permit_on_first_permit';

export interface EvaluateOptions {
  /** Gives up when aborted; the promise rejects, which callers treat as a deny. */
  signal?: AbortSignal;
  /** Milliseconds that the caller waits for the answer; the best use is made of them. */
  timeoutMs?: number;
  /** Passed on as `X-Request-ID` and written to the decision log. */
  requestId?: string;
}

export interface EvaluateAllOptions extends EvaluateOptions {
  /** @default 'execute_all' */
  semantic?: EvaluationsSemantic;
}

/** Whatever can answer access requests. Callers cannot tell one placement from another. */
export interface PolicyDecisionPoint {
  /**
   * Answers one question.
   *
   * @throws InvalidRequestError when the request is not one the PDP can evaluate
   * @throws PdpUnavailableError when no answer could be had
   */
  evaluate(request: AccessRequest, options?: EvaluateOptions): Promise<Decision>;
  /**
   * Answers many, in their order. An invalid item is a deny with `context.error`; it does not reject the batch.
   * With a semantic other than `execute_all` the answers end at the item that decided.
   *
   * @throws PdpUnavailableError when no answer could be had
   */
  evaluateAll(requests: AccessRequest[], options?: EvaluateAllOptions): Promise<Decision[]>;
}

/** `limit` 1 to 1,000; `token` as given by the page before. */
export interface PageRequest {
  limit?: number;
  token?: string;
}

/** One page of a search (AuthZEN 1.0, section 8). `next_token` is empty on the last one. */
export interface SearchResult<T> {
  results: T[];
  page: { next_token: string; count: number };
}

export interface EntityRef {
  type: string;
  id: string;
}

type SearchedEntity = { type: string; properties?: JsonObject };

export interface SubjectSearch {
  subject: SearchedEntity;
  action: Action;
  resource: Resource;
  context?: JsonObject;
  page?: PageRequest;
}

export interface ResourceSearch {
  subject: Subject;
  action: Action;
  resource: SearchedEntity;
  context?: JsonObject;
  page?: PageRequest;
}

export interface ActionSearch {
  subject: Subject;
  resource: Resource;
  context?: JsonObject;
  page?: PageRequest;
}

/** A PDP that holds its data, and so can also be searched (AuthZEN 1.0, section 8). */
export interface SearchablePdp extends PolicyDecisionPoint {
  /** Subjects of a type that may do the action on the resource. @throws InvalidRequestError */
  searchSubjects(search: SubjectSearch, options?: EvaluateOptions): Promise<SearchResult<EntityRef>>;
  /** Resources of a type that the subject may do the action on. @throws InvalidRequestError */
  searchResources(search: ResourceSearch, options?: EvaluateOptions): Promise<SearchResult<EntityRef>>;
  /** Actions that the subject may do on the resource. @throws InvalidRequestError */
  searchActions(search: ActionSearch, options?: EvaluateOptions): Promise<SearchResult<{ name: string }>>;
}

/** The entities that a revision has stored, for faces that tell of them. */
export interface StoredEntities {
  /** Types that there are entities of, in code unit order. */
  types(): readonly string[];
  /** Ids of a type, in code unit order. */
  ids(type: string): readonly string[];
  /**
   * In Cedar's JSON format, with explicit `__entity` and `__extn` escapes, and a BigInt beyond 2^53 - 1; undefined
   * for an entity that is not stored.
   */
  attributes(entity: EntityRef): JsonObject | undefined;
  /** Those named as parents, not what is above them. */
  parents(entity: EntityRef): readonly EntityRef[];
}

/** A PDP evaluating in this process, from one revision of a bundle. */
export interface LocalPdp extends SearchablePdp {
  readonly revision: string;
  /** Ids of its policies, links of templates among them. */
  readonly policies: readonly string[];
  readonly entities: StoredEntities;
  /**
   * Types of resources that subjects of a type may do something on, in code unit order: the schema's, or without one
   * all that entities and policies have.
   */
  resourceTypes(subjectType: string): readonly string[];
  /** The synchronous heart of {@link PolicyDecisionPoint.evaluate}. @throws InvalidRequestError */
  decide(request: LocalRequest): Decision;
  searchSubjects(
    search: SubjectSearch & { resource: LaidOverParents },
    options?: EvaluateOptions,
  ): Promise<SearchResult<EntityRef>>;
  searchActions(
    search: ActionSearch & { resource: LaidOverParents },
    options?: EvaluateOptions,
  ): Promise<SearchResult<{ name: string }>>;
}
