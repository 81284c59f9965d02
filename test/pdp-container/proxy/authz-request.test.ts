import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanUp, writeBundle } from '../support/bundles.ts';
import { exchange } from '../support/client.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { KEY, NOTES, type Sent, send } from './support.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ bundle: NOTES, apiKey: KEY });
});
afterAll(cleanUp);

const BASE = ['Host', 'pdp', 'Authorization', `Bearer ${KEY}`];
const BOB = [...BASE, 'X-PDP-Subject', 'bob'];
const FORBIDDEN = JSON.stringify({ error: { status: 403, message: 'forbidden' } });

const ask = (headers: string[], method = 'GET', path = '/authz/request', body?: string): Promise<Sent> =>
  send(server.url, method, path, headers, body);

const nginx = (method: string, uri: string) => ['X-Original-Method', method, 'X-Original-URI', uri];
const traefik = (method: string, uri: string) => ['X-Forwarded-Method', method, 'X-Forwarded-Uri', uri];

describe.each([
  ['X-Original-*', (method: string, uri: string) => ask([...BOB, ...nginx(method, uri)])],
  [
    'X-Original-URL',
    (method: string, uri: string) =>
      ask([...BOB, 'X-Original-Method', method, 'X-Original-URL', `https://api.test${uri}`]),
  ],
  ['X-Forwarded-*', (method: string, uri: string) => ask([...BOB, ...traefik(method, uri)])],
  ['X-Forwarded-* by POST', (method: string, uri: string) => ask([...BOB, ...traefik(method, uri)], 'POST')],
  ['the path after the route', (method: string, uri: string) => ask(BOB, method, `/authz/request${uri}`)],
])('the original request told in %s', (_, told) => {
  it.each([
    ['GET', '/notes/1', 200],
    ['GET', '/notes/1?x=%2F..', 200],
    ['GET', `/notes/${'1'.repeat(600)}`, 200],
    ['GET', '/', 200],
    ['GET', '/notes/secret', 403],
    ['GET', '/notes/s%65cret', 403],
    ['PUT', '/notes/1', 403],
    ['POST', '/notes/1', 403],
    ['OPTIONS', '/notes/1', 403],
    ['TRACE', '/notes/1', 403],
    ['GET', '/notes/*', 403],
    ['HEAD', '/notes/1', 403],
    ['GET', '/nothing', 403],
    ['GET', '/notes', 403],
    ['GET', '/notes/1/', 403],
    ['GET', '/Notes/1', 403],
    ['GET', '/notes//1', 403],
    ['GET', '//notes/1', 403],
    ['GET', '/x/../notes/1', 403],
    ['GET', '/x/%2e%2e/notes/1', 403],
    ['GET', '/notes/%2e%2e%2fnotes%2f1', 403],
    ['GET', '/notes/%2Fsecret', 403],
    ['GET', '/notes/%252e', 403],
    ['GET', '/notes/1;x', 403],
    ['GET', '/notes/..;/1', 403],
    ['GET', '/notes/1%00', 403],
    ['GET', '/colours/blue', 200],
    ['GET', '/colours/red', 403],
  ])('%s %s is %i', async (method, uri, status) => {
    const answer = await told(method, uri);
    expect(answer.status).toBe(status);
    expect(answer.headers['cache-control']).toBe('no-store');
    // The answer to a HEAD has no body.
    if (answer.text !== '') expect(answer.text).toBe(FORBIDDEN);
    else expect(status === 200 || method === 'HEAD').toBe(true);
  });
});

