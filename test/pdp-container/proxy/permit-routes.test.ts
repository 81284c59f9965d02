import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUNDLE, KEY, post, startPermit } from '../permit/support.ts';
import { cleanUp } from '../support/bundles.ts';
import { call } from '../support/client.ts';
import type { TestServer } from '../support/server.ts';
import { send } from './support.ts';

const NOTE = { type: 'note', id: '{note}' };
const URLS = [
  { method: 'GET', path: '/notes', action: 'read', resource: 'note' },
  { method: 'GET', path: '/notes/{note}', action: 'read', resource: NOTE },
  { method: 'PUT', path: '/notes/{note}', action: 'write', resource: NOTE },
  { method: 'GET', path: '/colours/{colour}', action: 'read', resource: 'note' },
  { method: 'GET', host: 'api.test', path: '/hosted', action: 'read', resource: 'note' },
  {
    method: 'GET',
    path: '/tenants/{tenant}/notes/{note}',
    action: 'read',
    resource: { ...NOTE, tenant: '{tenant}' },
  },
];

let server: TestServer;
beforeAll(async () => {
  server = await startPermit({
    bundle: { ...BUNDLE, 'urls.json': JSON.stringify(URLS) },
    limits: { jsonDepth: 8, bodyBytes: 2_000 },
  });
});
afterAll(cleanUp);

const asked = (user: string, http_method: string, url: string, tenant = 'acme', more: object = {}) => ({
  user: { key: user },
  http_method,
  url,
  tenant,
  ...more,
});

