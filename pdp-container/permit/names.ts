import type { EntityRef } from '../../engine/contract.ts';

/** The resource type that Permit's roles of a tenant are on. */
export const TENANT_RESOURCE = '__tenant';

/** How Permit names a resource in one text. */
export function instanceId({ type, id }: EntityRef): string {
  return `${type}:${id}`;
}

/** The same for a tenant. */
export function tenantInstanceId(tenant: string): string {
  return instanceId({ type: TENANT_RESOURCE, id: tenant });
}

/** Reads `type:key`, or the type alone. A type may be namespaced, as in `App::Note:1`. */
export function parseResourceText(text: string): { type: string; key?: string } {
  const [, type, key] = /^((?:[^:]|::)+):([^:].*)$/s.exec(text) ?? [];
  return type === undefined || key === undefined ? { type: text } : { type, key };
}
