import type { EntityRef, JsonObject, JsonValue, StoredEntities } from '../../engine/contract.ts';
import type { PermitTypes } from './mapping.ts';
import { instanceId, parseResourceText } from './names.ts';

/**
 * Role assignments as Cedar entities: a user has a role when the role's entity is one of the user's own parents.
 *
 * | Role entity | Is |
 * |---|---|
 * | `role::"acme/editor"` | editor in the tenant acme |
 * | `role::"acme/note:roadmap#editor"` | editor of `note::"roadmap"`, in the tenant acme |
 * | attributes `tenant` (an entity), `role` (a string) and `resource` (an entity) | the same, told apart from the id |
 *
 * Attributes come before the id. A role that tells no tenant is not one of a tenant, and not listed. What is above a
 * role (an admin is an editor too) is what it brings, not another assignment.
 */

/** A role of a user, as Permit tells it. */
export interface RoleAssignment {
  user: string;
  role: string;
  tenant: string;
  /** The resource that the role is on, as `type:key`; a role in the whole tenant has none. */
  resource_instance?: string;
}

type Role = Omit<RoleAssignment, 'user'>;

/** Reads the assignments of one revision; each role entity is read once. */
export class RoleReader {
  readonly #entities: StoredEntities;
  readonly #types: PermitTypes;
  readonly #roles = new Map<string, Role | undefined>();

  constructor(entities: StoredEntities, types: PermitTypes) {
    this.#entities = entities;
    this.#types = types;
  }

  /** Of one user, in the order in which the user's entity names them. */
  of(user: string): RoleAssignment[] {
    const assignments: RoleAssignment[] = [];
    for (const { type, id } of this.#entities.parents({ type: this.#types.user, id: user })) {
      const role = type === this.#types.role ? this.#role(id) : undefined;
      if (role !== undefined) assignments.push({ user, ...role });
    }
    return assignments;
  }

  #role(id: string): Role | undefined {
    if (!this.#roles.has(id)) this.#roles.set(id, this.#read(id));
    return this.#roles.get(id);
  }

  #read(id: string): Role | undefined {
    const attributes = this.#entities.attributes({ type: this.#types.role, id }) ?? {};
    const told = roleOfId(id);
    const tenant = entityOf(attributes.tenant, this.#types.tenant)?.id ?? told?.tenant;
    if (tenant === undefined) return undefined;
    const role = typeof attributes.role === 'string' ? attributes.role : (told?.role ?? id);
    const resource = entityOf(attributes.resource);
    const instance = resource === undefined ? told?.resource_instance : instanceId(resource);
    return { role, tenant, ...(instance === undefined ? {} : { resource_instance: instance }) };
  }
}

/** `tenant/role`, or `tenant/type:key#role`. */
function roleOfId(id: string): Role | undefined {
  const [, tenant, rest] = /^([^/]+)\/(.+)$/s.exec(id) ?? [];
  if (tenant === undefined || rest === undefined) return undefined;
  const [, instance, role] = /^(.+)#([^#]+)$/s.exec(rest) ?? [];
  if (instance === undefined || role === undefined) return { tenant, role: rest };
  return parseResourceText(instance).key === undefined
    ? { tenant, role: rest }
    : { tenant, role, resource_instance: instance };
}

/** What Permit tells of a tenant. */
export interface TenantDetails {
  key: string;
  attributes: JsonObject;
}

export function tenantDetails(key: string, entities: StoredEntities, types: PermitTypes): TenantDetails {
  return { key, attributes: entities.attributes({ type: types.tenant, id: key }) ?? {} };
}

/** The tenant that a stored resource names. */
export function storedTenant(
  resource: EntityRef,
  entities: StoredEntities,
  types: PermitTypes,
): string | undefined {
  return entityOf(entities.attributes(resource)?.tenant, types.tenant)?.id;
}

/** The entity that a stored value is. @param type of which it must be */
function entityOf(value: JsonValue | undefined, type?: string): EntityRef | undefined {
  const uid = (value as { __entity?: EntityRef } | undefined)?.__entity;
  return type === undefined || uid?.type === type ? uid : undefined;
}