describe('/allowed_url', () => {
  it.each<[string, object, boolean, string[]]>([
    ['a type in the tenant', asked('alice', 'GET', '/notes'), true, ['editors']],
    ['with scheme and host', asked('alice', 'GET', 'https://api.test/notes?page=2'), true, ['editors']],
    ['a rule for that host', asked('alice', 'GET', 'https://api.test/hosted'), true, ['editors']],
    ['a method in lower case', asked('alice', 'get', '/notes'), true, ['editors']],
    ['a key that is stored', asked('alice', 'PUT', '/notes/plan'), true, ['editors']],
    ['a key that is not', asked('alice', 'PUT', '/notes/new'), true, ['editors']],
    ['another user', asked('dan', 'PUT', '/notes/plan'), false, []],
    ['another tenant', asked('alice', 'GET', '/notes', 'globex'), false, []],
    ['attributes in the URL', asked('alice', 'GET', '/colours/red'), false, ['red']],
    ['context', asked('alice', 'GET', '/notes', 'acme', { context: { night: true } }), false, ['at-night']],
    [
      'attributes of the user',
      { ...asked('alice', 'GET', '/notes'), user: { key: 'alice', attributes: { suspended: true } } },
      false,
      ['suspended'],
    ],
    ['the same tenant in the URL', asked('alice', 'GET', '/tenants/acme/notes/plan'), true, ['editors']],
  ])('%s', async (_, body, allow, policies) => {
    const answer = await post(server.url, '/allowed_url', body);
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({ allow, result: allow, debug: { policies } });
  });

  it('answers as /allowed does', async () => {
    const answer = await post(server.url, '/allowed_url', asked('alice', 'PUT', '/notes/plan'));
    const resource = { type: 'note', key: 'plan', tenant: 'acme' };
    const direct = await post(server.url, '/allowed', { user: { key: 'alice' }, action: 'write', resource });
    expect([answer.status, answer.json]).toEqual([200, direct.json]);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  });

  it.each([
    ['no rule', 'PATCH', '/notes', 'no rule fits the method and URL'],
    ['two readings', 'GET', '/notes//plan', 'the url has an empty path segment (//)'],
    ['another letter case', 'GET', '/Notes', expect.stringContaining('a rule fits but for letter case')],
    ['a host left out', 'GET', '/hosted', expect.stringContaining('a host not told')],
    ['no method', 'G T', '/notes', 'the method is not an HTTP method'],
    ['a method that is one in upper case only', 'po\u017ft', '/notes', 'the method is not an HTTP method'],
    ['no URL', 'GET', 'notes', expect.stringContaining('must be a path that begins with /')],
    ['another scheme', 'GET', 'ftp://api.test/notes', expect.stringContaining('must be a path')],
    [
      'any key of the type',
      'GET',
      '/notes/*',
      'the url has * for a key, which stands for any resource of its type',
    ],
    [
      'a resource of another tenant',
      'GET',
      '/notes/memo',
      'the resource is stored, and not in the tenant that is asked about',
    ],
    [
      'another tenant in the URL',
      'GET',
      '/tenants/globex/notes/new',
      'the url is of another tenant than the one that is asked about',
    ],
  ])('is no question: %s', async (_, method, url, reason) => {
    const answer = await post(server.url, '/allowed_url', asked('alice', method, url));
    expect([answer.status, answer.json]).toEqual([
      200,
      {
        allow: false,
        query: { user: { key: 'alice' }, http_method: method, url, tenant: 'acme' },
        debug: { reason, revision: server.revision },
        result: false,
      },
    ]);
  });

  it('and each such answer is in the decision log', async () => {
    const own = await startPermit();
    await post(own.url, '/allowed_url', asked('alice', 'GET', '/notes'));
    expect(await own.logged('decision')).toMatchObject({
      subject: { type: 'user', id: 'alice' },
      decision: false,
      error: 'no rule fits the method and URL',
    });
  });

  const Q = asked('alice', 'GET', '/notes');
  it.each<[string, unknown, unknown[], string]>([
    ['no user', { ...Q, user: undefined }, ['user'], 'is required'],
    ['a user that is text', { ...Q, user: 'alice' }, ['user'], 'must be an object'],
    ['a user without a key', { ...Q, user: {} }, ['user', 'key'], 'is required'],
    ['no method', { ...Q, http_method: undefined }, ['http_method'], 'is required'],
    ['an empty method', { ...Q, http_method: '' }, ['http_method'], 'must not be empty'],
    ['no URL', { ...Q, url: undefined }, ['url'], 'is required'],
    ['a URL that is a list', { ...Q, url: ['/notes'] }, ['url'], 'must be a string'],
    ['no tenant', { ...Q, tenant: undefined }, ['tenant'], 'is required'],
    ['a tenant that is null', { ...Q, tenant: null }, ['tenant'], 'must be a string'],
    ['an empty tenant', { ...Q, tenant: '' }, ['tenant'], 'must not be empty'],
    ['a context that is text', { ...Q, context: 'x' }, ['context'], 'must be an object'],
    ['a list', [Q], [], 'must be an object'],
    ['what Cedar cannot hold', { ...Q, context: { a: 1.5 } }, ['context', 'a'], expect.any(String)],
  ])('refuses %s', async (_, body, loc, msg) => {
    const answer = await post(server.url, '/allowed_url', body);
    const type = msg === 'is required' ? 'value_error.missing' : 'value_error';
    expect([answer.status, answer.json]).toEqual([422, { detail: [{ loc: ['body', ...loc], msg, type }] }]);
  });

  it.each<[string, string, number, unknown]>([
    ['not JSON', '{', 422, [{ loc: ['body'], msg: 'is not valid JSON', type: 'value_error' }]],
    ['too deep', '['.repeat(9), 422, [expect.objectContaining({ msg: 'nests deeper than 8 levels' })]],
    ['too large', `"${'x'.repeat(2_000)}"`, 413, 'body: is larger than 2000 bytes'],
  ])('refuses a body that is %s', async (_, body, status, detail) => {
    const answer = await post(server.url, '/allowed_url', body);
    expect([answer.status, answer.json]).toEqual([status, { detail }]);
  });
});

