import { RECORD } from '../http/schemas.ts';

/** The answers of Permit's PDP API as JSON Schema, for the OpenAPI document. */

const DETAIL = { type: 'object', required: ['detail'], properties: { detail: { type: 'string' } } } as const;

export const CHECK_RESULT = {
  type: 'object',
  required: ['allow', 'result'],
  properties: {
    allow: { type: 'boolean' },
    query: { ...RECORD, description: 'What was asked, as it was understood' },
    debug: {
      type: 'object',
      description: 'Why: the policies that decided, those that erred, the revision that answered',
      properties: {
        policies: { type: 'array', items: { type: 'string' } },
        errors: { type: 'array', items: { type: 'string' } },
        advice: { type: 'array', items: { type: 'string' } },
        revision: { type: 'string' },
        reason: { type: 'string', description: 'Of a URL: why it belongs to no question' },
        error: {
          type: 'object',
          description: 'Why it could not be evaluated; it is a deny',
          properties: { status: { type: 'integer' }, message: { type: 'string' } },
        },
      },
      additionalProperties: true,
    },
    result: { type: 'boolean', deprecated: true, description: 'As allow' },
  },
} as const;

export const BULK_RESULT = {
  type: 'object',
  required: ['allow'],
  properties: { allow: { type: 'array', description: 'In the order of the questions', items: CHECK_RESULT } },
} as const;

export const TENANT = {
  type: 'object',
  required: ['key', 'attributes'],
  properties: { key: { type: 'string' }, attributes: RECORD },
} as const;

const TENANT_RESULTS = {
  type: 'array',
  items: {
    type: 'object',
    required: ['tenant', 'allow', 'result'],
    properties: { tenant: TENANT, allow: { type: 'boolean' }, result: { type: 'boolean' } },
  },
} as const;

export const ALL_TENANTS_RESULT = {
  type: 'object',
  required: ['allowed_tenants', 'allowedTenants'],
  properties: {
    allowed_tenants: TENANT_RESULTS,
    allowedTenants: { ...TENANT_RESULTS, description: 'The same: what the Node SDK reads' },
  },
} as const;

export const USER_PERMISSIONS_RESULT = {
  type: 'object',
  description: 'By __tenant:key and type:key',
  additionalProperties: {
    type: 'object',
    required: ['permissions', 'roles'],
    properties: {
      tenant: TENANT,
      resource: {
        type: 'object',
        required: ['key', 'type', 'attributes'],
        properties: { key: { type: 'string' }, type: { type: 'string' }, attributes: RECORD },
      },
      permissions: { type: 'array', items: { type: 'string', description: 'type:action' } },
      roles: { type: 'array', items: { type: 'string' } },
    },
  },
} as const;

export const USER_TENANTS_RESULT = { type: 'array', items: TENANT } as const;

export const AUTHORIZED_USERS_RESULT = {
  type: 'object',
  required: ['resource', 'tenant', 'users'],
  properties: {
    resource: { type: 'string', description: 'type:key, or type:*' },
    tenant: { type: 'string' },
    users: {
      type: 'object',
      additionalProperties: {
        type: 'array',
        items: {
          type: 'object',
          required: ['user', 'tenant', 'resource', 'role'],
          properties: {
            user: { type: 'string' },
            tenant: { type: 'string' },
            resource: { type: 'string', description: '__tenant:key, or type:key' },
            role: { type: 'string' },
          },
        },
      },
    },
  },
} as const;

export const ROLE_ASSIGNMENTS_RESULT = {
  type: 'array',
  items: {
    type: 'object',
    required: ['user', 'role', 'tenant'],
    properties: {
      user: { type: 'string' },
      role: { type: 'string' },
      tenant: { type: 'string' },
      resource_instance: { type: 'string', description: 'type:key; a role in the whole tenant has none' },
    },
  },
} as const;

export const TRIGGER_RESULT = {
  type: 'object',
  required: ['status'],
  properties: { status: { type: 'string', enum: ['ok'] } },
} as const;

const TEXT = { 'text/plain': { schema: { type: 'string' } } } as const;

/** What every route may answer. */
export const REFUSALS = {
  401: { description: 'No key was sent', content: TEXT },
  403: { description: 'The key, or its scheme, is not the right one', content: TEXT },
} as const;

export const ERRORS = {
  ...REFUSALS,
  413: { ...DETAIL, description: 'The body is too large' },
  422: {
    description: 'The request is not valid',
    type: 'object',
    required: ['detail'],
    properties: {
      detail: {
        type: 'array',
        items: {
          type: 'object',
          required: ['loc', 'msg', 'type'],
          properties: {
            loc: { type: 'array', items: { type: ['string', 'integer'] } },
            msg: { type: 'string' },
            type: { type: 'string' },
          },
        },
      },
    },
  },
  502: { ...DETAIL, description: 'The evaluator failed' },
  503: { ...DETAIL, description: 'No revision is active, or the answer takes too long' },
} as const;
