import { InvalidRequestError } from '../../engine/index.ts';
import { Turns } from '../turns.ts';
import type { PermitCall } from './check.ts';
import { resourceId, toAction, toContext, toResource } from './mapping.ts';
import { instanceId, tenantInstanceId } from './names.ts';
import type { AuthorizedUsersQuery } from './requests.ts';
import { type RoleAssignment, RoleReader, storedTenant } from './roles.ts';

/** Most users in one answer, which Permit's API does not give in pages. */
const MAX_USERS = 100_000;

/** Users asked for at once. */
const PAGE_LIMIT = 1_000;

/** What Permit takes a resource without a tenant to be in. */
const DEFAULT_TENANT = 'default';

/** A role that an authorized user has where the question is about. */
export interface AuthorizedUserRole {
  user: string;
  tenant: string;
  /** `__tenant:key` for a role in the whole tenant, or `type:key`. */
  resource: string;
  role: string;
}

export interface AuthorizedUsers {
  /** As `type:key`; the key is `*` for any of the type. */
  resource: string;
  tenant: string;
  /** By user; those who are allowed without a role there have none. */
  users: Record<string, AuthorizedUserRole[]>;
}

/**
 * The stored users who may do an action on a resource, with the roles that they have in its tenant and on itself.
 *
 * @throws InvalidRequestError, also when there are too many; or the reason of `signal` once that is aborted
 */
export async function authorizedUsers(
  { action, resource: asked, context: sent }: AuthorizedUsersQuery,
  { pdp, decider, types, ids }: PermitCall,
  signal: AbortSignal,
): Promise<AuthorizedUsers> {
  const start = performance.now();
  const turns = new Turns(signal);
  const uid = { type: asked.type, id: resourceId(asked.key) };
  const resource = instanceId(uid);
  const tenant = asked.tenant || (storedTenant(uid, pdp.entities, types) ?? DEFAULT_TENANT);
  const context = toContext(sent, asked.context);
  const search = {
    subject: { type: types.user },
    action: toAction(action),
    resource: toResource(asked, types),
    ...(context === undefined ? {} : { context }),
  };
  const reader = new RoleReader(pdp.entities, types);
  const rolesOf = (user: string) =>
    reader
      .of(user)
      .filter((assignment) => assignment.tenant === tenant && isThere(assignment, resource))
      .map(({ role, resource_instance: instance }) => ({
        user,
        tenant,
        resource: instance ?? tenantInstanceId(tenant),
        role,
      }));
  // Without a prototype `__proto__` is a key like any other.
  const users: AuthorizedUsers['users'] = Object.create(null);
  let count = 0;
  for (let token: string | undefined; token !== ''; ) {
    const page = { limit: PAGE_LIMIT, ...(token === undefined ? {} : { token }) };
    const found = await pdp.searchSubjects({ ...search, page }, { signal });
    count += found.results.length;
    if (count > MAX_USERS) throw tooMany();
    for (const { id } of found.results) {
      await turns.next();
      users[id] = rolesOf(id);
    }
    token = found.page.next_token;
  }
  decider.searched('subject', search, count, pdp, ids, start);
  return { resource, tenant, users };
}

/** A role in the whole tenant, or on this resource. */
function isThere({ resource_instance: instance }: RoleAssignment, resource: string): boolean {
  return instance === undefined || instance === resource;
}

function tooMany(): InvalidRequestError {
  return new InvalidRequestError(
    'resource',
    `more than ${MAX_USERS} users are authorized: ask /access/v1/search/subject, which answers in pages`,
  );
}
