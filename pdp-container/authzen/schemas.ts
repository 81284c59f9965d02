import { ERRORS, NAME, OPTIONAL_RECORD, REFUSALS } from '../http/schemas.ts';

/**
 * The bodies of AuthZEN 1.0 as JSON Schema, for the OpenAPI document. What refuses a request are the parsers, here and
 * in the engine, which is faster and also what functions have; a test holds each schema and its parser to one verdict.
 * Unknown fields are ignored, and an optional field that is `null` counts as absent.
 */

const TAGS = ['AuthZEN'] as const;
const TEXT = { type: 'string' } as const;
const TEXTS = { type: 'array', items: TEXT } as const;

const PROPERTIES = {
  ...OPTIONAL_RECORD,
  description: 'Attributes laid over the stored ones for this request',
} as const;

const ENTITY = {
  type: 'object',
  required: ['type', 'id'],
  properties: { type: NAME, id: NAME, properties: PROPERTIES },
} as const;

/** Its `id` is ignored. */
const SEARCHED = {
  type: 'object',
  required: ['type'],
  properties: { type: NAME, properties: PROPERTIES },
} as const;

const ACTION = {
  type: 'object',
  required: ['name'],
  properties: { name: NAME, properties: { ...OPTIONAL_RECORD, description: 'In policies `context.action`' } },
} as const;

const CONTEXT = { ...OPTIONAL_RECORD, description: 'The environment of the request' } as const;

/** One evaluation. */
export const EVALUATION = {
  type: 'object',
  required: ['subject', 'action', 'resource'],
  properties: { subject: ENTITY, action: ACTION, resource: ENTITY, context: CONTEXT },
} as const;

const SEMANTIC = {
  enum: ['execute_all', 'deny_on_first_deny', 'permit_on_first_permit', null],
  description: 'With another than execute_all the answers end at the one that decided',
} as const;

const OPTIONS = { type: ['object', 'null'], properties: { evaluations_semantic: SEMANTIC } } as const;

/** A batch, or one evaluation where there is no list. @param maxItems of the list */
export function evaluationsBody(maxItems: number) {
  const list = {
    type: ['array', 'null'],
    maxItems,
    items: {
      description:
        'An evaluation, over what is beside the list; one that is not valid is a deny that says why in its context',
    },
  } as const;
  return {
    type: 'object',
    properties: { evaluations: list, options: OPTIONS },
    if: { required: ['evaluations'], properties: { evaluations: { type: 'array', minItems: 1 } } },
    // biome-ignore lint/suspicious/noThenProperty: JSON Schema's word.
    then: {
      properties: {
        subject: OPTIONAL_RECORD,
        action: OPTIONAL_RECORD,
        resource: OPTIONAL_RECORD,
        context: OPTIONAL_RECORD,
      },
    },
    else: EVALUATION,
  } as const;
}

const PAGE = {
  type: ['object', 'null'],
  properties: {
    limit: { type: ['integer', 'null'], minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
    token: { type: ['string', 'null'], description: 'As the page before gave it' },
  },
} as const;

export const SUBJECT_SEARCH = {
  type: 'object',
  required: ['subject', 'action', 'resource'],
  properties: { subject: SEARCHED, action: ACTION, resource: ENTITY, context: CONTEXT, page: PAGE },
} as const;

export const RESOURCE_SEARCH = {
  type: 'object',
  required: ['subject', 'action', 'resource'],
  properties: { subject: ENTITY, action: ACTION, resource: SEARCHED, context: CONTEXT, page: PAGE },
} as const;

/** An `action` is ignored. */
export const ACTION_SEARCH = {
  type: 'object',
  required: ['subject', 'resource'],
  properties: { subject: ENTITY, resource: ENTITY, context: CONTEXT, page: PAGE },
} as const;

const DECISION = {
  type: 'object',
  required: ['decision'],
  properties: {
    decision: { type: 'boolean' },
    context: {
      type: 'object',
      required: ['revision'],
      properties: {
        policies: { ...TEXTS, description: 'Ids of the policies that decided' },
        revision: { ...TEXT, description: 'Of the bundle that answered' },
        advice: { ...TEXTS, description: '@advice of the policies that decided' },
        errors: { ...TEXTS, description: 'Ids of the policies that erred and so did not apply' },
        error: {
          type: 'object',
          description: 'Why it could not be evaluated; it is a deny',
          required: ['status', 'message'],
          properties: { status: { type: 'integer' }, message: TEXT },
        },
      },
    },
  },
} as const;

const DECISIONS = {
  anyOf: [
    DECISION,
    {
      type: 'object',
      required: ['evaluations'],
      properties: {
        evaluations: { type: 'array', description: 'In the order of the list', items: DECISION },
      },
    },
  ],
} as const;

function resultsOf(item: object) {
  return {
    type: 'object',
    required: ['results', 'page'],
    properties: {
      results: { type: 'array', items: item },
      page: {
        type: 'object',
        required: ['next_token', 'count'],
        properties: {
          next_token: { ...TEXT, description: 'Empty on the last page' },
          count: { type: 'integer' },
        },
      },
    },
  } as const;
}

const FOUND = {
  type: 'object',
  required: ['type', 'id'],
  properties: { type: TEXT, id: TEXT },
} as const;

function schemaOf(summary: string, body: object, result: object) {
  return { tags: TAGS, summary, body, response: { 200: result, ...ERRORS } };
}

export const EVALUATION_ROUTE = schemaOf(
  'Whether a subject may do an action on a resource',
  EVALUATION,
  DECISION,
);

export function evaluationsRoute(maxItems: number) {
  return schemaOf('The same for many', evaluationsBody(maxItems), DECISIONS);
}

export const SUBJECT_SEARCH_ROUTE = schemaOf(
  'The subjects that may do an action on a resource',
  SUBJECT_SEARCH,
  resultsOf(FOUND),
);

export const RESOURCE_SEARCH_ROUTE = schemaOf(
  'The resources that a subject may do an action on',
  RESOURCE_SEARCH,
  resultsOf(FOUND),
);

export const ACTION_SEARCH_ROUTE = schemaOf(
  'The actions that a subject may do on a resource',
  ACTION_SEARCH,
  resultsOf({ type: 'object', required: ['name'], properties: { name: TEXT } }),
);

export const DISCOVERY_ROUTE = {
  tags: TAGS,
  summary: 'Where the endpoints are',
  response: {
    200: {
      type: 'object',
      required: ['policy_decision_point'],
      additionalProperties: TEXT,
      properties: { policy_decision_point: TEXT },
    },
    400: ERRORS[400],
    ...REFUSALS,
  },
} as const;