describe('who asks', () => {
  it.each([
    ['nobody', [], 401],
    ['an empty name', ['X-PDP-Subject', ''], 401],
    ['bob', ['X-PDP-Subject', 'bob'], 200],
    ['another', ['X-PDP-Subject', 'carol'], 403],
    ['bob twice', ['X-PDP-Subject', 'bob', 'X-PDP-Subject', 'bob'], 403],
    ['two users', ['X-PDP-Subject', 'carol', 'X-PDP-Subject', 'bob'], 403],
    ['two users in one header', ['X-PDP-Subject', 'carol, bob'], 403],
    ['a user with another type', ['X-PDP-Subject', 'user::"bob"'], 403],
    ['what is not UTF-8', ['X-PDP-Subject', 'bj\xf6rn'], 403],
    ['a control character', ['X-PDP-Subject', 'bob\x85'], 403],
    ['a name that is too long', ['X-PDP-Subject', 'b'.repeat(1_025)], 403],
    ['another header', ['X-Forwarded-User', 'bob', 'X_PDP_Subject', 'bob'], 401],
  ])('%s', async (_, subject, status) => {
    const answer = await ask([...BASE, ...subject, ...nginx('GET', '/notes/1')]);
    expect(answer.status).toBe(status);
    if (status === 401) {
      expect(answer.text).toBe(JSON.stringify({ error: { status: 401, message: 'unauthorized' } }));
    }
  });
});

describe('what contradicts is forbidden', () => {
  const told = nginx('GET', '/notes/1');
  it.each([
    ['nothing told', []],
    ['no method', ['X-Original-URI', '/notes/1']],
    ['no URI', ['X-Original-Method', 'GET']],
    ['no forwarded method', ['X-Forwarded-Uri', '/notes/1']],
    ['an empty URI', nginx('GET', '')],
    ['nginx and Traefik', [...told, ...traefik('GET', '/notes/1')]],
    ['nginx and half of Traefik', [...told, 'X-Forwarded-Uri', '/notes/1']],
    ['Traefik and half of nginx', [...traefik('GET', '/notes/1'), 'X-Original-URL', 'http://h/notes/1']],
    ['URI and URL', [...told, 'X-Original-URL', 'http://h/notes/1']],
    ['the URI twice', [...told, 'X-Original-URI', '/notes/2']],
    ['the method twice', [...told, 'X-Original-Method', 'GET']],
    ['a URI with a host', nginx('GET', 'http://api.test/notes/1')],
    ['a forwarded URI with a host', traefik('GET', 'http://api.test/notes/1')],
    ['two hosts', [...told, 'X-Original-Host', 'a', 'X-Original-Host', 'b']],
    ['a host that is none', [...told, 'X-Original-Host', 'a, b']],
    ['two URIs in one header', nginx('GET', '/notes/1, /notes/2')],
    ['a method in lower case', nginx('get', '/notes/1')],
    ['a forwarded method in lower case', traefik('Get', '/notes/1')],
    ['a method that is none', nginx('G ET', '/notes/1')],
    ['a URI that is not UTF-8', nginx('GET', '/notes/caf\xe9')],
    ['a URI that is not encoded', nginx('GET', '/notes/caf\xc3\xa9')],
    ['a forwarded URI with a host after //', traefik('GET', '//api.test/notes/1')],
    ['a URI with a fragment', nginx('GET', '/notes/1#/x')],
    ...['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override', 'X-Rewrite-URL'].map(
      (name): [string, string[]] => [
        `a header that overrides: ${name}`,
        [...traefik('GET', '/notes/1'), name, 'PUT'],
      ],
    ),
  ])('%s', async (_, headers) => {
    const answer = await ask([...BOB, ...headers]);
    expect([answer.status, answer.text]).toEqual([403, FORBIDDEN]);
  });

  it.each([nginx('GET', '/notes/1'), traefik('GET', '/notes/1')])(
    'headers of a client beside the path that Envoy sends: %s',
    async (...headers) => {
      expect((await ask([...BOB, ...headers], 'GET', '/authz/request/notes/secret')).status).toBe(403);
      expect((await ask([...BOB, ...headers], 'GET', '/authz/request/notes/1')).status).toBe(403);
    },
  );

  it.each([
    ['/authz/requestx/notes/1', 404],
    ['/authz%2Frequest/notes/1', 404],
    ['/authz/request%2Fnotes/1', 404],
    ['/%61uthz/request/notes/1', 403],
    ['//authz/request/notes/1', 404],
    // No path at all to the router, which answers for every face.
    ['/authz/request/%zz', 400],
    ['/authz/request/notes/%c0%ae', 400],
    ['/authz/request/notes/1#', 403],
    ['/authz/request/notes/1?#', 403],
    ['/authz/request/notes/1;x', 403],
    ['/authz/request/../../healthy', 403],
    ['/authz/request//notes/1', 403],
    ['/authz/request*', 404],
    ['/authz/request?/notes/1', 403],
    ['/Authz/request/notes/1', 404],
    ['http://pdp/authz/request/notes/1', 403],
  ])('the target %s is %i', async (path, status) => {
    expect((await ask(BOB, 'GET', path)).status).toBe(status);
  });
});

