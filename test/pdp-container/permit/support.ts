import type { BundleFiles } from '../support/bundles.ts';
import { type Answer, call } from '../support/client.ts';
import { startServer, type TestServer } from '../support/server.ts';

export const KEY = 'the-key-of-the-application';

const uid = (type: string, id: string) => ({ type, id });
const entity = (type: string, id: string, attrs: object = {}, parents: object[] = []) => ({
  uid: uid(type, id),
  attrs,
  parents,
});
const ref = (type: string, id: string) => ({ __entity: uid(type, id) });
const roles = (...ids: string[]) => ids.map((id) => uid('role', id));
const ACTIVE = { suspended: false };

/** Attributes of the stored tenants, as answers have them. */
export const TENANTS = {
  acme: { plan: 'pro', editors: ref('role', 'acme/editor') },
  globex: { editors: ref('role', 'globex/editor') },
  void: {},
};

/**
 * | User | Is |
 * |---|---|
 * | alice | admin, and so editor, of acme |
 * | bob | editor of globex, owner of `note::"plan"` in acme |
 * | carol | auditor of `note::"plan"` in acme, told by the role's attributes |
 * | dan | staff, which is a role of no tenant |
 */
export const BUNDLE: BundleFiles = {
  'policies.cedar': `
    @id("editors")
    permit(principal, action in [Action::"read", Action::"write"], resource is note)
    when { resource has tenant && resource.tenant has editors && principal in resource.tenant.editors };

    @id("owners")
    permit(principal, action == Action::"delete", resource is note)
    when { resource has owners && principal in resource.owners };

    @id("guests-of-acme")
    permit(principal == user::"guest", action == Action::"read", resource in tenant::"acme");

    @id("at-night") @advice("Come back tomorrow.")
    forbid(principal, action, resource) when { context has night && context.night };

    @id("red")
    forbid(principal, action, resource) when { resource has colour && resource.colour == "red" };

    @id("suspended")
    forbid(principal, action, resource) when { principal.suspended };
  `,
  'entities.json': JSON.stringify([
    entity('tenant', 'acme', TENANTS.acme),
    entity('tenant', 'globex', TENANTS.globex),
    entity('tenant', 'void', TENANTS.void),
    entity('role', 'acme/admin', {}, roles('acme/editor')),
    entity('role', 'acme/editor'),
    entity('role', 'globex/editor'),
    entity('role', 'acme/note:plan#owner'),
    entity('role', 'r-17', { tenant: ref('tenant', 'acme'), role: 'auditor', resource: ref('note', 'plan') }),
    entity('role', 'staff'),
    entity('user', 'alice', ACTIVE, roles('acme/admin')),
    entity('user', 'bob', ACTIVE, roles('globex/editor', 'acme/note:plan#owner')),
    entity('user', 'carol', ACTIVE, roles('r-17')),
    entity('user', 'dan', ACTIVE, roles('staff')),
    entity('user', 'guest', ACTIVE),
    entity('note', 'plan', { tenant: ref('tenant', 'acme'), owners: ref('role', 'acme/note:plan#owner') }),
    entity('note', 'memo', { tenant: ref('tenant', 'globex') }),
  ]),
};

export function startPermit(options: Parameters<typeof startServer>[0] = {}): Promise<TestServer> {
  return startServer({ bundle: BUNDLE, apiKey: KEY, ...options });
}

/** Sends JSON with the key. */
export function post(url: string, path: string, body?: unknown): Promise<Answer> {
  return call(url, path, { method: 'POST', headers: { authorization: `Bearer ${KEY}` }, body });
}

export function get(url: string, path: string): Promise<Answer> {
  return call(url, path, { headers: { authorization: `Bearer ${KEY}` } });
}

/** One question, as the SDK sends it. */
export function query(user: string, action: string, resource: object, more: object = {}): object {
  return { user: { key: user }, action, resource: { type: 'note', ...resource }, context: {}, ...more };
}
