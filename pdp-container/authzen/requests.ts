import {
  type AccessRequest,
  type ActionSearch,
  type EvaluationsSemantic,
  InvalidRequestError,
  type JsonObject,
  type PageRequest,
  parseAccessRequest,
  parseAction,
  parseEntity,
  parseSearchedEntity,
  type ResourceSearch,
  type SubjectSearch,
} from '../../engine/index.ts';

/**
 * The bodies of AuthZEN 1.0 that are more than one evaluation, parsed from unknown shapes. Unknown fields are
 * ignored and an optional field that is `null` counts as absent. Whatever is wrong is thrown as
 * InvalidRequestError with the path to it.
 */

const SEMANTICS: readonly EvaluationsSemantic[] = [
  'execute_all',
  'deny_on_first_deny',
  'permit_on_first_permit',
];
const ENTITIES = ['subject', 'action', 'resource'] as const;

type UnknownRecord = Record<string, unknown>;

/** A batch (section 7.1), or the single evaluation that a request without `evaluations` is. */
export type EvaluationsRequest =
  | { single: AccessRequest }
  | { items: unknown[]; defaults: UnknownRecord; semantic: EvaluationsSemantic };

/** @throws InvalidRequestError for what is wrong with the batch as a whole; items are parsed one by one later */
export function parseEvaluations(body: unknown, maxItems: number): EvaluationsRequest {
  const request = object(body, 'request');
  const semantic = parseSemantic(request.options);
  const items = request.evaluations ?? [];
  if (!Array.isArray(items)) throw new InvalidRequestError('evaluations', 'must be an array');
  if (items.length === 0) return { single: parseAccessRequest(request) };
  if (items.length > maxItems) {
    throw new InvalidRequestError(
      'evaluations',
      `has ${items.length} items; at most ${maxItems} are allowed`,
    );
  }
  const defaults: UnknownRecord = {};
  for (const key of [...ENTITIES, 'context']) {
    if (isPresent(request[key])) defaults[key] = object(request[key], key);
  }
  return { items, defaults, semantic };
}

/**
 * One item over the defaults of its batch (section 7.1.1). An item's entity replaces the default as a whole: a
 * field that it lacks is not taken from the default, which may be another entity. For the same reason an entity
 * that is `null` is an error, not the default.
 *
 * @throws InvalidRequestError
 */
export function parseItem(item: unknown, defaults: UnknownRecord): AccessRequest {
  const own = object(item, 'evaluation');
  const merged: UnknownRecord = { context: own.context ?? defaults.context };
  for (const key of ENTITIES) merged[key] = own[key] === undefined ? defaults[key] : own[key];
  return parseAccessRequest(merged);
}

/** Section 8.4. */
export function parseSubjectSearch(body: unknown): SubjectSearch {
  const request = object(body, 'request');
  return {
    subject: parseSearchedEntity(request.subject, 'subject'),
    action: parseAction(request.action),
    resource: parseEntity(request.resource, 'resource'),
    ...parseRest(request),
  };
}

/** Section 8.5. */
export function parseResourceSearch(body: unknown): ResourceSearch {
  const request = object(body, 'request');
  return {
    subject: parseEntity(request.subject, 'subject'),
    action: parseAction(request.action),
    resource: parseSearchedEntity(request.resource, 'resource'),
    ...parseRest(request),
  };
}

/** Section 8.6. An `action` that is sent is ignored. */
export function parseActionSearch(body: unknown): ActionSearch {
  const request = object(body, 'request');
  return {
    subject: parseEntity(request.subject, 'subject'),
    resource: parseEntity(request.resource, 'resource'),
    ...parseRest(request),
  };
}

function parseRest(request: UnknownRecord): { context?: JsonObject; page?: PageRequest } {
  const rest: { context?: JsonObject; page?: PageRequest } = {};
  if (isPresent(request.context)) rest.context = object(request.context, 'context') as JsonObject;
  if (isPresent(request.page)) rest.page = parsePage(object(request.page, 'page'));
  return rest;
}

function parsePage({ limit, token }: UnknownRecord): PageRequest {
  const page: PageRequest = {};
  if (isPresent(limit)) {
    if (!Number.isSafeInteger(limit) || (limit as number) < 1) {
      throw new InvalidRequestError('page.limit', 'must be a whole number, 1 or more');
    }
    page.limit = limit as number;
  }
  if (isPresent(token)) {
    if (typeof token !== 'string') throw new InvalidRequestError('page.token', 'must be a string');
    page.token = token;
  }
  return page;
}

function parseSemantic(options: unknown): EvaluationsSemantic {
  if (!isPresent(options)) return 'execute_all';
  const semantic = object(options, 'options').evaluations_semantic ?? 'execute_all';
  const known = SEMANTICS.find((name) => name === semantic);
  if (known === undefined) {
    throw new InvalidRequestError('options.evaluations_semantic', `must be one of ${SEMANTICS.join(', ')}`);
  }
  return known;
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function object(value: unknown, path: string): UnknownRecord {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidRequestError(path, 'must be an object');
  }
  return value as UnknownRecord;
}
