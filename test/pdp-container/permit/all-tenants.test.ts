import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanUp } from '../support/bundles.ts';
import { call } from '../support/client.ts';
import type { TestServer } from '../support/server.ts';
import { KEY, post, query, startPermit, TENANTS } from './support.ts';

const PATH = '/allowed/all-tenants';

let server: TestServer;
beforeAll(async () => {
  server = await startPermit();
});
afterAll(cleanUp);

const result = (key: keyof typeof TENANTS) => ({
  tenant: { key, attributes: TENANTS[key] },
  allow: true,
  result: true,
});
const both = (...keys: (keyof typeof TENANTS)[]) => {
  const allowed = keys.map(result);
  return { allowed_tenants: allowed, allowedTenants: allowed };
};

describe('the tenants in which a question is allowed', () => {
  it.each<[string, object, (keyof typeof TENANTS)[]]>([
    ['one', query('alice', 'write', {}), ['acme']],
    ['another', query('bob', 'write', {}), ['globex']],
    ['by the scope of a policy', query('guest', 'read', {}), ['acme']],
    ['all, in the order of their keys', query('bob', 'delete', { key: 'plan' }), ['acme', 'globex', 'void']],
    ['none', query('dan', 'write', {}), []],
    ['whatever tenant is asked for', query('alice', 'write', { tenant: 'globex' }), ['acme']],
    ['with context', query('alice', 'write', {}, { context: { night: true } }), []],
    [
      'under params, as the Node SDK sends it',
      { headers: {}, params: query('alice', 'write', {}) },
      ['acme'],
    ],
    [
      'with user and resource as texts',
      { params: { user: 'alice', action: 'write', resource: 'note' } },
      ['acme'],
    ],
    [
      'the same without params',
      { user: 'bob', action: 'delete', resource: 'note:plan' },
      ['acme', 'globex', 'void'],
    ],
    ['with a resource of no such type', { user: 'alice', action: 'write', resource: 'note:' }, []],
    ['with params that are null', { ...query('alice', 'write', {}), params: null }, ['acme']],
  ])('%s', async (_, body, keys) => {
    const answer = await post(server.url, PATH, body);
    expect([answer.status, answer.json]).toEqual([200, both(...keys)]);
  });

  it('are one line in the log', async () => {
    const own = await startPermit();
    await post(own.url, PATH, query('alice', 'write', { attributes: { secret: 'hush' } }));
    expect(own.records.filter(({ msg }) => msg === 'decision')).toEqual([]);
    expect(await own.logged('search')).toMatchObject({
      search: 'tenant',
      subject: { type: 'user', id: 'alice' },
      action: 'write',
      resource: { type: 'note', id: '*' },
      results: 1,
      revision: own.revision,
    });
    expect(JSON.stringify(own.records)).not.toContain('hush');
  });
});

describe('the key in the body', () => {
  const ask = (url: string, authorization: unknown, headers: Record<string, string> = {}, path = PATH) =>
    call(url, path, {
      method: 'POST',
      headers,
      body: { headers: { Authorization: authorization }, params: query('alice', 'write', {}) },
    });

  it('is not looked at by default', async () => {
    const answer = await ask(server.url, `Bearer ${KEY}`);
    expect([answer.status, answer.text]).toEqual([401, 'Missing Authorization header']);
  });

  it('is one, when the configuration says so', async () => {
    const own = await startPermit({ permitKeyInBody: true });
    const answer = await ask(own.url, `Bearer ${KEY}`);
    expect([answer.status, answer.json]).toEqual([200, both('acme')]);
    // And the header goes on being one.
    expect((await post(own.url, PATH, query('alice', 'write', {}))).json).toEqual(both('acme'));
    expect((await ask(own.url, 'Bearer other', { authorization: `Bearer ${KEY}` })).json).toEqual(
      both('acme'),
    );
  });

  it.each<[string, unknown, Record<string, string>, number, string]>([
    ['no key at all', undefined, {}, 401, 'Missing Authorization header'],
    ['one that is no text', [`Bearer ${KEY}`], {}, 401, 'Missing Authorization header'],
    ['another key', 'Bearer other', {}, 403, 'the key is not the right one'],
    ['another scheme', `Basic ${KEY}`, {}, 403, 'Authorization must be of the Bearer scheme, with one key'],
    [
      'another key in the header',
      `Bearer ${KEY}`,
      { authorization: 'Bearer other' },
      403,
      'the key is not the right one',
    ],
    [
      'another key in X-PDP-Key',
      `Bearer ${KEY}`,
      { 'x-pdp-key': 'other' },
      403,
      'the key is not the right one',
    ],
  ])('lets nobody in with %s', async (_, authorization, headers, status, text) => {
    const own = await startPermit({ permitKeyInBody: true });
    const answer = await ask(own.url, authorization, headers);
    expect([answer.status, answer.text]).toEqual([status, text]);
    expect(own.records.filter(({ msg }) => msg === 'search')).toEqual([]);
  });

  it.each(['{}', '[]', '7', 'null', '{"headers":null}', '{"headers":7}', '{"headers":{}}'])(
    'lets nobody in with the body %s',
    async (body) => {
      const own = await startPermit({ permitKeyInBody: true });
      const answer = await call(own.url, PATH, { method: 'POST', body });
      expect([answer.status, answer.text]).toEqual([401, 'Missing Authorization header']);
    },
  );

  it('is for this route alone', async () => {
    const own = await startPermit({ permitKeyInBody: true });
    for (const path of ['/allowed', '/allowed/bulk', '/user-permissions', '/access/v1/evaluation']) {
      expect([path, (await ask(own.url, `Bearer ${KEY}`, {}, path)).status]).toEqual([path, 401]);
    }
  });
});
