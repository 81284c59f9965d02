import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cleanUp } from './support/bundles.ts';
import {
  ask,
  call,
  EVALUATION,
  EVALUATIONS,
  exchange,
  SEARCH_ACTION,
  SEARCH_RESOURCE,
  SEARCH_SUBJECT,
} from './support/client.ts';
import { startServer, type TestServer } from './support/server.ts';

const VALID = ask('alice', 'read', 'record-1');
const PATHS = [EVALUATION, EVALUATIONS, SEARCH_SUBJECT, SEARCH_RESOURCE, SEARCH_ACTION];

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(cleanUp);

async function refused(path: string, body: unknown, headers: Record<string, string> = {}) {
  const answer = await call(server.url, path, { method: 'POST', body, headers });
  expect(answer.headers['content-type']).toMatch(/^application\/json/);
  expect(answer.text).not.toMatch(/\bat .*:\d+:\d+|node_modules/);
  const { error } = answer.json as { error: { status: number; message: string } };
  expect(error.status).toBe(answer.status);
  return error;
}

function without(...path: string[]): unknown {
  const copy = structuredClone(VALID);
  let owner: Record<string, unknown> = copy;
  for (const key of path.slice(0, -1)) owner = owner[key] as Record<string, unknown>;
  delete owner[path.at(-1) as string];
  return copy;
}

function withValue(value: unknown, ...path: string[]): unknown {
  const copy = structuredClone(VALID);
  let owner: Record<string, unknown> = copy;
  for (const key of path.slice(0, -1)) owner = owner[key] as Record<string, unknown>;
  owner[path.at(-1) as string] = value;
  return copy;
}

describe.each(PATHS)('%s answers 400 to', (path) => {
  test.each<[string, unknown, Record<string, string>, string]>([
    ['no body', undefined, {}, 'body: is empty; send a JSON object'],
    ['an empty body', '', { 'content-type': 'application/json' }, 'body: is empty; send a JSON object'],
    ['text that is not JSON', '{"subject":', {}, 'body: is not valid JSON'],
    ['two JSON values', '{}{}', {}, 'body: is not valid JSON'],
    ['bytes that are not UTF-8', Buffer.from('7b2261223a22ff227d', 'hex'), {}, 'body: is not UTF-8'],
    [
      'another content type',
      VALID,
      { 'content-type': 'text/plain' },
      'Content-Type must be application/json',
    ],
    [
      'a content type that only begins alike',
      VALID,
      { 'content-type': 'application/jsonp' },
      'Content-Type must be application/json',
    ],
    ['an array', [VALID], {}, 'request: must be an object'],
    ['null', 'null', {}, 'request: must be an object'],
    ['a string', '"alice"', {}, 'request: must be an object'],
    ['a number', '1', {}, 'request: must be an object'],
  ])('%s', async (_name, body, headers, message) => {
    expect(await refused(path, body, headers)).toEqual({ status: 400, message });
  });
});

