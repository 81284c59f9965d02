import type { PermitCall } from './check.ts';
import type { UserTenantsQuery } from './requests.ts';
import { RoleReader, type TenantDetails, tenantDetails } from './roles.ts';

/** The tenants in which a user has a role, in the whole of it or on a resource. */
export function userTenants({ user }: UserTenantsQuery, { pdp, types }: PermitCall): TenantDetails[] {
  const assignments = new RoleReader(pdp.entities, types).of(user.key);
  const keys = new Set(assignments.map(({ tenant }) => tenant));
  return [...keys].map((key) => tenantDetails(key, pdp.entities, types));
}
