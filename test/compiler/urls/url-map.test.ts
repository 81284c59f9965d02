import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileFiles } from '../../../compiler/index.ts';
import { MAX_PATH_LENGTH } from '../../../compiler/urls/target.ts';
import { UrlMap, type UrlQuestion, type UrlRequest } from '../../../compiler/urls/url-map.ts';

type WrittenRule = Record<string, unknown>;

async function mapOf(rules: WrittenRule[]): Promise<UrlMap> {
  const files = { 'p.cedar': 'permit(principal, action, resource);', 'urls.json': JSON.stringify(rules) };
  const result = await compileFiles(
    new Map(Object.entries(files).map(([path, text]) => [path, new TextEncoder().encode(text)])),
  );
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join('\n'));
  return new UrlMap(result.bundle.urlRules);
}

const get = (url: string, more: Partial<UrlRequest> = {}): UrlRequest => ({ method: 'GET', url, ...more });

/** Actions in tests name the rule, so that what fits shows. */
async function actionOf(rules: WrittenRule[], request: UrlRequest): Promise<string> {
  const question = (await mapOf(rules)).question(request);
  return 'reason' in question ? `none: ${question.reason}` : question.action;
}

const NO_RULE = 'none: no rule fits the method and URL';
const NEAR =
  'none: a rule fits but for letter case, a final slash, a parameter or header sent twice, or a host not told';

describe('templates', () => {
  const rules = [
    { method: 'GET', path: '/', action: 'root', resource: 'T' },
    { method: 'GET', path: '/notes', action: 'list', resource: 'T' },
    { method: 'GET', path: '/notes/{id}', action: 'view', resource: 'T' },
    { method: 'GET', path: '/notes/secret', action: 'secret', resource: 'T', priority: 1 },
    { method: ['PUT', 'patch'], path: '/notes/{id}', action: 'edit', resource: 'T' },
    { method: '*', path: '/admin/', action: 'admin', resource: 'T' },
    { method: 'GET', path: '/café/{x}', action: 'café', resource: 'T' },
  ];

  it.each([
    ['GET', '/', 'root'],
    ['GET', '/?a=b', 'root'],
    ['GET', '/notes', 'list'],
    ['get', '/notes', 'list'],
    ['GET', '/%6eotes', 'list'],
    ['GET', '/notes/1', 'view'],
    ['GET', '/notes/secret', 'secret'],
    ['GET', '/notes/s%65cret', 'secret'],
    ['PATCH', '/notes/1', 'edit'],
    ['PUT', '/notes/1', 'edit'],
    ['DELETE', '/admin/', 'admin'],
    ['GET', '/caf%C3%A9/1', 'café'],
    ['GET', 'https://anywhere/notes', 'list'],
    ['POST', '/notes', NO_RULE],
    ['', '/notes', 'none: the method is not an HTTP method'],
    ['GET, PUT', '/notes', 'none: the method is not an HTTP method'],
    ['PO\u017fT', '/admin/', 'none: the method is not an HTTP method'],
    ['HEAD', '/notes', NO_RULE],
    ['GET', '/notes/1/2', NO_RULE],
    ['GET', '/other', NO_RULE],
    ['GET', '/NOTES', NEAR],
    ['GET', '/notes/', NEAR],
    ['GET', '/notes/SECRET', NEAR],
    ['GET', '/notes/secret/', NEAR],
    ['GET', '/notes/%C5%BFecret', NEAR],
    ['GET', '/notes/\u212a', 'none: the url has characters in its path that must be percent-encoded'],
    ['GET', '/notes/1/', NEAR],
    ['GET', '/admin', NEAR],
    ['GET', '/notes/%2e%2e/admin/', expect.stringContaining('none: the url has a path segment that')],
    ['GET', '/notes/..%2fadmin', expect.stringContaining('none: the url has an encoded separator')],
  ])('%s %s is %s', async (method, url, action) => {
    expect(await actionOf(rules, { method, url })).toEqual(action);
  });
});

describe('expressions', () => {
  const rules = [
    { method: 'GET', regex: '/v1/(?P<id>[0-9]+)', action: 'one', resource: 'T' },
    { method: 'GET', regex: '^/files/(?<path>.+)$', action: 'file', resource: 'T' },
    { method: 'GET', regex: '/files/private/.*', action: 'private', resource: 'T', priority: 2 },
    { method: 'GET', regex: '/a|/b', action: 'either', resource: 'T' },
  ];

  it.each([
    ['/v1/12', 'one'],
    ['/v1/12?x=/files/private/', 'one'],
    ['/v1/12x', NO_RULE],
    ['/x/v1/12', NO_RULE],
    ['/V1/12', NEAR],
    ['/v1/12/', NEAR],
    ['/files/a/b', 'file'],
    ['/files/private/x', 'private'],
    ['/files/PRIVATE/x', NEAR],
    ['/files/private', NEAR],
    ['/files/a%2Fprivate', expect.stringContaining('encoded separator')],
    ['/a', 'either'],
    ['/b', 'either'],
    ['/bc', NO_RULE],
  ])('%s is %s', async (url, action) => {
    expect(await actionOf(rules, get(url))).toEqual(action);
  });
});