test('a missing Content-Type is a 400 too', async () => {
  const text = JSON.stringify(VALID);
  const answer = await exchange(
    server.url,
    `POST ${EVALUATION} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
  );
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(answer).toContain('Content-Type must be application/json');
});

test('a charset on the content type is fine', async () => {
  const headers = { 'content-type': 'application/json; charset=utf-8' };
  expect((await call(server.url, EVALUATION, { body: VALID, headers })).status).toBe(200);
});

describe.each([EVALUATION, EVALUATIONS])('%s names what is wrong with', (path) => {
  test.each<[string, unknown]>([
    ['subject: is required', without('subject')],
    ['action: is required', without('action')],
    ['resource: is required', without('resource')],
    ['subject.type: is required', without('subject', 'type')],
    ['subject.id: is required', without('subject', 'id')],
    ['action.name: is required', without('action', 'name')],
    ['resource.type: is required', without('resource', 'type')],
    ['resource.id: is required', without('resource', 'id')],
    ['subject: must be an object', withValue('alice', 'subject')],
    ['subject: must be an object', withValue(null, 'subject')],
    ['resource: must be an object', withValue([], 'resource')],
    ['subject.id: must be a string', withValue(7, 'subject', 'id')],
    ['subject.type: must be a string', withValue(null, 'subject', 'type')],
    ['action.name: must be a string', withValue(123, 'action', 'name')],
    ['action.name: must not be empty', withValue('', 'action', 'name')],
    ['subject.id: is not well-formed Unicode', withValue('\ud800', 'subject', 'id')],
    ['subject.properties: must be an object', withValue('x', 'subject', 'properties')],
    ['action.properties: must be an object', withValue([], 'action', 'properties')],
    ['resource.properties: must be an object', withValue(1, 'resource', 'properties')],
    ['context: must be an object', withValue('x', 'context')],
  ])('%s', async (message, body) => {
    expect(await refused(path, body)).toEqual({ status: 400, message });
  });

  test('a property of the wrong type, without its value', async () => {
    const answer = await refused(path, withValue({ role: { secret: 1 } }, 'subject', 'properties'));
    expect(answer.status).toBe(400);
    expect(answer.message).toMatch(/^subject\.properties\.role: /);
    expect(answer.message).not.toContain('secret');
  });
});

test.each<[string, object]>([
  ['evaluations: must be an array', { ...VALID, evaluations: {} }],
  ['subject: must be an object', { subject: 'alice', evaluations: [VALID] }],
  ['context: must be an object', { context: 1, evaluations: [VALID] }],
  ['options: must be an object', { options: 'x', evaluations: [VALID] }],
  [
    'options.evaluations_semantic: must be one of execute_all, deny_on_first_deny, permit_on_first_permit',
    { options: { evaluations_semantic: 'first' }, evaluations: [VALID] },
  ],
])('a batch as a whole: %s', async (message, body) => {
  expect(await refused(EVALUATIONS, body)).toEqual({ status: 400, message });
});

test('what is wrong with an item of a batch is in its context', async () => {
  const items: [string | undefined, unknown][] = [
    [undefined, VALID],
    ['evaluation: must be an object', 'x'],
    ['evaluation: must be an object', null],
    ['subject: must be an object', { ...VALID, subject: null }],
    ['subject.id: is required', { ...VALID, subject: { type: 'user' } }],
    ['context: must be an object', { ...VALID, context: [] }],
    [undefined, { ...VALID, context: null }],
  ];
  const answer = await call(server.url, EVALUATIONS, {
    body: { ...VALID, evaluations: items.map(([, item]) => item) },
  });
  const { evaluations } = answer.json as {
    evaluations: { decision: boolean; context: { revision?: string; error?: object } }[];
  };
  expect(evaluations.map(({ decision }) => decision)).toEqual(
    items.map(([message]) => message === undefined),
  );
  expect(evaluations.map(({ context }) => context.error)).toEqual(
    items.map(([message]) => (message === undefined ? undefined : { status: 400, message })),
  );
  expect(evaluations.every(({ context }) => context.revision === server.revision)).toBe(true);
});

test.each<[string, string, object]>([
  ['action: is required', SEARCH_SUBJECT, { subject: { type: 'user' }, resource: VALID.resource }],
  ['subject.type: is required', SEARCH_SUBJECT, { ...VALID, subject: {} }],
  ['resource.id: is required', SEARCH_SUBJECT, { ...VALID, resource: { type: 'record' } }],
  ['subject: is required', SEARCH_RESOURCE, { action: VALID.action, resource: { type: 'record' } }],
  ['subject.id: is required', SEARCH_RESOURCE, { ...VALID, subject: { type: 'user' } }],
  ['resource: is required', SEARCH_ACTION, { subject: VALID.subject }],
  ['resource.id: is required', SEARCH_ACTION, { ...VALID, resource: { type: 'record' } }],
  ['context: must be an object', SEARCH_ACTION, { ...VALID, context: 'x' }],
  ['page: must be an object', SEARCH_ACTION, { ...VALID, page: 'x' }],
  ['page.limit: must be a whole number, 1 or more', SEARCH_SUBJECT, { ...VALID, page: { limit: 0 } }],
  ['page.limit: must be a whole number, 1 or more', SEARCH_SUBJECT, { ...VALID, page: { limit: 1.5 } }],
  ['page.limit: must be a whole number, 1 or more', SEARCH_RESOURCE, { ...VALID, page: { limit: '1' } }],
  ['page.token: must be a string', SEARCH_RESOURCE, { ...VALID, page: { token: 1 } }],
  ['page.token: is not a token of this PDP', SEARCH_ACTION, { ...VALID, page: { token: 'x' } }],
])('a search: %s (%s)', async (message, path, body) => {
  expect(await refused(path, body)).toEqual({ status: 400, message });
});

test('keys that mean something to JavaScript do no harm', async () => {
  const text = `{"__proto__":{"subject":{"type":"user","id":"alice"}},"action":{"name":"read"},
    "resource":{"type":"record","id":"record-1"}}`;
  expect(await refused(EVALUATION, text)).toEqual({ status: 400, message: 'subject: is required' });

  const inside = JSON.stringify(VALID).replace(
    '"alice"',
    '"bob","properties":{"__proto__":{"role":"admin"}}',
  );
  const asked = inside.replace('"read"', '"write"');
  expect((await call(server.url, EVALUATION, { body: asked })).json).toMatchObject({ decision: false });
  expect({}).not.toHaveProperty('role');
  expect({}).not.toHaveProperty('subject');

  const inherited = { ...VALID, constructor: 1, context: { constructor: 'x', toString: 'y' } };
  expect((await call(server.url, EVALUATION, { body: inherited })).json).toMatchObject({ decision: true });
});

test('of repeated keys the last one counts', async () => {
  const text = JSON.stringify(ask('alice', 'write', 'record-1')).replace(
    '{',
    '{"subject":{"type":"user","id":"x"},',
  );
  expect((await call(server.url, EVALUATION, { body: text })).json).toMatchObject({ decision: true });
});

test.each([
  ['an unknown path', 'GET', '/nothing', 404, 'not found'],
  ['a path below an endpoint', 'POST', `${EVALUATION}/x`, 404, 'not found'],
  ['a GET of an endpoint', 'GET', EVALUATION, 405, 'must be a POST'],
  ['a DELETE of an endpoint', 'DELETE', SEARCH_ACTION, 405, 'must be a POST'],
])('%s', async (_name, method, path, status, message) => {
  const answer = await call(server.url, path, { method, headers: { 'x-request-id': 'r-1' } });
  expect(answer).toMatchObject({ status, json: { error: { status, message } } });
  expect(answer.headers['x-request-id']).toBe('r-1');
  expect(answer.headers.allow).toBe(status === 405 ? 'POST' : undefined);
});

test('X-Request-ID is echoed on an error', async () => {
  const answer = await call(server.url, EVALUATION, { body: '{', headers: { 'x-request-id': 'r-2' } });
  expect(answer.status).toBe(400);
  expect(answer.headers['x-request-id']).toBe('r-2');
});

test('what is not HTTP gets a 400 in the same form', async () => {
  const answer = await exchange(server.url, 'NONSENSE\r\n\r\n');
  expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  expect(answer).toContain('{"error":{"status":400,"message":"Bad Request"}}');
});
