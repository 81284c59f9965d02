import { query } from '../permit/support.ts';

/** What a Git host signs with. */
export const WEBHOOK_SECRET = 'a-secret-of-the-git-host';

/** A request that an operation answers with 200, or 202. */
export interface Example {
  /** Where the path has a template. */
  path?: string;
  search?: string;
  headers?: Record<string, string>;
  body?: unknown;
}

const EVALUATION = {
  subject: { type: 'user', id: 'alice', properties: { a: 1 } },
  action: { name: 'read', properties: { soft: true } },
  resource: { type: 'note', id: 'plan', properties: null },
  context: { night: false },
};
const Q = query('alice', 'write', { key: 'plan', tenant: 'acme', attributes: { colour: 'blue' } });
const USER = { key: 'alice', first_name: 'Alice', email: null, attributes: { suspended: false } };
const PERMISSIONS = { user: USER, tenants: ['acme'], resources: ['note:plan'], resource_types: ['note'] };
const { subject, resource, context } = EVALUATION;
const PAGE = { limit: 10, token: null };

/** A request to an application, which a proxy asks about. */
const NOTES = '/tenants/acme/notes';
const PROXIED = { 'x-pdp-subject': 'alice' };
const ORIGINAL = { ...PROXIED, 'x-original-method': 'GET', 'x-original-uri': NOTES };

const METHODS = ['GET', 'HEAD', 'TRACE', 'DELETE', 'OPTIONS', 'PATCH', 'PUT', 'POST'];

const MAIN: Record<string, Example> = {
  'GET /healthy': {},
  'GET /ready': {},
  'GET /healthcheck': {},
  'GET /health': {},
  'GET /metrics': {},
  'GET /openapi.json': {},
  'GET /.well-known/authzen-configuration': {},
  'POST /access/v1/evaluation': { body: EVALUATION },
  'POST /access/v1/evaluations': {
    body: {
      ...EVALUATION,
      evaluations: [{ context: null }],
      options: { evaluations_semantic: 'execute_all' },
    },
  },
  'POST /access/v1/search/subject': {
    body: { ...EVALUATION, subject: { type: 'user', properties: {} }, page: PAGE },
  },
  'POST /access/v1/search/resource': { body: { ...EVALUATION, resource: { type: 'note' }, page: PAGE } },
  'POST /access/v1/search/action': { body: { subject, resource, context, page: PAGE } },
  'POST /allowed': { body: Q },
  'POST /allowed/bulk': { body: [Q, Q] },
  'POST /allowed/all-tenants': { body: Q },
  'POST /user-permissions': { body: PERMISSIONS },
  'POST /user-tenants': { body: { user: USER, context: {} } },
  'POST /authorized_users': { body: { action: 'write', resource: { type: 'note', tenant: 'acme' } } },
  'GET /local/role_assignments': { search: '?user=alice&page=1&per_page=2' },
  'POST /policy-updater/trigger': {},
  'POST /data-updater/trigger': {},
  'POST /policy-updater/webhook': { headers: { 'x-gitlab-token': WEBHOOK_SECRET } },
  'POST /allowed_url': {
    body: { user: USER, http_method: 'GET', url: `https://api.test${NOTES}`, tenant: 'acme', context: {} },
  },
  'POST /nginx_allowed': {
    headers: {
      'permit-user-key': 'alice',
      'permit-tenant-id': 'acme',
      'permit-action': 'write',
      'permit-resource-type': 'note',
    },
  },
  ...Object.fromEntries(
    METHODS.flatMap((method) => [
      [`${method} /authz/request`, { headers: ORIGINAL }],
      [`${method} /authz/request/{path}`, { path: `/authz/request${NOTES}`, headers: PROXIED }],
    ]),
  ),
};

/** Documents and their inputs. */
const DOCUMENTS: Record<string, unknown> = {
  'permit/root': Q,
  'permit/bulk': { checks: [Q] },
  'permit/any_tenant': Q,
  'permit/user_permissions/tenants': { user: USER },
  'permit/user_permissions': PERMISSIONS,
  authzen: EVALUATION,
  cedar: EVALUATION,
  system: EVALUATION,
};

const asQuery = (input: unknown) => `?input=${encodeURIComponent(JSON.stringify(input))}&provenance&metrics`;

const OPA: Record<string, Example> = {
  'GET /health': { search: '?bundles' },
  'GET /v1/policies': {},
  'GET /v1/policies/{path}': { path: '/v1/policies/editors' },
  'POST /': { body: EVALUATION },
  ...Object.fromEntries(
    Object.entries(DOCUMENTS).flatMap(([path, input]) => [
      [`POST /v1/data/${path}`, { body: { input } }],
      [`GET /v1/data/${path}`, { search: asQuery(input) }],
      [`POST /v0/data/${path}`, { body: input }],
    ]),
  ),
  'POST /v1/data/{path}': { path: '/v1/data/cedar/reasons', body: { input: EVALUATION } },
  'GET /v1/data/{path}': { path: '/v1/data/cedar/reasons', search: asQuery(EVALUATION) },
  'POST /v0/data/{path}': { path: '/v0/data/authzen/allow', body: EVALUATION },
};

/** By the name of the operation. */
export const EXAMPLES: ReadonlyMap<string, Example> = new Map([
  ...Object.entries(MAIN),
  ...Object.entries(OPA).map(([name, example]): [string, Example] => [name.replace(' ', ' opa:'), example]),
]);