describe('/nginx_allowed', () => {
  const HEADERS = {
    'permit-user-key': 'alice',
    'permit-tenant-id': 'acme',
    'permit-action': 'write',
    'permit-resource-type': 'note',
  };
  const raw = (headers: Record<string, string | undefined>, more: string[] = []) => {
    const own = Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [name, value],
    );
    const base = ['Host', 'pdp', 'Authorization', `Bearer ${KEY}`];
    return send(server.url, 'POST', '/nginx_allowed', [...base, ...own, ...more]);
  };

  it.each<[string, Record<string, string>, boolean]>([
    ['allowed', {}, true],
    ['another user', { 'permit-user-key': 'dan' }, false],
    ['another tenant', { 'permit-tenant-id': 'globex' }, false],
    ['another action', { 'permit-action': 'delete' }, false],
    ['another type', { 'permit-resource-type': 'memo' }, false],
  ])('answers 200 with the decision as /allowed does: %s', async (_, changed, allow) => {
    const headers = { ...HEADERS, ...changed };
    const answer = await raw(headers);
    const direct = await post(server.url, '/allowed', {
      user: { key: headers['permit-user-key'] },
      action: headers['permit-action'],
      resource: { type: headers['permit-resource-type'], tenant: headers['permit-tenant-id'] },
    });
    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, direct.json]);
    expect(direct.json).toMatchObject({ allow, result: allow });
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  });

  it('looks at no body', async () => {
    for (const type of ['application/json', 'text/plain']) {
      const headers = { authorization: `Bearer ${KEY}`, ...HEADERS, 'content-type': type };
      const answer = await call(server.url, '/nginx_allowed', { method: 'POST', headers, body: '{' });
      expect([answer.status, answer.json]).toEqual([200, expect.objectContaining({ allow: true })]);
    }
  });

  it.each(Object.keys(HEADERS))('needs %s once, not empty, in UTF-8', async (name) => {
    const problem = async (answer: Promise<{ status: number; text: string }>) => {
      const { status, text } = await answer;
      const [{ loc, msg }] = JSON.parse(text).detail;
      return [status, loc, msg];
    };
    const loc = ['header', name];
    expect(await problem(raw({ ...HEADERS, [name]: undefined }))).toEqual([422, loc, 'is required']);
    const empty = name === 'permit-user-key' ? 'is required' : 'must not be empty';
    expect(await problem(raw({ ...HEADERS, [name]: '' }))).toEqual([422, loc, empty]);
    expect(await problem(raw(HEADERS, [name, 'x']))).toEqual([422, loc, 'is there more than once']);
    expect(await problem(raw({ ...HEADERS, [name]: 'caf\xe9' }))).toEqual([422, loc, 'is not UTF-8']);
  });

  it('takes no user who may be two', async () => {
    const answer = await raw({ ...HEADERS, 'permit-user-key': 'dan, alice' });
    expect([answer.status, JSON.parse(answer.text)]).toEqual([
      422,
      {
        detail: [
          { loc: ['header', 'permit-user-key'], msg: 'is not the key of one user', type: 'value_error' },
        ],
      },
    ]);
  });

  it('is a POST', async () => {
    const answer = await call(server.url, '/nginx_allowed', {
      headers: { authorization: `Bearer ${KEY}`, ...HEADERS },
    });
    expect(answer.status).toBe(404);
  });
});

describe.each(['/allowed_url', '/nginx_allowed'])('%s', (path) => {
  it.each<[string, Record<string, string>, number, string]>([
    ['no key', {}, 401, 'Missing Authorization header'],
    [
      'another scheme',
      { authorization: `Basic ${KEY}` },
      403,
      'Authorization must be of the Bearer scheme, with one key',
    ],
    ['another key', { authorization: 'Bearer other' }, 403, 'the key is not the right one'],
  ])('refuses %s, in plain text', async (_, headers, status, text) => {
    const answer = await call(server.url, path, { method: 'POST', headers });
    expect([answer.status, answer.text]).toEqual([status, text]);
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
  });

  it('answers 503 while no revision is active', async () => {
    const own = await startPermit({ bundle: { 'policies.cedar': 'permit(' } });
    const headers = {
      authorization: `Bearer ${KEY}`,
      'permit-user-key': 'a',
      'permit-tenant-id': 'b',
      'permit-action': 'c',
      'permit-resource-type': 'd',
    };
    const body = asked('alice', 'GET', '/notes');
    const answer = await call(own.url, path, { method: 'POST', headers, body });
    expect([answer.status, answer.json]).toEqual([503, { detail: 'no revision is active yet' }]);
  });

  it('answers 502 when the evaluator fails, and says nothing of it', async () => {
    // The official evaluator refuses a hierarchy with a circle: the region above the tenant, asked about in it.
    const entities = JSON.parse(BUNDLE['entities.json'] ?? '') as {
      uid: { id: string };
      parents: object[];
    }[];
    const region = { uid: { type: 'region', id: '*' }, attrs: {}, parents: [] };
    entities.find(({ uid }) => uid.id === 'acme')?.parents.push(region.uid);
    const rule = { method: 'GET', path: '/region', action: 'read', resource: 'region' };
    const own = await startPermit({
      bundle: {
        ...BUNDLE,
        'entities.json': JSON.stringify([...entities, region]),
        'urls.json': JSON.stringify([rule]),
      },
      evaluator: 'wasm',
    });
    const headers = {
      authorization: `Bearer ${KEY}`,
      ...{ 'permit-user-key': 'alice', 'permit-tenant-id': 'acme' },
    };
    const told = { ...headers, 'permit-action': 'read', 'permit-resource-type': 'region' };
    const body = asked('alice', 'GET', '/region');
    const answer = await call(own.url, path, { method: 'POST', headers: told, body });
    expect([answer.status, answer.json]).toEqual([
      502,
      { detail: 'the evaluator could not read the request' },
    ]);
  });
});
