import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanUp } from '../support/bundles.ts';
import { type OpaServer, request, startOpa } from './support.ts';

let server: OpaServer;
beforeAll(async () => {
  server = await startOpa();
});
afterAll(cleanUp);

async function answered(method: string, path: string, body?: string) {
  // Node tells the length of a DELETE's body only when told to.
  const sent = body === undefined ? {} : { body, headers: { 'content-length': String(body.length) } };
  const { status, headers, text } = await server.ask(path, { method, ...sent });
  expect(headers['content-type']).toBe('application/json; charset=utf-8');
  return { status, json: text === '' ? undefined : (JSON.parse(text) as unknown), allow: headers.allow };
}

describe('/v1/policies, for reading', () => {
  const IDS = ['bob-views', 'editors-edit', 'never-secret', 'errs'];

  it('lists the ids of the active policies', async () => {
    expect(await answered('GET', '/v1/policies')).toMatchObject({
      status: 200,
      json: { result: IDS.map((id) => ({ id })) },
    });
    expect((await server.ask('/v1/policies?pretty')).text).toMatch(/^\{\n {2}"result": \[/);
  });

  it('tells one of them', async () => {
    expect(await answered('GET', '/v1/policies/bob%2Dviews')).toMatchObject({
      status: 200,
      json: { result: { id: 'bob-views' } },
    });
  });

  it.each(['nope', 'bob-views/x', 'constructor'])('%s is not one', async (id) => {
    expect(await answered('GET', `/v1/policies/${id}`)).toMatchObject({
      status: 404,
      json: { code: 'resource_not_found', message: `storage_not_found_error: policy id "${id}"` },
    });
  });
});

// OPA answers so too for what one of its bundles owns, in other words.
describe('what would change policies or data is a 400', () => {
  it.each([
    ['PUT', '/v1/data'],
    ['PUT', '/v1/data/permit/root'],
    ['PATCH', '/v1/data'],
    ['PATCH', '/v1/data/x'],
    ['DELETE', '/v1/data/x'],
    ['PUT', '/v1/policies/x'],
    ['DELETE', '/v1/policies/bob-views'],
  ])('%s %s', async (method, path) => {
    for (const body of [undefined, '{ "not": JSON']) {
      expect(await answered(method, path, body)).toMatchObject({
        status: 400,
        json: {
          code: 'invalid_parameter',
          message: 'policies and data are owned by the bundle: publish a new revision of it',
        },
      });
    }
  });
});

describe('what there is in OPA and not here is a 501', () => {
  it.each([
    ['GET', '/v1/query?q=x=1', '/v1/query'],
    ['POST', '/v1/query', '/v1/query'],
    ['POST', '/v1/compile', '/v1/compile'],
    ['POST', '/v1/compile/filters/include', '/v1/compile/*'],
    ['GET', '/v1/config', '/v1/config'],
    ['GET', '/v1/status', '/v1/status'],
  ])('%s %s', async (method, path, route) => {
    expect(await answered(method, path)).toMatchObject({
      status: 501,
      json: {
        code: 'invalid_operation',
        message: `${route} is not supported: policies are Cedar, not Rego`,
      },
    });
  });
});

describe('another method is a 405', () => {
  // OPA sends no body with it.
  it.each([
    ['GET', '/v0/data/authzen', 'POST'],
    ['HEAD', '/v1/data/authzen', 'GET, POST'],
    ['HEAD', '/v1/data/nothing', 'GET, POST'],
    ['OPTIONS', '/v1/data', 'GET, POST'],
    ['DELETE', '/v1/data', 'GET, POST'],
    ['POST', '/v1/policies', 'GET'],
    ['HEAD', '/v1/policies', 'GET'],
    ['POST', '/v1/policies/x', 'GET'],
    ['POST', '/health', 'GET, HEAD'],
  ])('%s %s', async (method, path, allow) => {
    const { status, json, allow: told } = await answered(method, path);
    expect([status, told]).toEqual([405, allow]);
    if (method !== 'HEAD') {
      const message = `must be a ${allow.replaceAll(', ', ' or a ')}`;
      expect(json).toEqual({ code: 'invalid_operation', message });
    }
  });
});

it.each([
  ['GET', '/'],
  ['GET', '/v1'],
  ['GET', '/v1/nothing'],
  ['GET', '/v1/database'],
  // The Enterprise OPA's; its SDK then asks one by one.
  ['POST', '/v1/batch/data/authzen/allow'],
  // Of the main port.
  ['POST', '/access/v1/evaluation'],
  ['POST', '/allowed'],
  ['GET', '/ready'],
  ['GET', '/metrics'],
])('%s %s is a 404', async (method, path) => {
  expect(await answered(method, path)).toMatchObject({
    status: 404,
    json: { code: 'resource_not_found', message: 'not found' },
  });
});

describe('/health', () => {
  it.each(['', '?bundles', '?bundles=true', '?bundle', '?plugins', '?plugins&exclude-plugin=bundle'])(
    '%s is healthy while a revision is active',
    async (query) => {
      expect(await answered('GET', `/health${query}`)).toMatchObject({ status: 200, json: {} });
    },
  );

  it('has no checks by policy', async () => {
    expect(await answered('GET', '/health/live')).toMatchObject({
      status: 500,
      json: { error: 'health check (live) was undefined' },
    });
  });

  describe('without an active revision', () => {
    let unready: OpaServer;
    beforeAll(async () => {
      unready = await startOpa({ bundle: { 'policies.cedar': 'permit(' } });
    });

    it.each([
      ['', undefined],
      ['?bundles=false&plugins=false', undefined],
      ['?bundles', 'one or more bundles are not activated'],
      ['?bundle=true', 'one or more bundles are not activated'],
      ['?plugins', 'one or more plugins are not up'],
      ['?plugins&exclude-plugin=status', 'one or more plugins are not up'],
      ['?plugins&exclude-plugin=status&exclude-plugin=bundle', undefined],
      ['?bundles&plugins&exclude-plugin=bundle', 'one or more bundles are not activated'],
    ])('%s', async (query, error) => {
      const answer = await unready.ask(`/health${query}`);
      expect([answer.status, answer.json]).toEqual(error === undefined ? [200, {}] : [500, { error }]);
    });

    it.each(['/v1/data/cedar/allow', '/v1/data/nothing', '/v0/data/authzen', '/'])(
      '%s is a 503, not undefined',
      async (path) => {
        const answer = await unready.ask(path, { body: { input: request('bob', 'view', 'one') } });
        expect([answer.status, answer.headers['retry-after'], answer.json]).toEqual([
          503,
          '1',
          { code: 'internal_error', message: 'no revision is active yet' },
        ]);
      },
    );

    it('/v1/policies is a 503 too', async () => {
      expect((await unready.ask('/v1/policies')).status).toBe(503);
      expect((await unready.ask('/v1/policies/x')).status).toBe(503);
    });
  });
});
