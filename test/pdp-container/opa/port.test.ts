import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { whenDone, writeBundle } from '../support/bundles.ts';
import { certificate, certificateFiles } from '../support/certificates.ts';
import { call, EVALUATION, exchange } from '../support/client.ts';
import { NOTES, question, request, startOpa } from './support.ts';

/** What the OPA port has in common with the main one. */

const ALLOW = '/v1/data/authzen/allow';
const BODY = { input: request('bob', 'view', 'one') };

describe('the key', () => {
  const KEY = 'key-of-the-application';

  it.each([
    ['the key', { authorization: `Bearer ${KEY}` }, 200],
    ['X-PDP-Key', { 'x-pdp-key': KEY }, 200],
    ['none', {}, 401],
    ['another', { authorization: 'Bearer other' }, 401],
    ['another scheme', { authorization: `Basic ${KEY}` }, 401],
  ])('%s', async (_, headers, status) => {
    const { ask } = await startOpa({ apiKey: KEY });
    const answer = await ask(ALLOW, { body: BODY, headers });
    expect(answer.status).toBe(status);
    if (status === 200) return;
    expect(answer.json).toEqual({ code: 'unauthorized', message: expect.any(String) });
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm="pdp"/);
    expect(answer.text).not.toContain(KEY);
  });

  it('is needed by all but /health', async () => {
    const { ask } = await startOpa({ apiKey: KEY });
    for (const path of ['/', '/v1/data', '/v1/policies', '/v1/config', '/nothing', '/health/live']) {
      expect([path, (await ask(path)).status]).toEqual([path, 401]);
    }
    expect((await ask('/v0/data/authzen', { method: 'POST', body: '{' })).status).toBe(401);
    expect((await ask('/health?bundles')).status).toBe(200);
  });
});

it('the certificate, renewed too', async () => {
  const old = await certificate();
  const files = await certificateFiles(old);
  const { ask, opaUrl, logged } = await startOpa({ tls: files });
  expect(opaUrl).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  expect((await ask('/health', { options: { ca: old.cert } })).status).toBe(200);
  const renewed = await certificate();
  await writeFile(files.key, renewed.key);
  await writeFile(files.cert, renewed.cert);
  await logged('certificate renewed');
  expect((await ask('/health', { options: { ca: renewed.cert } })).status).toBe(200);
  await expect(ask('/health', { options: { ca: old.cert } })).rejects.toThrow();
});

describe('the requests under way', () => {
  /** Sends all of a request but its last byte. */
  async function hold(base: string, path: string, body: object): Promise<Socket> {
    const { hostname, port } = new URL(base);
    const text = JSON.stringify(body);
    const socket = connect(Number(port), hostname);
    whenDone(async () => void socket.destroy());
    await once(socket, 'connect');
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: pdp\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${text.length}\r\n\r\n${text.slice(0, -1)}`,
    );
    return socket;
  }

  it('are those of both ports together', async () => {
    const { url, opaUrl, ask } = await startOpa({ limits: { concurrency: 1 } });
    const main = () => call(url, EVALUATION, { body: BODY.input });
    const message = 'more than 1 requests are under way';

    const atMain = await hold(url, EVALUATION, BODY.input);
    await vi.waitFor(async () => expect((await ask(ALLOW, { body: BODY })).status).toBe(503));
    const refused = await ask(ALLOW, { body: BODY });
    expect(refused.json).toEqual({ code: 'internal_error', message });
    expect(refused.headers['retry-after']).toBe('1');
    expect((await ask('/health')).status).toBe(200);
    atMain.destroy();
    await vi.waitFor(async () => expect((await ask(ALLOW, { body: BODY })).status).toBe(200));

    const atOpa = await hold(opaUrl, ALLOW, BODY);
    await vi.waitFor(async () => expect((await main()).status).toBe(503));
    expect((await main()).json).toEqual({ error: { status: 503, message } });
    atOpa.destroy();
    await vi.waitFor(async () => expect((await main()).status).toBe(200));
  });
});

it('draining: not safe to route to at once, answering to the end', async () => {
  const server = await startOpa();
  const closed = server.close(3_600_000);
  const health = await server.ask('/health?bundles');
  expect([health.status, health.json]).toEqual([500, { error: 'the server is stopping' }]);
  expect((await server.ask('/health?plugins&exclude-plugin=bundle')).status).toBe(500);
  expect((await server.ask('/health')).status).toBe(200);
  const answer = await server.ask(ALLOW, { body: BODY });
  expect([answer.status, answer.headers.connection]).toEqual([200, 'close']);
  await server.close(0);
  await closed;
  await expect(server.ask('/health')).rejects.toThrow('ECONNREFUSED');
});

it('the time to answer', async () => {
  const tenants = Array.from({ length: 3_000 }, (_, index) => ({
    uid: { type: 'tenant', id: `t${index}` },
    attrs: {},
    parents: [],
  }));
  const bundle = { ...NOTES, 'entities.json': JSON.stringify(tenants) };
  const { ask } = await startOpa({ bundle, limits: { answerMs: 1 }, decisionLog: 'off' });
  const answer = await ask('/v1/data/permit/any_tenant', {
    body: { input: question('bob', 'view', { key: 'one' }) },
  });
  expect([answer.status, answer.json]).toEqual([
    503,
    { code: 'internal_error', message: expect.stringMatching(/^took longer than 1 ms: /) },
  ]);
});

it('the metrics, by the route', async () => {
  const { url, ask } = await startOpa();
  await ask('/v1/data/permit/root/allow', { body: { input: question('bob', 'view', { key: 'one' }) } });
  await ask('/v1/data/cedar', { body: { input: request('bob', 'edit', 'one') } });
  await ask('/nothing');
  const { text } = await call(url, '/metrics');
  for (const line of [
    'pdp_decisions_total{decision="permit"} 1',
    'pdp_decisions_total{decision="deny"} 1',
    'pdp_http_requests_total{route="/v1/data/*",status="200"} 1',
    'pdp_http_requests_total{route="/v1/data/cedar",status="200"} 1',
    'pdp_http_requests_total{route="unmatched",status="404"} 1',
  ]) {
    expect(text).toContain(`\n${line}\n`);
  }
});

it('the revision, swapped on both ports in one step', async () => {
  const server = await startOpa();
  await server.logged('revision active');
  await writeBundle(server.source, { 'more.cedar': '@id("more") permit(principal, action, resource);' });
  await server.logged('revision active');
  const opa = await server.ask('/v1/data/cedar/revision', { body: BODY });
  expect(opa.json).toMatchObject({ result: server.revision });
  const ids = (await server.ask('/v1/policies')).json;
  expect(ids).toEqual({ result: expect.arrayContaining([{ id: 'more' }]) });
});

it.each([
  ['no HTTP at all', 'nonsense\r\n\r\n', 400],
  ['headers too large', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
])('%s is answered in the form of OPA', async (_, bytes, status) => {
  const { opaUrl } = await startOpa();
  const received = await exchange(opaUrl, bytes);
  expect(received).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(JSON.parse(received.slice(received.indexOf('{')))).toEqual({
    code: 'invalid_parameter',
    message: expect.any(String),
  });
});
