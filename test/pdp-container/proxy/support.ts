import { request } from 'node:http';
import type { BundleFiles } from '../support/bundles.ts';

export const KEY = 'the-key-of-the-proxy';

const stored = (id: string, attrs: object, parents: object[] = []) => ({
  uid: { type: 'note', id },
  attrs,
  parents,
});

/** Bob may view what is his; nobody may edit. */
export const NOTES: BundleFiles = {
  'policies.cedar': `
    @id("bob-views") permit(principal == user::"bob", action == Action::"view", resource);
    @id("owners-of-tenant") permit(principal == user::"erin", action, resource) when {
      resource has tenant && resource.tenant == tenant::"acme"
    };
    @id("never-secret") forbid(principal, action, resource == note::"secret");
    @id("not-red") forbid(principal, action, resource) when { resource has colour && resource.colour == "red" };
  `,
  'entities.json': JSON.stringify([
    stored('in-acme', { tenant: { __entity: { type: 'tenant', id: 'acme' } } }),
    stored('in-globex', { tenant: { __entity: { type: 'tenant', id: 'globex' } } }),
    stored('below-acme', {}, [{ type: 'folder', id: 'f' }]),
    stored('below-globex', {}, [{ type: 'tenant', id: 'globex' }]),
    stored('of-nobody', {}),
    stored('odd', { tenant: 'acme' }, [{ type: 'tenant', id: 'acme' }]),
    { uid: { type: 'tenant', id: 'acme' }, attrs: {}, parents: [] },
    { uid: { type: 'tenant', id: 'globex' }, attrs: {}, parents: [] },
    { uid: { type: 'folder', id: 'f' }, attrs: {}, parents: [{ type: 'tenant', id: 'acme' }] },
  ]),
  'urls.json': JSON.stringify([
    { method: 'GET', path: '/', action: 'view', resource: 'home' },
    { method: 'GET', path: '/notes/{id}', action: 'view', resource: { type: 'note', id: '{id}' } },
    { method: 'PUT', path: '/notes/{id}', action: 'edit', resource: { type: 'note', id: '{id}' } },
    { method: 'DELETE', host: 'api.test', path: '/x', action: 'view', resource: 'note' },
    { method: 'GET', path: '/colours/{colour}', action: 'view', resource: 'paint' },
    {
      method: 'GET',
      path: '/tenants/{tenant}/reports',
      action: 'list',
      resource: { type: 'report', tenant: '{tenant}' },
    },
    {
      method: 'GET',
      path: '/tenants/{tenant}/notes/{id}',
      action: 'view',
      resource: { type: 'note', id: '{id}', tenant: '{tenant}' },
    },
    {
      method: 'GET',
      path: '/regional',
      headers: { 'x-region': '{region}' },
      action: 'view',
      resource: { type: 'note', id: '{region}' },
    },
  ]),
};

export interface Sent {
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  text: string;
}

/** Sends a request line and headers just as they are given, repeated headers included. */
export function send(
  base: string,
  method: string,
  path: string,
  headers: string[],
  body?: string,
): Promise<Sent> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const options = { agent: false, hostname, port, method, path, headers, setHost: false };
    const sent = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (data: string) => {
        text += data;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