describe('hosts', () => {
  it.each([
    ['nginx', [...nginx('DELETE', '/x'), 'X-Original-Host', 'api.test'], 200],
    ['nginx, not told', nginx('DELETE', '/x'), 403],
    ['nginx, from another family', [...nginx('DELETE', '/x'), 'X-Forwarded-Host', 'api.test'], 403],
    ['Traefik', [...traefik('DELETE', '/x'), 'X-Forwarded-Host', 'API.test:443'], 200],
    ['Traefik, another', [...traefik('DELETE', '/x'), 'X-Forwarded-Host', 'other.test'], 403],
    ['Traefik, from another family', [...traefik('DELETE', '/x'), 'X-Original-Host', 'api.test'], 403],
  ])('%s', async (_, headers, status) => {
    expect((await ask([...BOB, ...headers])).status).toBe(status);
  });

  it("Envoy's is the request's own", async () => {
    const rest = BOB.slice(2);
    expect((await ask(['Host', 'api.test', ...rest], 'DELETE', '/authz/request/x')).status).toBe(200);
    expect((await ask(['Host', 'other.test', ...rest], 'DELETE', '/authz/request/x')).status).toBe(403);
  });
});

describe('what the bytes of a call may hide', () => {
  const lines = (...more: string[]) => [
    'Host: pdp',
    `Authorization: Bearer ${KEY}`,
    'X-Original-Method: GET',
    'X-Original-URI: /notes/1',
    ...more,
  ];
  const status = async (headers: string[], line = 'GET /authz/request HTTP/1.1') => {
    const bytes = [line, 'Connection: close', ...headers, '', ''].join('\r\n');
    const answer = await exchange(server.url, bytes);
    return Number(/^HTTP\/1\.1 (\d+) /.exec(answer)?.[1]);
  };

  it.each<[string, string[], number]>([
    ['nothing', lines('X-PDP-Subject: bob'), 200],
    ['spaces around', lines('X-PDP-Subject:   bob\t'), 200],
    ['another letter case', lines('x-pdp-SUBJECT: bob'), 200],
    ['a folded line', lines('X-PDP-Subject: carol', ' bob'), 400],
    ['a space before the colon', lines('X-PDP-Subject : bob'), 400],
    ['a bare line feed', lines('X-Other: a\nX-PDP-Subject: bob'), 400],
    ['a bare carriage return', lines('X-Other: a\rX-PDP-Subject: bob'), 400],
    ['a NUL', lines('X-PDP-Subject: bob\0'), 400],
    ['a trailer', [...lines('Transfer-Encoding: chunked'), '', '0', 'X-PDP-Subject: bob'], 401],
  ])('%s', async (_, headers, expected) => {
    expect(await status(headers)).toBe(expected);
  });

  it('more headers than Node reads by default', async () => {
    const many = Array.from({ length: 2_100 }, () => 'a:');
    expect(await status(lines('X-PDP-Subject: bob', ...many))).toBe(200);
    expect(await status(lines('X-PDP-Subject: bob', ...many, 'X-PDP-Subject: carol'))).toBe(403);
    expect(await status(lines('X-PDP-Subject: bob', ...many, 'X-Forwarded-Uri: /notes/2'))).toBe(403);
  });

  it('HTTP/1.0, with and without a host', async () => {
    const told = lines('X-PDP-Subject: bob');
    expect(await status(told, 'GET /authz/request HTTP/1.0')).toBe(200);
    expect(await status(told.slice(1), 'GET /authz/request HTTP/1.0')).toBe(200);
    expect(await status(told.slice(1))).toBe(400);
  });

  it('a host twice, where it is what is asked about', async () => {
    const rest = lines('X-PDP-Subject: bob').filter((line) => !/^(Host|X-Original)/.test(line));
    const envoy = (...hosts: string[]) =>
      status([...hosts.map((host) => `Host: ${host}`), ...rest], 'DELETE /authz/request/x HTTP/1.1');
    expect(await envoy('api.test')).toBe(200);
    expect(await envoy('api.test', 'other.test')).toBe(403);
    expect(await envoy('other.test', 'api.test')).toBe(403);
    expect(await envoy('api.test:443')).toBe(200);
    expect(await envoy('API.test.')).toBe(200);
    expect(await envoy('api.test@other.test')).toBe(403);
    expect(await envoy('api.test, other.test')).toBe(403);
    expect(await envoy('api.test/x')).toBe(403);
    expect(await envoy('ap\u0131.test')).toBe(403);
    expect(await envoy('')).toBe(403);
  });
});

