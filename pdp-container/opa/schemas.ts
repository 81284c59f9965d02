import { EVALUATION } from '../authzen/schemas.ts';
import { RECORD } from '../http/schemas.ts';
import { ALL_TENANTS_RESULT, USER_PERMISSIONS_RESULT, USER_TENANTS_RESULT } from '../permit/results.ts';
import { permitQueries } from '../permit/schemas.ts';

/** What the routes of the OPA port take and answer, as JSON Schema, for the OpenAPI document. */
export type Schema = Readonly<Record<string, unknown>>;

const TEXT = { type: 'string' } as const;
const NAMES = { type: 'array', items: TEXT } as const;
const FLAG = { type: 'boolean' } as const;

export function bulkQuery(maxItems: number) {
  return { type: 'object', required: ['checks'], properties: { checks: permitQueries(maxItems) } } as const;
}

/** An evaluation of AuthZEN 1.0. */
export const ACCESS_REQUEST = EVALUATION;

export const ANY_TENANT_RESULT = {
  type: 'object',
  required: ['allowed_tenants'],
  properties: { allowed_tenants: ALL_TENANTS_RESULT.properties.allowed_tenants },
} as const;

export const PERMISSIONS_RESULT = {
  type: 'object',
  required: ['permissions', 'tenants'],
  properties: { permissions: USER_PERMISSIONS_RESULT, tenants: USER_TENANTS_RESULT },
} as const;

export const ALLOW_RESULT = { type: 'object', required: ['allow'], properties: { allow: FLAG } } as const;

export const MAIN_RESULT = { type: 'object', required: ['main'], properties: { main: FLAG } } as const;

export const CEDAR_RESULT = {
  type: 'object',
  required: ['allow', 'decision', 'reasons', 'errors', 'revision'],
  properties: {
    allow: FLAG,
    decision: { type: 'string', enum: ['allow', 'deny'] },
    reasons: { ...NAMES, description: 'Ids of the policies that decided' },
    errors: { ...NAMES, description: 'Ids of the policies that erred and so did not apply' },
    advice: { ...NAMES, description: '@advice of the policies that decided' },
    revision: TEXT,
    error: {
      type: 'object',
      description: 'Why no policy can be meant for the request; it is a deny',
      properties: { status: { type: 'integer' }, message: TEXT },
    },
  },
} as const;

export const ERROR = {
  type: 'object',
  required: ['code', 'message'],
  properties: { code: TEXT, message: TEXT, errors: { type: 'array', items: RECORD } },
} as const;

const ERRORS = {
  400: { ...ERROR, description: 'The input is not what the document takes, or a parameter is not supported' },
  401: { ...ERROR, description: 'The key was not sent, or is not the right one' },
  413: { ...ERROR, description: 'The body is too large' },
  503: {
    ...ERROR,
    description: 'No revision is active, the answer takes too long, or too many are under way',
  },
} as const;

/** `true`, or there without a value. */
const SWITCH = { type: 'string', enum: ['', 'true', 'false'] } as const;
const PRETTY = { pretty: { ...SWITCH, description: 'Indent the answer' } } as const;

const READ_PARAMETERS = {
  ...PRETTY,
  provenance: { ...SWITCH, description: 'Name the revision in the answer' },
  metrics: { ...SWITCH, description: 'Say in the answer how long it took' },
} as const;

export const TAGS = ['OPA'] as const;

/** The answer of `/v1/data` with a result of this form. */
function dataAnswer(result: Schema) {
  return {
    type: 'object',
    required: ['decision_id'],
    properties: {
      decision_id: { ...TEXT, description: 'X-Request-ID, or an id of its own; the decision log has it' },
      provenance: RECORD,
      metrics: RECORD,
      result: { ...result, description: 'Not there when the document is undefined' },
      warning: { type: 'object', properties: { code: TEXT, message: TEXT } },
    },
  } as const;
}

interface Described {
  summary: string;
  input: Schema;
  result: Schema;
}

/** `POST /v1/data/…`. */
export function postSchema({ summary, input, result }: Described) {
  return {
    tags: TAGS,
    summary,
    querystring: { type: 'object', properties: READ_PARAMETERS },
    body: {
      type: ['object', 'null'],
      properties: { input: { anyOf: [input, { type: 'null', description: 'As none: undefined' }] } },
    },
    response: { 200: dataAnswer(result), ...ERRORS },
  };
}

/** `GET /v1/data/…`. */
export function getSchema({ summary, result }: Described) {
  const input = { ...TEXT, description: 'The input as JSON' };
  return {
    tags: TAGS,
    summary,
    querystring: { type: 'object', properties: { input, ...READ_PARAMETERS } },
    response: { 200: dataAnswer(result), ...ERRORS },
  };
}

/** `POST /v0/data/…` and `POST /`. */
export function webhookSchema({ summary, input, result }: Described) {
  return {
    tags: TAGS,
    summary: `${summary} (the bare input and result)`,
    querystring: { type: 'object', properties: PRETTY },
    body: input,
    response: { 200: result, ...ERRORS, 404: { ...ERROR, description: 'The document is undefined' } },
  };
}

const POLICY = { type: 'object', required: ['id'], properties: { id: TEXT } } as const;

function policySchema(summary: string, result: Schema) {
  const answer = { type: 'object', required: ['result'], properties: { result } };
  const { 401: unauthorized, 503: unavailable } = ERRORS;
  return {
    tags: TAGS,
    summary,
    querystring: { type: 'object', properties: PRETTY },
    response: { 200: answer, 401: unauthorized, 503: unavailable },
  };
}

export const POLICIES_SCHEMA = policySchema('The ids of the active policies', {
  type: 'array',
  items: POLICY,
});
export const POLICY_SCHEMA = policySchema('Whether a policy is active', POLICY);

export const HEALTH_SCHEMA = {
  tags: TAGS,
  summary: 'Whether the process can decide; with bundles or plugins, whether it is safe to route to',
  querystring: {
    type: 'object',
    properties: { bundles: SWITCH, plugins: SWITCH, 'exclude-plugin': TEXT },
  },
  response: {
    200: { type: 'object', description: 'Healthy' },
    500: { type: 'object', required: ['error'], properties: { error: TEXT } },
  },
} as const;
