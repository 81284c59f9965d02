import type { FastifyInstance } from 'fastify';
import type { Authenticate } from '../http/authentication.ts';
import { ignoreBodies } from '../http/json-body.ts';
import { sendJson } from '../http/send-json.ts';
import { allTenants } from './all-tenants.ts';
import { refuse, sendDetail } from './answers.ts';
import { authorizedUsers } from './authorized-users.ts';
import { check, checkBulk } from './check.ts';
import { keyInBody } from './key-in-body.ts';
import {
  parseAllTenantsQuery,
  parseAuthorizedUsersQuery,
  parsePermitQuery,
  parseRoleAssignmentsQuery,
  parseUserPermissionsQuery,
  parseUserTenantsQuery,
  permitQueriesParser,
} from './requests.ts';
import {
  ALL_TENANTS_RESULT,
  AUTHORIZED_USERS_RESULT,
  BULK_RESULT,
  CHECK_RESULT,
  ERRORS,
  REFUSALS,
  ROLE_ASSIGNMENTS_RESULT,
  TRIGGER_RESULT,
  USER_PERMISSIONS_RESULT,
  USER_TENANTS_RESULT,
} from './results.ts';
import { roleAssignments } from './role-assignments.ts';
import {
  ALL_TENANTS_BODY,
  AUTHORIZED_USERS_QUERY,
  PERMIT_QUERY,
  permitQueries,
  ROLE_ASSIGNMENTS_QUERY,
  USER_PERMISSIONS_QUERY,
  USER_TENANTS_QUERY,
} from './schemas.ts';
import { type PermitParts, permitRoute, permitScope } from './scope.ts';
import { userPermissions } from './user-permissions.ts';
import { userTenants } from './user-tenants.ts';

/** In the OpenAPI document. */
export const PERMIT_TAGS = ['Permit'];

export interface PermitRoutesParts extends PermitParts {
  authenticate: Authenticate;
  /** Whether `/allowed/all-tenants` takes the key from the body, where the Node SDK puts it. */
  keyInBody: boolean;
  /** Loads the source again. @returns whether it is good */
  reload(): Promise<boolean>;
}

const ROLE_ASSIGNMENTS_SCHEMA = {
  tags: PERMIT_TAGS,
  summary: 'The stored role assignments, in pages',
  querystring: ROLE_ASSIGNMENTS_QUERY,
  response: { 200: ROLE_ASSIGNMENTS_RESULT, ...ERRORS },
};

const TRIGGER_SCHEMA = {
  tags: PERMIT_TAGS,
  summary: 'Load the source again, policies and data alike; answered when that is done',
  response: { 200: TRIGGER_RESULT, ...REFUSALS, 502: ERRORS[502] },
};

/** Permit's PDP API, on the same port as AuthZEN; `/allowed_url` and `/nginx_allowed` are with the proxies. */
export function permitRoutes(app: FastifyInstance, parts: PermitRoutesParts): void {
  permitScope(app, parts, (scope) => {
    decisionRoutes(scope, parts);
    listRoutes(scope, parts);
  });
  permitScope(app, parts, (scope) => triggerRoutes(scope, parts));
}

function decisionRoutes(scope: FastifyInstance, parts: PermitRoutesParts): void {
  const { batchItems } = parts.limits;
  permitRoute(scope, parts, {
    url: '/allowed',
    schema: schemaOf('Whether a user may do an action on a resource', PERMIT_QUERY, CHECK_RESULT),
    parse: parsePermitQuery,
    answer: check,
  });
  permitRoute(scope, parts, {
    url: '/allowed/bulk',
    schema: schemaOf('The same for many questions', permitQueries(batchItems), BULK_RESULT),
    parse: permitQueriesParser(batchItems),
    answer: (queries, call, inTime) => inTime((signal) => checkBulk(queries, call, signal)),
  });
  permitRoute(scope, parts, {
    url: '/allowed/all-tenants',
    schema: schemaOf('The tenants in which a question is allowed', ALL_TENANTS_BODY, ALL_TENANTS_RESULT),
    parse: parseAllTenantsQuery,
    answer: async (query, call, inTime) => {
      const allowed = await inTime((signal) => allTenants(query, call, signal));
      // Permit's name for it, and the one that its Node SDK reads.
      return { allowed_tenants: allowed, allowedTenants: allowed };
    },
    ...(parts.keyInBody ? keyInBody(parts.authenticate) : {}),
  });
}

function listRoutes(scope: FastifyInstance, parts: PermitRoutesParts): void {
  permitRoute(scope, parts, {
    url: '/user-permissions',
    schema: schemaOf('What a user may do', USER_PERMISSIONS_QUERY, USER_PERMISSIONS_RESULT),
    parse: parseUserPermissionsQuery,
    answer: (query, call, inTime) => inTime((signal) => userPermissions(query, call, signal)),
  });
  permitRoute(scope, parts, {
    url: '/user-tenants',
    schema: schemaOf('The tenants in which a user has a role', USER_TENANTS_QUERY, USER_TENANTS_RESULT),
    parse: parseUserTenantsQuery,
    answer: userTenants,
  });
  permitRoute(scope, parts, {
    url: '/authorized_users',
    schema: schemaOf('Who may do an action on a resource', AUTHORIZED_USERS_QUERY, AUTHORIZED_USERS_RESULT),
    parse: parseAuthorizedUsersQuery,
    answer: (query, call, inTime) => inTime((signal) => authorizedUsers(query, call, signal)),
  });
  permitRoute(scope, parts, {
    method: 'GET',
    url: '/local/role_assignments',
    schema: ROLE_ASSIGNMENTS_SCHEMA,
    parse: parseRoleAssignmentsQuery,
    answer: (query, call, inTime) => inTime((signal) => roleAssignments(query, call, signal)),
  });
}

function triggerRoutes(scope: FastifyInstance, { reload }: PermitRoutesParts): void {
  ignoreBodies(scope);
  for (const url of ['/policy-updater/trigger', '/data-updater/trigger']) {
    scope.post(url, {
      schema: TRIGGER_SCHEMA,
      config: { refuse },
      handler: async (_request, reply) => {
        if (await reload()) return sendJson(reply, { status: 'ok' });
        return sendDetail(
          reply,
          502,
          'the source is not good; what was active stays: /health says what is wrong',
        );
      },
    });
  }
}

function schemaOf(summary: string, body: object, result: object) {
  return { tags: PERMIT_TAGS, summary, body, response: { 200: result, ...ERRORS } };
}