it.each([
  ['CONNECT', 'api.test:443'],
  ['CONNECT', '/authz/request/notes/1'],
  ['PROPFIND', '/authz/request/notes/1'],
  ['PURGE', '/authz/request/notes/1'],
  ['OPTIONS', '*'],
])('%s %s is never let through', async (method, target) => {
  const headers = [`${method} ${target} HTTP/1.1`, 'Host: pdp', `Authorization: Bearer ${KEY}`];
  const answer = await exchange(
    server.url,
    [...headers, 'X-PDP-Subject: bob', 'Connection: close', '', ''].join('\r\n'),
  );
  expect(answer).not.toMatch(/^HTTP\/1\.1 2/);
});

it.each([
  ['what is not stored', 'new', 200],
  ['what is stored there', 'in-acme', 200],
  ['what is stored below it', 'below-acme', 200],
  ['what is stored in another', 'in-globex', 403],
  ['what is stored below another', 'below-globex', 403],
  ['what is stored in none', 'of-nobody', 403],
  ['what has text for a tenant', 'odd', 403],
])("a tenant in the URL is not laid over a stored resource's own: %s", async (_, id, status) => {
  const erin = [...BASE, 'X-PDP-Subject', 'erin'];
  expect((await ask([...erin, ...nginx('GET', `/tenants/acme/notes/${id}`)])).status).toBe(status);
});

it('takes headers of the original request and tenants that the rules name', async () => {
  const regional = nginx('GET', '/regional');
  expect((await ask([...BOB, ...regional, 'X-Region', 'eu'])).status).toBe(200);
  expect((await ask([...BOB, ...regional, 'X-Region', 'secret'])).status).toBe(403);
  expect((await ask([...BOB, ...regional])).status).toBe(403);
  expect((await ask([...BOB, ...regional, 'X-Region', 'eu', 'X-Region', 'us'])).status).toBe(403);
  const erin = [...BASE, 'X-PDP-Subject', 'erin'];
  expect((await ask([...erin, ...nginx('GET', '/tenants/acme/reports')])).status).toBe(200);
  expect((await ask([...erin, ...nginx('GET', '/tenants/globex/reports')])).status).toBe(403);
});

it.each([
  ['JSON', 'application/json', '{"a":1}'],
  ['broken JSON', 'application/json', '{'],
  ['a form', 'application/x-www-form-urlencoded', 'a=b'],
  ['what has no type', '', 'abc'],
])('the body of the original request is not looked at: %s', async (_, type, body) => {
  const headers = [...BOB, ...nginx('GET', '/notes/1'), 'Content-Length', String(body.length)];
  const answer = await ask(
    [...headers, ...(type === '' ? [] : ['Content-Type', type])],
    'POST',
    undefined,
    body,
  );
  expect(answer.status).toBe(200);
});

