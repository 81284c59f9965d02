import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanUp } from '../support/bundles.ts';
import { type OpaServer, question, request, startOpa } from './support.ts';

/**
 * What OPA itself (1.22.2) answers to the same was recorded with `opa run -s` over Rego documents of these names. Where
 * it answers otherwise, the row says so.
 */

let server: OpaServer;
beforeAll(async () => {
  server = await startOpa();
});
afterAll(cleanUp);

const JSON_TYPE = 'application/json; charset=utf-8';
const VIEW = question('bob', 'view', { key: 'one' });
const BOB = request('bob', 'view', 'one');
const WARNING = { code: 'api_usage_warning', message: "'input' key missing from the request" };

/** An answer of `/v1/data` without its `decision_id`, which each must have. */
async function read(path: string, body?: unknown): Promise<unknown> {
  const answer = await server.ask(path, { body });
  expect([answer.status, answer.headers['content-type']]).toEqual([200, JSON_TYPE]);
  const { decision_id, ...rest } = answer.json as Record<string, unknown>;
  expect(decision_id).toMatch(/^[0-9a-f-]{36}$/);
  return rest;
}

const get = (path: string, input: unknown) => `${path}?input=${encodeURIComponent(JSON.stringify(input))}`;

describe('a path selects a document, or what is in its value', () => {
  it.each([
    ['/v1/data/authzen/allow', true],
    ['/v1/data/authzen', { allow: true }],
    ['/v1/data/cedar/reasons', ['bob-views']],
    ['/v1/data/cedar/reasons/0', 'bob-views'],
    ['/v1/data/cedar/reasons/00', 'bob-views'],
    // OPA redirects these two to the path without the superfluous slashes.
    ['/v1/data/cedar/decision/', 'allow'],
    ['/v1/data//cedar//decision', 'allow'],
    ['/v1/data/ced%61r/allow', true],
    ['/v1/data/system/main', true],
  ])('%s', async (path, result) => {
    expect(await read(path, { input: BOB })).toEqual({ result });
    expect(await read(get(path, BOB))).toEqual({ result });
  });

  it.each([
    '/v1/data/nothing',
    '/v1/data/cedar%2Fallow',
    '/v1/data/cedar/nothing',
    // For these OPA's compiler knows that there can be nothing, and it answers 500 with its type error.
    '/v1/data/cedar/reasons/1',
    '/v1/data/cedar/reasons/-1',
    '/v1/data/cedar/reasons/length',
    '/v1/data/cedar/allow/x',
    '/v1/data/cedar/decision/0',
    '/v1/data/cedar/constructor',
    '/v1/data/cedar/__proto__',
  ])('%s is undefined: no result', async (path) => {
    expect(await read(path, { input: BOB })).toEqual({});
    expect(await read(get(path, BOB))).toEqual({});
  });

  it.each([
    ['/v1/data', 'data'],
    ['/v1/data/', 'data'],
    ['/v1/data/permit', 'data.permit'],
    // OPA evaluates all that is below, with one input.
  ])('%s is refused: its documents take different inputs', async (path, named) => {
    for (const options of [{}, { body: { input: VIEW } }]) {
      const answer = await server.ask(path, options);
      expect(answer.status).toBe(400);
      expect(answer.json).toEqual({
        code: 'invalid_parameter',
        message: expect.stringMatching(`^${named} cannot be had as a whole: ask for one of permit/root, `),
      });
    }
  });
});

describe('without an input every document is undefined', () => {
  // OPA evaluates with an undefined input; a Rego document with a default would then have that.
  it.each([
    ['no body', undefined],
    ['an empty object', {}],
    ['null', 'null'],
    ['the input null', { input: null }],
    ['another key', { Input: VIEW, 'com.example/metadata': 1 }],
  ])('POST with %s warns', async (_, body) => {
    const answer = await server.ask('/v1/data/permit/root/allow', { method: 'POST', body });
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ decision_id: expect.any(String), warning: WARNING });
  });

  it('GET does not warn', async () => {
    expect(await read('/v1/data/permit/root')).toEqual({});
    expect(await read('/v1/data/permit/root?input=null')).toEqual({});
  });

  it('a path without a document warns too', async () => {
    expect(await read('/v1/data/nothing', {})).toEqual({ warning: WARNING });
  });

  it('nothing is decided', async () => {
    const decisions = () => server.records.filter(({ msg }) => msg === 'decision').length;
    const before = decisions();
    await read('/v1/data/permit/root');
    await read('/v1/data/cedar/allow', {});
    expect(decisions()).toBe(before);
  });
});

