import type { EntityRef, JsonObject, Subject } from '../../engine/contract.ts';
import { Turns } from '../turns.ts';
import type { PermitCall } from './check.ts';
import { type PermitResource, resourceId, toContext, toResource, toSubject } from './mapping.ts';
import { instanceId, parseResourceText, TENANT_RESOURCE, tenantInstanceId } from './names.ts';
import type { UserPermissionsQuery } from './requests.ts';
import { type RoleAssignment, RoleReader, storedTenant, type TenantDetails, tenantDetails } from './roles.ts';

/** What a user may do in a tenant, or on one resource. */
export interface UserPermissions {
  tenant?: TenantDetails;
  resource?: { key: string; type: string; attributes: JsonObject };
  /** As `type:action`. */
  permissions: string[];
  roles: string[];
}

/**
 * What a user may do, by tenant (`__tenant:acme`) and by resource (`note:roadmap`); what the user may do nothing with
 * is left out.
 *
 * Of tenants these are the given ones, or those in which the user has a role. Of resources these are the given ones,
 * or all stored ones of the given types, or those that the user has a role on; where tenants are given, only theirs.
 *
 * @throws InvalidRequestError, or the reason of `signal` once that is aborted
 */
export async function userPermissions(
  query: UserPermissionsQuery,
  call: PermitCall,
  signal: AbortSignal,
): Promise<Record<string, UserPermissions>> {
  const start = performance.now();
  const asked = new UserPermissionsRun(query, call, signal);
  const found = await asked.run();
  const subject = toSubject(query.user, call.types);
  call.decider.searched('permission', { subject }, Object.keys(found).length, call.pdp, call.ids, start);
  return found;
}

class UserPermissionsRun {
  readonly #call: PermitCall;
  readonly #signal: AbortSignal;
  readonly #turns: Turns;
  readonly #subject: Subject;
  readonly #context: JsonObject | undefined;
  readonly #assignments: RoleAssignment[];
  readonly #tenants: readonly string[];
  readonly #resources: readonly EntityRef[];
  readonly #types: readonly string[];
  // Without a prototype `__proto__` is an id like any other.
  readonly #found: Record<string, UserPermissions> = Object.create(null);

  constructor(query: UserPermissionsQuery, call: PermitCall, signal: AbortSignal) {
    this.#call = call;
    this.#signal = signal;
    this.#turns = new Turns(signal);
    this.#subject = toSubject(query.user, call.types);
    this.#context = toContext(query.context);
    this.#assignments = new RoleReader(call.pdp.entities, call.types).of(query.user.key);
    // The SDKs send an empty list for none.
    this.#tenants = query.tenants ?? [];
    this.#resources = (query.resources ?? []).map(toRef);
    this.#types = query.resource_types ?? [];
  }

  async run(): Promise<Record<string, UserPermissions>> {
    for (const tenant of this.#wantedTenants()) await this.#addTenant(tenant);
    for (const resource of this.#wantedResources()) await this.#addResource(resource);
    return this.#found;
  }

  #wantedTenants(): Iterable<string> {
    if (!this.#isOfType(TENANT_RESOURCE)) return [];
    const given = this.#tenants.length > 0 ? this.#tenants : undefined;
    if (this.#resources.length > 0) {
      const named = this.#resources.filter(({ type }) => type === TENANT_RESOURCE).map(({ id }) => id);
      return given === undefined ? named : named.filter((id) => given.includes(id));
    }
    return new Set(given ?? this.#assignments.map(({ tenant }) => tenant));
  }

  *#wantedResources(): Iterable<EntityRef> {
    if (this.#resources.length > 0) {
      for (const resource of this.#resources) if (this.#isOfType(resource.type)) yield resource;
    } else if (this.#types.length > 0) {
      const { entities } = this.#call.pdp;
      for (const type of this.#types) for (const id of entities.ids(type)) yield { type, id };
    } else {
      for (const { resource_instance: instance } of this.#assignments) {
        if (instance !== undefined) yield toRef(instance);
      }
    }
  }

  #isOfType(type: string): boolean {
    return this.#types.length === 0 || this.#types.includes(type);
  }

  async #addTenant(key: string): Promise<void> {
    const { pdp, types } = this.#call;
    const permissions: string[] = [];
    for (const type of pdp.resourceTypes(types.user)) {
      permissions.push(...(await this.#permissions({ type, tenant: key })));
    }
    const roles = this.#assignments
      .filter(({ tenant, resource_instance }) => tenant === key && resource_instance === undefined)
      .map(({ role }) => role);
    const tenant = tenantDetails(key, pdp.entities, types);
    this.#add(tenantInstanceId(key), { tenant, permissions, roles });
  }

  async #addResource(uid: EntityRef): Promise<void> {
    if (uid.type === TENANT_RESOURCE) return;
    await this.#turns.next();
    const { entities } = this.#call.pdp;
    const instance = instanceId(uid);
    const assigned = this.#assignments.filter(({ resource_instance }) => resource_instance === instance);
    const key = storedTenant(uid, entities, this.#call.types) ?? assigned[0]?.tenant ?? this.#onlyTenant();
    if (this.#tenants.length > 0 && (key === undefined || !this.#tenants.includes(key))) return;
    const resource = { key: uid.id, type: uid.type, attributes: entities.attributes(uid) ?? {} };
    const tenant = key === undefined ? {} : { tenant: tenantDetails(key, entities, this.#call.types) };
    const permissions = await this.#permissions({ type: uid.type, key: uid.id, tenant: key });
    this.#add(instance, { ...tenant, resource, permissions, roles: assigned.map(({ role }) => role) });
  }

  /** What is not stored names no tenant: it is of the one that was asked about. */
  #onlyTenant(): string | undefined {
    return this.#tenants.length === 1 ? this.#tenants[0] : undefined;
  }

  async #permissions(resource: PermitResource): Promise<string[]> {
    const { pdp, types } = this.#call;
    const permissions: string[] = [];
    const search = {
      subject: this.#subject,
      resource: toResource(resource, types),
      ...(this.#context === undefined ? {} : { context: this.#context }),
    };
    for (let token: string | undefined; token !== ''; ) {
      await this.#turns.next();
      const page = token === undefined ? {} : { page: { token } };
      const found = await pdp.searchActions({ ...search, ...page }, { signal: this.#signal });
      for (const { name } of found.results) permissions.push(`${resource.type}:${name}`);
      token = found.page.next_token;
    }
    return permissions;
  }

  #add(id: string, entry: UserPermissions): void {
    if (entry.permissions.length > 0 || entry.roles.length > 0) this.#found[id] = entry;
  }
}

function toRef(text: string): EntityRef {
  const { type, key } = parseResourceText(text);
  return { type, id: resourceId(key) };
}
