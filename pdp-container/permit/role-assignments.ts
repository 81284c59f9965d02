import { Turns } from '../turns.ts';
import type { PermitCall } from './check.ts';
import { parseResourceText } from './names.ts';
import type { RoleAssignmentsQuery } from './requests.ts';
import { type RoleAssignment, RoleReader } from './roles.ts';

/**
 * One page of the stored role assignments, in the order of the users' keys.
 *
 * @throws the reason of `signal` once that is aborted
 */
export async function roleAssignments(
  query: RoleAssignmentsQuery,
  { pdp: { entities }, types }: PermitCall,
  signal: AbortSignal,
): Promise<RoleAssignment[]> {
  const turns = new Turns(signal);
  const reader = new RoleReader(entities, types);
  const users = query.user ? [query.user] : entities.ids(types.user);
  const found: RoleAssignment[] = [];
  let before = (query.page - 1) * query.per_page;
  for (const user of users) {
    await turns.next();
    for (const assignment of reader.of(user)) {
      if (!fits(assignment, query)) continue;
      if (before > 0) before -= 1;
      else if (found.push(assignment) === query.per_page) return found;
    }
  }
  return found;
}

function fits(assignment: RoleAssignment, query: RoleAssignmentsQuery): boolean {
  const { role, tenant, resource_instance: instance } = assignment;
  const type = instance === undefined ? undefined : parseResourceText(instance).type;
  return (
    isAskedFor(role, query.role) &&
    isAskedFor(tenant, query.tenant) &&
    isAskedFor(type, query.resource) &&
    isAskedFor(instance, query.resource_instance)
  );
}

function isAskedFor(value: string | undefined, wanted: string | undefined): boolean {
  return wanted === undefined || wanted === '' || value === wanted;
}
