import type {
  Action,
  EntityRef,
  JsonObject,
  LocalRequest,
  Resource,
  Subject,
} from '../../engine/contract.ts';

/**
 * How what Permit's PDP API speaks of becomes Cedar, in one place:
 *
 * | Permit | Cedar |
 * |---|---|
 * | user `key` | `user::"key"`; `email`, `first_name`, `last_name` and `attributes` laid over what is stored |
 * | tenant | `tenant::"key"` |
 * | resource `type` and `key` | `type::"key"`, both verbatim; `attributes` laid over what is stored |
 * | resource without a key | `type::"*"`: any of this type in this tenant |
 * | resource's tenant | its attribute `tenant`, and a parent beside the stored ones |
 * | action | `Action::"name"`, in the namespace of the bundle's actions |
 * | `context`, over the resource's `context` | the Cedar context |
 *
 * The names of the types `user`, `tenant` and `role` are settable. What is laid over holds for that request only.
 */

/** The Cedar entity types that stand for what Permit has by itself. */
export interface PermitTypes {
  /** @default 'user' */
  user: string;
  /** @default 'tenant' */
  tenant: string;
  /** @default 'role' */
  role: string;
}

export const DEFAULT_PERMIT_TYPES: Readonly<PermitTypes> = { user: 'user', tenant: 'tenant', role: 'role' };

/** The id of a resource that stands for any of its type. */
export const ANY_KEY = '*';

/** The attribute of a resource that names its tenant. */
export const TENANT_ATTRIBUTE = 'tenant';

export type Optional<T> = T | null | undefined;

/** In this and the next ones `null` means absent, as Permit's SDKs send it. */
export interface PermitUser {
  key: string;
  first_name?: Optional<string>;
  last_name?: Optional<string>;
  email?: Optional<string>;
  attributes?: Optional<JsonObject>;
}

export interface PermitResource {
  type: string;
  key?: Optional<string>;
  tenant?: Optional<string>;
  attributes?: Optional<JsonObject>;
  context?: Optional<JsonObject>;
}

/** One question in Permit's terms: the body of `/allowed`, and `input` of OPA's `permit/root`. */
export interface PermitQuery {
  user: PermitUser;
  action: string;
  resource: PermitResource;
  context?: Optional<JsonObject>;
}

/** A question in Permit's terms as the PDP takes it. */
export function toLocalRequest(query: PermitQuery, types: PermitTypes): LocalRequest {
  const context = toContext(query.context, query.resource.context);
  return {
    subject: toSubject(query.user, types),
    action: toAction(query.action),
    resource: toResource(query.resource, types),
    ...(context === undefined ? {} : { context }),
  };
}

export function toSubject(user: PermitUser, types: PermitTypes): Subject {
  const sent: JsonObject = { ...user.attributes };
  for (const name of ['email', 'first_name', 'last_name'] as const) {
    const value = user[name];
    if (value !== undefined && value !== null) sent[name] = value;
  }
  return { type: types.user, id: user.key, ...withProperties(sent) };
}

export function toAction(name: string): Action {
  return { name };
}

export function toResource(
  { type, key, tenant, attributes }: PermitResource,
  types: PermitTypes,
): Resource & { parents?: EntityRef[] } {
  const entity = { type, id: resourceId(key) };
  const sent: JsonObject = { ...attributes };
  if (isAbsent(tenant)) return { ...entity, ...withProperties(sent) };
  const uid = tenantUid(tenant, types);
  return {
    ...entity,
    properties: { ...sent, [TENANT_ATTRIBUTE]: { __entity: { type: uid.type, id: uid.id } } },
    parents: [uid],
  };
}

/** The query's context over the resource's; nothing sent is nothing. */
export function toContext(
  query: Optional<JsonObject>,
  resource?: Optional<JsonObject>,
): JsonObject | undefined {
  const context = { ...resource, ...query };
  return Object.keys(context).length === 0 ? undefined : context;
}

export function tenantUid(key: string, types: PermitTypes): EntityRef {
  return { type: types.tenant, id: key };
}

/** The id of a resource in Cedar: its key, or the one that stands for any of its type. */
export function resourceId(key: Optional<string>): string {
  return isAbsent(key) ? ANY_KEY : key;
}

/** Permit's SDKs also send an empty string for what is not there. */
function isAbsent(text: Optional<string>): text is null | undefined | '' {
  return text === undefined || text === null || text === '';
}

function withProperties(properties: JsonObject): { properties?: JsonObject } {
  return Object.keys(properties).length === 0 ? {} : { properties };
}
