import type { JsonObject } from '../../engine/contract.ts';
import type { Optional, PermitQuery, PermitResource, PermitUser } from './mapping.ts';
import { parseResourceText } from './names.ts';
import {
  AUTHORIZED_USERS_QUERY,
  PERMIT_QUERY,
  permitQueries,
  ROLE_ASSIGNMENTS_QUERY,
  URL_QUERY,
  USER_PERMISSIONS_QUERY,
  USER_TENANTS_QUERY,
} from './schemas.ts';
import { bodyCheck, type Check, queryStringCheck } from './validation.ts';

/** The bodies of Permit's PDP API, parsed from unknown shapes. Each throws InvalidRequestError. */

export interface UserPermissionsQuery {
  user: PermitUser;
  tenants?: Optional<string[]>;
  /** As `type:key`. */
  resources?: Optional<string[]>;
  resource_types?: Optional<string[]>;
  context?: Optional<JsonObject>;
}

export interface UserTenantsQuery {
  user: PermitUser;
}

export interface AuthorizedUsersQuery {
  action: string;
  resource: PermitResource;
  context?: Optional<JsonObject>;
}

/** A request to an application, for the URL rules to say what it asks. */
export interface UrlQuery {
  user: PermitUser;
  http_method: string;
  url: string;
  tenant: string;
  context?: Optional<JsonObject>;
}

/** What `/local/role_assignments` is asked for; what is not given, or empty, is any. */
export interface RoleAssignmentsQuery {
  user?: string;
  role?: string;
  tenant?: string;
  /** Type of the resource that a role is on. */
  resource?: string;
  /** As `type:key`. */
  resource_instance?: string;
  /** From 1. */
  page: number;
  per_page: number;
}

export const parsePermitQuery = parser<PermitQuery>(bodyCheck(PERMIT_QUERY));
export const parseUrlQuery = parser<UrlQuery>(bodyCheck(URL_QUERY));
export const parseUserPermissionsQuery = parser<UserPermissionsQuery>(bodyCheck(USER_PERMISSIONS_QUERY));
export const parseUserTenantsQuery = parser<UserTenantsQuery>(bodyCheck(USER_TENANTS_QUERY));

const checkRoleAssignments = queryStringCheck(ROLE_ASSIGNMENTS_QUERY);

/** Reads a query string, in which all is text. */
export function parseRoleAssignmentsQuery(value: unknown): RoleAssignmentsQuery {
  checkRoleAssignments(value);
  return value as RoleAssignmentsQuery;
}

const checkAuthorizedUsers = bodyCheck(AUTHORIZED_USERS_QUERY);

export function parseAuthorizedUsersQuery(value: unknown): AuthorizedUsersQuery {
  checkAuthorizedUsers(value);
  return value as AuthorizedUsersQuery;
}

/** The body of `/allowed/bulk`, with at most so many questions. */
export function permitQueriesParser(maxItems: number): (value: unknown) => PermitQuery[] {
  const check = bodyCheck(permitQueries(maxItems));
  return (value) => {
    check(value);
    return (value as PermitQuery[]).map(withNames);
  };
}

/**
 * A question about all tenants: as any other, or where `checkAllTenants` of the Node SDK puts it, under `params`, with
 * user and resource as its caller gave them: `"bob"` and `"note:1"` are `{key: "bob"}` and `{type: "note", key: "1"}`.
 */
export function parseAllTenantsQuery(value: unknown): PermitQuery {
  const { params } = (value ?? {}) as { params?: unknown };
  const asked = params ?? value;
  if (typeof asked !== 'object' || asked === null) return parsePermitQuery(asked);
  const { user, resource } = asked as { user?: unknown; resource?: unknown };
  return parsePermitQuery({
    ...asked,
    ...(typeof user === 'string' ? { user: { key: user } } : {}),
    ...(typeof resource === 'string' ? { resource: parseResourceText(resource) } : {}),
  });
}

function parser<T extends { user: PermitUser }>(check: Check): (value: unknown) => T {
  return (value) => {
    check(value);
    return withNames(value as T);
  };
}

/** The Node SDK sends a user's names in its own spelling. */
function withNames<T extends { user: PermitUser }>(query: T): T {
  const { firstName, lastName, ...user } = query.user as PermitUser & {
    firstName?: Optional<string>;
    lastName?: Optional<string>;
  };
  if (firstName === undefined && lastName === undefined) return query;
  const named = { ...user, first_name: user.first_name ?? firstName, last_name: user.last_name ?? lastName };
  return { ...query, user: named };
}