describe('/v0/data takes the bare input and answers with the bare result', () => {
  it.each([
    ['/v0/data/authzen/allow', BOB, true],
    ['/v0/data/authzen/allow', request('bob', 'edit', 'one'), false],
    ['/v0/data/cedar/reasons', BOB, ['bob-views']],
    ['/v0/data/permit/root/allow', VIEW, true],
    ['/', BOB, true],
    ['/', request('bob', 'view', 'secret'), false],
  ])('%s', async (path, body, result) => {
    const answer = await server.ask(path, { body });
    expect([answer.status, answer.headers['content-type'], answer.json]).toEqual([200, JSON_TYPE, result]);
  });

  it.each([
    ['/v0/data/nothing/here', BOB, 'document missing: data.nothing.here'],
    ['/v0/data/cedar/nothing', BOB, 'document missing: data.cedar.nothing'],
    ['/v0/data/a%20b/c-d/3', BOB, 'document missing: data["a b"]["c-d"][3]'],
    ['/v0/data/cedar/allow', undefined, 'document undefined: data.cedar.allow'],
    ['/v0/data/cedar/allow', 'null', 'document undefined: data.cedar.allow'],
    ['/', undefined, 'document undefined: data.system.main'],
  ])('%s is undefined: 404', async (path, body, message) => {
    const answer = await server.ask(path, { method: 'POST', body });
    expect(answer.status).toBe(404);
    expect(answer.json).toEqual({ code: 'undefined_document', message });
  });

  it('without documents of their own, paths above some are refused', async () => {
    const answer = await server.ask('/v0/data/permit', { body: VIEW });
    expect([answer.status, answer.json]).toEqual([
      400,
      { code: 'invalid_parameter', message: expect.stringContaining('data.permit cannot be had as a whole') },
    ]);
  });
});

describe('parameters', () => {
  it.each(['?pretty', '?pretty=true', '?pretty=TRUE', '?x=1&pretty=false&pretty=true'])(
    '%s sets the answer on lines of their own',
    async (query) => {
      const v1 = await server.ask(`/v1/data/authzen/allow${query}`, { body: { input: BOB } });
      expect(v1.text).toMatch(/^\{\n {2}"decision_id": ".{36}",\n {2}"result": true\n\}$/);
      const v0 = await server.ask(`/v0/data/authzen${query}`, { body: BOB });
      expect(v0.text).toBe('{\n  "allow": true\n}');
    },
  );

  it.each(['?pretty=false', '?pretty=1', '?Pretty'])('%s does not', async (query) => {
    const v0 = await server.ask(`/v0/data/authzen${query}`, { body: BOB });
    expect(v0.text).toBe('{"allow":true}');
  });

  it('provenance tells the revision', async () => {
    expect(await read('/v1/data/authzen/allow?provenance', { input: BOB })).toEqual({
      // OPA has its own version and build here too.
      provenance: { bundles: { pdp: { revision: server.revision } } },
      result: true,
    });
  });

  it.each(['metrics', 'instrument=true'])('%s tells how long it took', async (query) => {
    expect(await read(`/v1/data/authzen/allow?${query}`, { input: BOB })).toEqual({
      metrics: { timer_server_handler_ns: expect.any(Number) },
      result: true,
    });
  });

  it.each([
    'explain=off',
    'explain=bogus',
    'explain',
    'rule_labels',
    'strict-builtin-errors=false',
    'unknown=1',
  ])('%s asks for nothing', async (query) => {
    expect(await read(`/v1/data/authzen/allow?${query}`, { input: BOB })).toEqual({ result: true });
  });

  it.each([
    ['explain=notes', 'explain'],
    ['explain=fails', 'explain'],
    ['explain=full', 'explain'],
    ['explain=debug', 'explain'],
    ['explain=off&explain=full', 'explain'],
    ['strict-builtin-errors', 'strict-builtin-errors'],
    ['strict-builtin-errors=true', 'strict-builtin-errors'],
  ])('%s asks for what there is not', async (query, name) => {
    for (const options of [{ body: { input: BOB } }, {}]) {
      const answer = await server.ask(`/v1/data/authzen/allow?${query}`, options);
      expect(answer.status).toBe(400);
      expect(answer.json).toEqual({
        code: 'invalid_parameter',
        message: expect.stringMatching(`^${name}: is not supported: `),
      });
    }
  });

  it('of several inputs of a GET the last one counts, as text of a form', async () => {
    const path = `/v1/data/authzen/allow?input=1&input=${JSON.stringify(BOB).replaceAll(':', ':+')}`;
    expect(await read(encodeURI(path))).toEqual({ result: true });
  });
});

