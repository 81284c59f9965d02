import type { ServeOptions } from '../../../pdp-container/serve.ts';
import type { BundleFiles } from '../support/bundles.ts';
import { type Answer, type Call, call } from '../support/client.ts';
import { startServer, type TestServer } from '../support/server.ts';

/** Bob views notes, editors of a tenant edit its notes, nobody sees the secret, and one policy errs. */
export const NOTES: BundleFiles = {
  'policies.cedar': `
    @id("bob-views") @advice("look only")
    permit(principal == user::"bob", action == Action::"view", resource is note);

    @id("editors-edit")
    permit(principal in role::"acme/editor", action in [Action::"view", Action::"edit"], resource is note)
    when { resource has tenant && resource.tenant == tenant::"acme" };

    @id("never-secret")
    forbid(principal, action, resource == note::"secret");

    @id("errs")
    permit(principal == user::"eve", action, resource) when { resource.absent };
  `,
  'entities.json': JSON.stringify([
    { uid: { type: 'tenant', id: 'acme' }, attrs: { plan: 'pro' }, parents: [] },
    { uid: { type: 'tenant', id: 'globex' }, attrs: {}, parents: [] },
    { uid: { type: 'role', id: 'acme/editor' }, attrs: {}, parents: [] },
    { uid: { type: 'user', id: 'ann' }, attrs: {}, parents: [{ type: 'role', id: 'acme/editor' }] },
    { uid: { type: 'user', id: 'bob' }, attrs: {}, parents: [] },
    { uid: { type: 'note', id: 'one' }, attrs: { tags: ['a', 'b'] }, parents: [] },
  ]),
};

/** An AuthZEN request. */
export function request(user: string, action: string, note: string) {
  return {
    subject: { type: 'user', id: user },
    action: { name: action },
    resource: { type: 'note', id: note },
  };
}

/** One of Permit's questions. */
export function question(user: string, action: string, resource: object) {
  return { user: { key: user }, action, resource: { type: 'note', ...resource } };
}

export interface OpaServer extends TestServer {
  opaUrl: string;
  ask(path: string, options?: Call): Promise<Answer>;
}

/** A server with an OPA port, which `ask` asks. */
export async function startOpa(
  options: Partial<ServeOptions> & { bundle?: BundleFiles } = {},
): Promise<OpaServer> {
  const server = await startServer({ bundle: NOTES, opaPort: 0, ...options });
  const { opaUrl } = server;
  if (opaUrl === undefined) throw new Error('there is no OPA port');
  return Object.assign(server, { opaUrl, ask: (path: string, sent?: Call) => call(opaUrl, path, sent) });
}
