import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bearerAuthentication } from '../../pdp-container/http/authentication.ts';
import { cleanUp } from './support/bundles.ts';
import { ask, call, EVALUATION, EVALUATIONS, SEARCH_ACTION } from './support/client.ts';
import { startServer, type TestServer } from './support/server.ts';

const KEY = 'a-key-of-forty-characters-0123456789-ABC';
const VALID = ask('alice', 'read', 'record-1');

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ apiKey: KEY });
});
afterAll(cleanUp);

describe.each([EVALUATION, EVALUATIONS, SEARCH_ACTION])('POST %s', (path) => {
  test.each([
    ['the key', `Bearer ${KEY}`, 200],
    ['the scheme in another case', `bearer ${KEY}`, 200],
    ['more spaces', `Bearer   ${KEY}`, 200],
    ['no header', undefined, 401],
    ['an empty header', '', 401],
    ['the bare key', KEY, 401],
    ['no key', 'Bearer', 401],
    ['an empty key', 'Bearer ', 401],
    ['another scheme', `Basic ${Buffer.from(`pdp:${KEY}`).toString('base64')}`, 401],
    ['another key', 'Bearer nonsense', 401],
    ['the key in another case', `Bearer ${KEY.toLowerCase()}`, 401],
    ['the beginning of the key', `Bearer ${KEY.slice(0, -1)}`, 401],
    ['more than the key', `Bearer ${KEY}x`, 401],
    ['two keys', `Bearer x ${KEY}`, 401],
  ])('with %s', async (_name, authorization, status) => {
    const headers = { 'x-request-id': 'r-1', ...(authorization === undefined ? {} : { authorization }) };
    const answer = await call(server.url, path, { body: VALID, headers });
    expect(answer.status).toBe(status);
    expect(answer.headers['x-request-id']).toBe('r-1');
    if (status === 401) {
      expect(answer.json).toEqual({ error: { status: 401, message: expect.any(String) } });
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm="pdp"/);
      expect(answer.text).not.toContain(KEY);
    }
  });
});

test.each([
  ['alone', { 'x-pdp-key': KEY }, 200],
  ["beside a user's own token", { 'x-pdp-key': KEY, authorization: 'Bearer token-of-a-user' }, 200],
  ['that is wrong beside the right Authorization', { 'x-pdp-key': 'x', authorization: `Bearer ${KEY}` }, 401],
  ['that is empty beside the right Authorization', { 'x-pdp-key': '', authorization: `Bearer ${KEY}` }, 401],
  ['with a scheme', { 'x-pdp-key': `Bearer ${KEY}` }, 401],
])('X-PDP-Key %s', async (_name, headers, status) => {
  expect((await call(server.url, EVALUATION, { body: VALID, headers })).status).toBe(status);
});

test('a wrong key is told apart from none, as RFC 6750 asks', async () => {
  const wrong = await call(server.url, EVALUATION, { body: VALID, headers: { authorization: 'Bearer x' } });
  expect(wrong.headers['www-authenticate']).toBe('Bearer realm="pdp", error="invalid_token"');
  const none = await call(server.url, EVALUATION, { body: VALID });
  expect(none.headers['www-authenticate']).toBe('Bearer realm="pdp"');
});

test.each(['/healthy', '/ready', '/healthcheck', '/health'])('%s needs no key', async (path) => {
  expect((await call(server.url, path)).status).toBe(200);
});

test.each(['/metrics', '/.well-known/authzen-configuration', '/nothing', '/healthy/x'])(
  '%s needs the key',
  async (path) => {
    expect((await call(server.url, path)).status).toBe(401);
    const headers = { authorization: `Bearer ${KEY}` };
    expect((await call(server.url, path, { headers })).status).not.toBe(401);
  },
);

test('a stranger is refused before the body is sent', async () => {
  const { hostname, port } = new URL(server.url);
  const answer = await new Promise<string>((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString());
    });
    socket.write(
      `POST ${EVALUATION} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n`,
    );
  });
  expect(answer).toMatch(/^HTTP\/1\.1 401 /);
});

test('the key is nowhere in the log', () => {
  expect(JSON.stringify(server.records)).not.toContain(KEY);
});

test.each([
  ['', 'PDP_API_KEY is set but empty: set it to a key, or unset it to serve without one'],
  [' ', 'PDP_API_KEY must be printable ASCII without spaces or line ends'],
  ['key\n', 'PDP_API_KEY must be printable ASCII without spaces or line ends'],
  ['schlüssel', 'PDP_API_KEY must be printable ASCII without spaces or line ends'],
])('the key %j is refused', (key, message) => {
  expect(() => bearerAuthentication(key)).toThrow(message);
});

test('without a key everyone is let in', () => {
  expect(bearerAuthentication(undefined)({})).toEqual({ ok: true });
});
