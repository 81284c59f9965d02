import { NAME as KEY, OPTIONAL_RECORD, WELL_FORMED } from '../http/schemas.ts';

/**
 * The bodies of Permit's PDP API as JSON Schema. What validates requests is also what the OpenAPI document shows.
 * Fields that are not here are ignored, and an optional one that is `null` counts as absent.
 */

const OPTIONAL_TEXT = { type: ['string', 'null'], pattern: WELL_FORMED } as const;
const OPTIONAL_KEYS = { type: ['array', 'null'], items: KEY } as const;

export const USER = {
  type: 'object',
  required: ['key'],
  properties: {
    key: KEY,
    first_name: OPTIONAL_TEXT,
    last_name: OPTIONAL_TEXT,
    firstName: { ...OPTIONAL_TEXT, description: 'As first_name: the Node SDK sends this one' },
    lastName: { ...OPTIONAL_TEXT, description: 'As last_name' },
    email: OPTIONAL_TEXT,
    attributes: { ...OPTIONAL_RECORD, description: 'Laid over the stored ones for this request' },
  },
} as const;

export const RESOURCE = {
  type: 'object',
  required: ['type'],
  properties: {
    type: KEY,
    key: { ...OPTIONAL_TEXT, description: 'Without one: any of this type in this tenant' },
    tenant: OPTIONAL_TEXT,
    attributes: { ...OPTIONAL_RECORD, description: 'Laid over the stored ones for this request' },
    context: OPTIONAL_RECORD,
  },
} as const;

/** One question: what the reference calls Q. */
export const PERMIT_QUERY = {
  type: 'object',
  required: ['user', 'action', 'resource'],
  properties: { user: USER, action: KEY, resource: RESOURCE, context: OPTIONAL_RECORD, sdk: OPTIONAL_TEXT },
} as const;

export function permitQueries(maxItems: number) {
  return { type: 'array', maxItems, items: PERMIT_QUERY } as const;
}

const USER_OR_KEY = { anyOf: [USER, KEY] } as const;
const RESOURCE_OR_TEXT = {
  anyOf: [RESOURCE, { ...KEY, description: 'type:key, or the type alone' }],
} as const;

const ALL_TENANTS_QUERY = {
  ...PERMIT_QUERY,
  properties: { ...PERMIT_QUERY.properties, user: USER_OR_KEY, resource: RESOURCE_OR_TEXT },
} as const;

/** The body of `/allowed/all-tenants`. */
export const ALL_TENANTS_BODY = {
  anyOf: [
    ALL_TENANTS_QUERY,
    {
      description: 'As checkAllTenants of the Node SDK sends it',
      type: 'object',
      required: ['params'],
      properties: { params: ALL_TENANTS_QUERY },
    },
  ],
} as const;

export const USER_PERMISSIONS_QUERY = {
  type: 'object',
  required: ['user'],
  properties: {
    user: USER,
    tenants: { ...OPTIONAL_KEYS, description: 'Only these. Default: those in which the user has a role' },
    resources: { ...OPTIONAL_KEYS, description: 'Only these, each as type:key' },
    resource_types: { ...OPTIONAL_KEYS, description: 'Only these; __tenant stands for tenants' },
    context: OPTIONAL_RECORD,
  },
} as const;

export const USER_TENANTS_QUERY = {
  type: 'object',
  required: ['user'],
  properties: { user: USER, context: OPTIONAL_RECORD },
} as const;

export const AUTHORIZED_USERS_QUERY = {
  type: 'object',
  required: ['action', 'resource'],
  properties: { action: KEY, resource: RESOURCE, context: OPTIONAL_RECORD, sdk: OPTIONAL_TEXT },
} as const;

/** The body of `/allowed_url`. */
export const URL_QUERY = {
  type: 'object',
  required: ['user', 'http_method', 'url', 'tenant'],
  properties: {
    user: USER,
    http_method: { ...KEY, description: 'In any letter case' },
    url: { ...KEY, description: 'With scheme and host, or a path that begins with /' },
    tenant: { ...KEY, description: 'In which the resource is' },
    context: OPTIONAL_RECORD,
    sdk: OPTIONAL_TEXT,
  },
} as const;

/** The headers of `/nginx_allowed`. */
export const NGINX_HEADERS = {
  type: 'object',
  required: ['permit-user-key', 'permit-tenant-id', 'permit-action', 'permit-resource-type'],
  properties: {
    'permit-user-key': KEY,
    'permit-tenant-id': KEY,
    'permit-action': KEY,
    'permit-resource-type': KEY,
  },
} as const;

/** The query string of `/local/role_assignments`. */
export const ROLE_ASSIGNMENTS_QUERY = {
  type: 'object',
  properties: {
    user: { type: 'string' },
    role: { type: 'string' },
    tenant: { type: 'string' },
    resource: { type: 'string', description: 'Type of the resource that a role is on' },
    resource_instance: { type: 'string', description: 'Resource that a role is on, as type:key' },
    page: { type: 'integer', minimum: 1, default: 1 },
    per_page: { type: 'integer', minimum: 1, maximum: 100, default: 30 },
  },
} as const;