describe('what is not a question is a 400, never an answer', () => {
  const invalid = (message: string) => ({ code: 'invalid_parameter', message });
  // OPA parses no further than the first JSON value, and to Rego a missing field is undefined.
  it.each([
    ['/v1/data/authzen/allow', '{"input":', 'body: is not valid JSON'],
    ['/v1/data/authzen/allow', '{"input":{}} x', 'body: is not valid JSON'],
    ['/v1/data/authzen/allow', '[]', 'body: must be an object with the key input'],
    ['/v1/data/authzen/allow', '5', 'body: must be an object with the key input'],
    ['/v1/data/authzen/allow', { input: {} }, 'subject: is required'],
    ['/v1/data/authzen/allow', { input: false }, 'request: must be an object'],
    ['/v1/data/authzen/allow', { input: [BOB] }, 'request: must be an object'],
    ['/v1/data/cedar', { input: { ...BOB, action: 'view' } }, 'action: must be an object'],
    ['/v1/data/cedar', { input: { ...BOB, context: [] } }, 'context: must be an object'],
    ['/v1/data/permit/root', { input: {} }, 'user: is required'],
    ['/v1/data/permit/root', { input: { ...VIEW, user: 'bob' } }, 'user: must be an object'],
    ['/v1/data/permit/root/allow', { input: { ...VIEW, user: {} } }, 'user.key: is required'],
    [
      '/v1/data/permit/root',
      { input: { ...VIEW, resource: { type: 1 } } },
      'resource.type: must be a string',
    ],
    ['/v1/data/permit/bulk', { input: [VIEW] }, 'checks: must be a list of questions'],
    ['/v1/data/permit/bulk', { input: { checks: [VIEW, {}] } }, '[1].user: is required'],
    ['/v1/data/permit/any_tenant', { input: { ...VIEW, action: 7 } }, 'action: must be a string'],
    ['/v1/data/permit/user_permissions', { input: { user: { key: '' } } }, 'user.key: must not be empty'],
    ['/v1/data/cedar/a%22b', { input: BOB }, "invalid path: invalid ref term 'a\"b'"],
    ['/v0/data/authzen/allow', '{', 'body: is not valid JSON'],
    ['/v0/data/authzen/allow', {}, 'subject: is required'],
    ['/v0/data/permit/root', [], 'body: must be an object'],
    ['/', {}, 'subject: is required'],
    ['/v1/data/%zz', { input: BOB }, 'the URL is not well encoded'],
    ['/v1/data/%ff', { input: BOB }, 'the URL is not well encoded'],
  ])('%s %j', async (path, body, message) => {
    const answer = await server.ask(path, { body });
    expect([answer.status, answer.headers['content-type'], answer.json]).toEqual([
      400,
      JSON_TYPE,
      invalid(message),
    ]);
  });

  it.each([
    ['{', 'input: is not valid JSON'],
    ['', 'input: is empty; send a JSON object'],
    ['[]', 'request: must be an object'],
    [`${'['.repeat(65)}${']'.repeat(65)}`, 'input: nests deeper than 64 levels'],
  ])('GET with the input %s', async (input, message) => {
    const answer = await server.ask(`/v1/data/cedar?input=${encodeURIComponent(input)}`);
    expect([answer.status, answer.json]).toEqual([400, invalid(message)]);
  });

  it('a property that Cedar cannot hold', async () => {
    const input = { ...BOB, resource: { ...BOB.resource, properties: { size: 1.5 } } };
    const answer = await server.ask('/v1/data/authzen/allow', { body: { input } });
    expect([answer.status, answer.json]).toEqual([
      400,
      invalid(expect.stringMatching(/^resource\.properties\.size: /)),
    ]);
  });
});

describe('decision_id', () => {
  it('is the X-Request-ID that was sent, and the decision log has it', async () => {
    const headers = { 'x-request-id': 'request-7' };
    const answer = await server.ask('/v1/data/cedar/allow', { headers, body: { input: BOB } });
    expect(answer.json).toEqual({ decision_id: 'request-7', result: true });
    expect(server.records).toContainEqual(
      expect.objectContaining({ msg: 'decision', requestId: 'request-7', decision: true }),
    );
  });

  it('is one of its own otherwise', async () => {
    const { json } = await server.ask('/v1/data/cedar/allow', { body: { input: BOB } });
    const { decision_id } = json as { decision_id: string };
    expect(server.records.filter(({ requestId }) => requestId === decision_id)).toHaveLength(1);
  });
});
