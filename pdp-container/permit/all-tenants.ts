import { Turns } from '../turns.ts';
import type { PermitCall } from './check.ts';
import { type PermitQuery, toLocalRequest } from './mapping.ts';
import { type TenantDetails, tenantDetails } from './roles.ts';

/** A tenant in which the question is allowed. `result` is Permit's deprecated name for `allow`. */
export interface TenantResult {
  tenant: TenantDetails;
  allow: true;
  result: true;
}

/**
 * The stored tenants in which a question is allowed, in the order of their keys. The tenant that the question itself
 * names is left aside.
 *
 * @throws InvalidRequestError, or the reason of `signal` once that is aborted
 */
export async function allTenants(
  query: PermitQuery,
  { pdp, decider, types, ids }: PermitCall,
  signal: AbortSignal,
): Promise<TenantResult[]> {
  const start = performance.now();
  const turns = new Turns(signal);
  const allowed: TenantResult[] = [];
  const inTenant = (tenant: string | null) =>
    toLocalRequest({ ...query, resource: { ...query.resource, tenant } }, types);
  for (const key of pdp.entities.ids(types.tenant)) {
    await turns.next();
    if (!pdp.decide(inTenant(key)).decision) continue;
    allowed.push({ tenant: tenantDetails(key, pdp.entities, types), allow: true, result: true });
  }
  decider.searched('tenant', inTenant(null), allowed.length, pdp, ids, start);
  return allowed;
}