describe('hosts, parameters and headers', () => {
  const rules = [
    { method: 'GET', host: 'Admin.example.com', path: '/x', action: 'admin', resource: 'T', priority: 9 },
    { method: 'GET', path: '/x', action: 'any host', resource: 'T' },
    { method: 'GET', path: '/q', query: { mode: 'raw' }, action: 'raw', resource: 'T', priority: 1 },
    { method: 'GET', path: '/q', query: { of: '{id}' }, action: 'of', resource: { type: 'T', id: '{id}' } },
    { method: 'GET', path: '/h', headers: { 'X-Region': 'eu' }, action: 'eu', resource: 'T', priority: 1 },
    { method: 'GET', path: '/h', action: 'any', resource: 'T' },
  ];
  const region = (...values: string[]) => ({
    headers: (name: string) => (name === 'x-region' ? values : []),
  });

  it.each([
    [get('https://admin.example.com/x'), 'admin'],
    [get('https://ADMIN.example.com.:8443/x'), 'admin'],
    [get('/x', { host: 'admin.example.com:443' }), 'admin'],
    [get('/x'), NEAR],
    [get('/x', { host: '' }), 'none: the url has a host that is not a name or an address'],
    [get('/x', { host: 'other.example.com' }), 'any host'],
    [
      get('https://admin.example.com/x', { host: 'other' }),
      'none: the url and the header name different hosts',
    ],
    [get('/x', { host: 'a b' }), 'none: the url has a host that is not a name or an address'],
    [get('/q?mode=raw'), 'raw'],
    [get('/q?m%6Fde=r%61w'), 'raw'],
    [get('/q?of=7&mode=other'), 'of'],
    [get('/q?mode=raw&mode=other&of=7'), NEAR],
    [get('/q?mode=RAW&of=7'), NEAR],
    [get('/q?Mode=raw&of=7'), NEAR],
    [get('/q?mode[]=raw&of=7'), NEAR],
    [get('/q?a;mode=raw&of=7'), NEAR],
    [get('/q?mode=%ff&of=7'), NEAR],
    [get('/q?of=7&of=8'), NEAR],
    [get('/q?of='), NEAR],
    [get('/q?'), NO_RULE],
    [get('/h', region('eu')), 'eu'],
    [get('/h', region('EU')), NEAR],
    [get('/h', region('eu', 'us')), NEAR],
    [get('/h', region('us')), 'any'],
    [get('/h'), 'any'],
  ])('$url is %s', async (request, action) => {
    expect(await actionOf(rules, request)).toBe(action);
  });
});

describe('what is captured', () => {
  const ask = async (rule: WrittenRule, url: string, more: Partial<UrlRequest> = {}) =>
    (await mapOf([{ method: 'GET', action: 'a', ...rule }])).question(get(url, more));
  const TEMPLATE = { path: '/{tenant}/notes/{note}' };

  it('is all attributes of a resource without an id, as Permit has it', async () => {
    expect(await ask({ ...TEMPLATE, resource: 'Note' }, '/acme/notes/caf%C3%A9')).toEqual({
      action: 'a',
      resource: { type: 'Note', attributes: { tenant: 'acme', note: 'café' } },
    });
  });

  it('fills in id, tenant and attributes, and then only what they name', async () => {
    const resource = { type: 'Note', id: '{tenant}/{note}', tenant: '{tenant}' };
    expect(await ask({ ...TEMPLATE, resource }, '/acme/notes/1')).toEqual({
      action: 'a',
      resource: { type: 'Note', key: 'acme/1', tenant: 'acme', attributes: {} },
    });
    const named = { ...resource, attributes: { label: 'note {note}', __proto__x: 'y' } };
    expect(await ask({ ...TEMPLATE, resource: named }, '/acme/notes/1')).toEqual({
      action: 'a',
      resource: {
        type: 'Note',
        key: 'acme/1',
        tenant: 'acme',
        attributes: { label: 'note 1', __proto__x: 'y' },
      },
    });
  });

  it('comes from expressions, parameters and headers too', async () => {
    const rule = {
      regex: '/v(?P<version>[0-9]+)(?:/(?P<rest>.*))?',
      query: { limit: '{limit}' },
      headers: { 'x-tenant': '{tenant}' },
      resource: 'T',
    };
    const headers = (name: string) => (name === 'x-tenant' ? ['acme'] : []);
    expect(await ask(rule, '/v2?limit=1%2F2', { headers })).toEqual({
      action: 'a',
      resource: { type: 'T', attributes: { version: '2', limit: '1/2', tenant: 'acme' } },
    });
  });

  it.each([
    [
      'the separator in a part',
      { regex: '/(?P<a>[^/]+)/(?P<b>.+)', resource: { type: 'T', id: '{a}/{b}' } },
      '/x/y/z',
    ],
    ['an empty part', { regex: '/x(?P<a>.*)', resource: { type: 'T', id: '{a}' } }, '/x'],
    ['a part that took no part', { regex: '/x(?:/(?P<a>y))?', resource: { type: 'T', id: '{a}' } }, '/x'],
  ])('is no id with %s', async (_, rule, url) => {
    expect(await ask(rule, url)).toEqual({
      reason: 'what was captured is empty, or has a character that separates the parts of an id',
    });
  });

  it('gives no two requests one id', async () => {
    const map = await mapOf([
      {
        method: 'GET',
        path: '/x',
        query: { a: '{a}', b: '{b}' },
        action: 'x',
        resource: { type: 'T', id: '{a}--{b}' },
      },
    ]);
    const value = fc.string({ unit: fc.constantFrom('-', 'p', 'é'), minLength: 1, maxLength: 4 });
    const id = (a: string, b: string) => {
      const question = map.question(get(`/x?${new URLSearchParams({ a, b })}`));
      return 'reason' in question ? undefined : question.resource.key;
    };
    fc.assert(
      fc.property(value, value, value, value, (a, b, c, d) => {
        const first = id(a, b);
        if (first === undefined || first !== id(c, d)) return;
        expect([c, d]).toEqual([a, b]);
      }),
      { numRuns: 2_000 },
    );
  });
});