it.each([
  ['none', []],
  ['a wrong one', ['Authorization', 'Bearer nonsense']],
  ["the user's own token", ['Authorization', 'Bearer token-of-a-user']],
])('without the key it is 403, and no challenge for it: %s', async (_, authorization) => {
  const headers = ['Host', 'pdp', ...authorization, 'X-PDP-Subject', 'bob', ...nginx('GET', '/notes/1')];
  const answer = await ask(headers);
  expect([answer.status, answer.text]).toEqual([403, FORBIDDEN]);
  expect(answer.headers['www-authenticate']).toBeUndefined();
  expect((await ask([...headers, 'X-PDP-Key', KEY])).status).toBe(200);
});

it('logs why, for each answer but a 401', async () => {
  const own = await startServer({ bundle: NOTES });
  const told = (uri: string) => [
    'Host',
    'pdp',
    'X-PDP-Subject',
    'bob',
    'X-Request-ID',
    uri,
    ...nginx('GET', uri),
  ];
  for (const uri of ['/notes/1', '/notes/secret', '/nothing', '/notes//1']) {
    await send(own.url, 'GET', '/authz/request', told(uri));
  }
  const decisions = own.records.filter(({ msg }) => msg === 'decision');
  expect(decisions).toMatchObject([
    { requestId: '/notes/1', decision: true, policies: ['bob-views'], resource: { type: 'note', id: '1' } },
    { requestId: '/notes/secret', decision: false, policies: ['never-secret'] },
    {
      requestId: '/nothing',
      decision: false,
      error: 'no rule fits the method and URL',
      subject: { id: 'bob' },
    },
    { requestId: '/notes//1', decision: false, error: 'the url has an empty path segment (//)' },
  ]);
});

it('reads another header when told to, and not the usual one', async () => {
  const own = await startServer({ bundle: NOTES, proxySubjectHeader: 'X-Auth-Request-User' });
  const told = ['Host', 'pdp', ...nginx('GET', '/notes/1')];
  expect((await send(own.url, 'GET', '/authz/request', [...told, 'X-Auth-Request-User', 'bob'])).status).toBe(
    200,
  );
  expect((await send(own.url, 'GET', '/authz/request', [...told, 'X-PDP-Subject', 'bob'])).status).toBe(401);
});

it.each(['Authorization', 'cookie', 'X-Original-URI', 'x-forwarded-host', 'a b', ''])(
  'does not start with %j as the header of the user',
  async (proxySubjectHeader) => {
    await expect(startServer({ bundle: NOTES, proxySubjectHeader })).rejects.toThrow('cannot tell who asks');
  },
);

it('denies with 503 and nothing else while no revision is active', async () => {
  const own = await startServer({ bundle: { 'policies.cedar': 'permit(' } });
  const answer = await send(own.url, 'GET', '/authz/request', BOB);
  expect([answer.status, answer.text]).toEqual([
    503,
    JSON.stringify({ error: { status: 503, message: 'no decision can be had' } }),
  ]);
});

it('takes new rules with the policies of the same revision, and keeps the last good ones', async () => {
  const own = await startServer({ bundle: NOTES });
  const status = async (uri: string) =>
    (
      await send(own.url, 'GET', '/authz/request', [
        'Host',
        'pdp',
        'X-PDP-Subject',
        'bob',
        ...nginx('GET', uri),
      ])
    ).status;
  expect([await status('/notes/1'), await status('/other/1')]).toEqual([200, 403]);
  await own.logged('revision active');
  const rule = { method: 'GET', path: '/other/{id}', action: 'view', resource: { type: 'note', id: '{id}' } };
  await writeBundle(own.source, { 'urls.json': JSON.stringify([rule]) });
  await own.logged('revision active');
  expect([await status('/notes/1'), await status('/other/1')]).toEqual([403, 200]);
  await writeBundle(own.source, { 'urls.json': JSON.stringify([{ ...rule, path: 'other' }]) });
  const failed = await own.logged('reload failed');
  expect(failed.problems).toMatchObject([{ file: 'urls.json', message: 'rule 0: path: must begin with /' }]);
  expect([await status('/notes/1'), await status('/other/1')]).toEqual([403, 200]);
});