it('tries the highest priority first, then the first that is written', async () => {
  const rule = (action: string, regex: string, priority?: number) => ({
    method: 'GET',
    regex,
    action,
    resource: 'T',
    priority,
  });
  const rules = [rule('low', '/.*', -1), rule('b', '/a.*'), rule('c', '/.b'), rule('high', '/abc', 5)];
  expect(await actionOf(rules, get('/ab'))).toBe('b');
  expect(await actionOf(rules, get('/xb'))).toBe('c');
  expect(await actionOf(rules, get('/abc'))).toBe('high');
  expect(await actionOf(rules, get('/x'))).toBe('low');
});

it('ends with the largest rules, the longest path and expressions that would blow up elsewhere', async () => {
  // With back-tracking any of these is beyond the age of the universe; here the test ends.
  const evil = ['/(a+)+b', '/(a|aa)+b', '/(?:a?){200}a{200}b', '/(.*a){20}b', '/([a-zA-Z]+)*b'];
  const map = await mapOf(evil.map((regex) => ({ method: 'GET', regex, action: regex, resource: 'T' })));
  const longest = `/${'a'.repeat(MAX_PATH_LENGTH - 1)}`;
  expect(map.question(get(longest))).toEqual({ reason: 'no rule fits the method and URL' });
  expect(map.question(get(`${longest.slice(0, -1)}b`))).toMatchObject({ action: evil[0] });
});

it('a fit never depends on letter case, a final slash or an encoding: variants fit the same rule or none', async () => {
  const map = await mapOf([
    { method: 'GET', path: '/a/b', action: 'literal', resource: 'T' },
    { method: 'GET', path: '/a/{x}', action: 'template', resource: 'T' },
    { method: 'GET', regex: '/a/c/[a-z]+', action: 'expression', resource: 'T' },
    { method: 'GET', regex: '/.*', action: 'rest', resource: 'T' },
  ]);
  const action = (url: string) => (map.question(get(url)) as Partial<UrlQuestion>).action;
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'A', 'B', 'é'), minLength: 1, maxLength: 2 });
  const variants = [
    (text: string) => text.toUpperCase(),
    (text: string) => text.toLowerCase(),
    (text: string) => `${text}/`,
    (text: string) => text.replace(/\/$/, ''),
  ];
  fc.assert(
    fc.property(fc.array(word, { maxLength: 4 }), fc.constantFrom(...variants), (words, vary) => {
      const path = `/${words.join('/')}`;
      const found = action(encodeURI(path));
      const other = action(encodeURI(vary(path)) || '/');
      // What only the last rule takes is for it to say.
      const allowed = found === 'rest' ? ['rest', undefined] : [found, undefined];
      if (other !== undefined && found !== undefined) expect(allowed).toContain(other);
      const encoded = path.replace(/[a-z]/gi, (letter) => `%${letter.charCodeAt(0).toString(16)}`);
      expect(action(encodeURI(encoded).replaceAll('%25', '%'))).toBe(found);
    }),
    { numRuns: 2_000 },
  );
});
