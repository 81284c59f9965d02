import { Agent } from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { whenDone } from './support/bundles.ts';
import {
  type Answer,
  ask,
  call,
  EVALUATION,
  EVALUATIONS,
  exchange,
  SEARCH_SUBJECT,
} from './support/client.ts';
import { startServer } from './support/server.ts';

const VALID = ask('alice', 'read', 'record-1');

function message({ json }: Answer): string {
  return (json as { error: { message: string } }).error.message;
}

/** Nested arrays in the context of a valid request, which is itself one level, as is the context. */
function nested(levels: number): string {
  const arrays = levels - 2;
  return JSON.stringify({ ...VALID, context: { unread: 1 } }).replace(
    '"unread":1',
    `"unread":${'['.repeat(arrays)}${']'.repeat(arrays)}`,
  );
}

describe('by default', () => {
  test('a body of 1 MiB is read, one byte more is a 413', async () => {
    const { url } = await startServer();
    const text = JSON.stringify(VALID);
    const fits = text + ' '.repeat(1_048_576 - text.length);
    expect((await call(url, EVALUATION, { body: fits })).status).toBe(200);
    const more = await call(url, EVALUATION, { body: `${fits} ` });
    expect(more.status).toBe(413);
    expect(message(more)).toBe('body: is larger than 1048576 bytes');
  });

  test('a body of unknown length is cut off at the limit', async () => {
    const { url } = await startServer({ limits: { bodyBytes: 100 } });
    const headers = 'Host: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked';
    const answer = await exchange(
      url,
      `POST ${EVALUATION} HTTP/1.1\r\n${headers}\r\n\r\nff\r\n${'x'.repeat(255)}\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  test('64 levels are read, 65 are a 400', async () => {
    const { url } = await startServer();
    expect((await call(url, EVALUATION, { body: nested(64) })).status).toBe(200);
    const deeper = await call(url, EVALUATION, { body: nested(65) });
    expect(deeper.status).toBe(400);
    expect(message(deeper)).toBe('body: nests deeper than 64 levels');
    const hostile = await call(url, EVALUATION, { body: '['.repeat(1_000_000) });
    expect(message(hostile)).toBe('body: nests deeper than 64 levels');
  });

  test('1,000 items are decided, 1,001 are a 400', async () => {
    const { url } = await startServer({ decisionLog: 'off' });
    const items = (count: number) => ({ ...VALID, evaluations: Array.from({ length: count }, () => ({})) });
    const all = await call(url, EVALUATIONS, { body: items(1_000) });
    const { evaluations } = all.json as { evaluations: { decision: boolean }[] };
    expect(evaluations.filter(({ decision }) => decision)).toHaveLength(1_000);
    const more = await call(url, EVALUATIONS, { body: items(1_001) });
    expect(more.status).toBe(400);
    expect(message(more)).toBe('evaluations: has 1001 items; at most 1000 are allowed');
  });
});

test('headers beyond their limit are a 431', async () => {
  const { url } = await startServer({ limits: { headerBytes: 2_000 } });
  const fits = await call(url, '/healthy', { headers: { 'x-filler': 'x'.repeat(1_000) } });
  expect(fits.status).toBe(200);
  const answer = await exchange(
    url,
    `GET /healthy HTTP/1.1\r\nHost: x\r\nX-Filler: ${'x'.repeat(3_000)}\r\n\r\n`,
  );
  expect(answer).toMatch(/^HTTP\/1\.1 431 /);
  expect(answer).toContain('"status":431');
});

test('headers that do not arrive in time are a 408', async () => {
  const { url } = await startServer({ limits: { headersMs: 50, requestMs: 50 } });
  expect(await exchange(url, 'GET /healthy HTTP/1.1\r\nHost: x\r\n')).toMatch(/^HTTP\/1\.1 408 /);
});

test('a body that does not arrive in time is a 408', async () => {
  const { url } = await startServer({ limits: { headersMs: 50, requestMs: 50 } });
  const headers = 'Host: x\r\nContent-Type: application/json\r\nContent-Length: 100';
  expect(await exchange(url, `POST ${EVALUATION} HTTP/1.1\r\n${headers}\r\n\r\n{`)).toMatch(
    /^HTTP\/1\.1 408 /,
  );
});

test('an idle connection outlives the 60 s of an Application Load Balancer', async () => {
  const { url } = await startServer();
  const agent = new Agent({ keepAlive: true });
  whenDone(async () => agent.destroy());
  const { headers } = await call(url, '/healthy', { options: { agent } });
  expect(headers['keep-alive']).toBe('timeout=75');
});

test('the keep-alive time is settable', async () => {
  const { url } = await startServer({ limits: { keepAliveMs: 2_000 } });
  const agent = new Agent({ keepAlive: true });
  whenDone(async () => agent.destroy());
  const { headers } = await call(url, '/healthy', { options: { agent } });
  expect(headers['keep-alive']).toBe('timeout=2');
});

test('beyond the concurrency a request is a 503 with Retry-After, and health routes still answer', async () => {
  const { url } = await startServer({ limits: { concurrency: 2 } });
  const held = await Promise.all([holdRequest(url), holdRequest(url)]);
  const refused = await call(url, EVALUATION, { body: VALID });
  expect(refused.status).toBe(503);
  expect(refused.headers['retry-after']).toBe('1');
  expect(message(refused)).toBe('more than 2 requests are under way');
  expect((await call(url, '/ready')).status).toBe(200);

  const [first, second] = held as [Socket, Socket];
  const finished = new Promise((resolve) => first.once('data', resolve));
  first.write('}');
  await finished;
  expect((await call(url, EVALUATION, { body: VALID })).status).toBe(200);

  // A caller that goes away gives its place back too.
  const third = await holdRequest(url);
  expect((await call(url, EVALUATION, { body: VALID })).status).toBe(503);
  second.destroy();
  third.destroy();
  await expect.poll(async () => (await call(url, EVALUATION, { body: VALID })).status).toBe(200);
});

test('beyond the number of connections a new one is closed', async () => {
  const { url } = await startServer({ limits: { connections: 1 } });
  const agent = new Agent({ keepAlive: true });
  whenDone(async () => agent.destroy());
  expect((await call(url, '/healthy', { options: { agent } })).status).toBe(200);
  await expect(call(url, '/healthy')).rejects.toThrow(/ECONNRESET|socket hang up/);
  expect((await call(url, '/healthy', { options: { agent } })).status).toBe(200);
});

test('a batch or a search that takes too long is a 503 that says what to do', async () => {
  const { url } = await startServer({ limits: { answerMs: 0 } });
  const search = { ...VALID, subject: { type: 'user' } };
  const batch = { ...VALID, evaluations: [{}] };
  for (const [path, body] of [
    [SEARCH_SUBJECT, search],
    [EVALUATIONS, batch],
  ] as const) {
    const answer = await call(url, path, { body });
    expect(answer.status).toBe(503);
    expect(message(answer)).toBe('took longer than 0 ms: ask for less in one request, or a smaller page');
  }
  expect((await call(url, EVALUATION, { body: VALID })).status).toBe(200);
});

/** Sends all of a request but its last byte, and waits until the server counts it. */
async function holdRequest(url: string): Promise<Socket> {
  const before = await inFlight(url);
  const { hostname, port } = new URL(url);
  const text = JSON.stringify(VALID);
  const socket = connect(Number(port), hostname);
  whenDone(async () => void socket.destroy());
  socket.on('error', () => {});
  socket.write(
    `POST ${EVALUATION} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n` +
      text.slice(0, -1),
  );
  await expect.poll(() => inFlight(url)).toBeGreaterThan(before);
  return socket;
}

/** Requests under way as the server counts them, the one that asks left out; unknown (full) is the most. */
async function inFlight(url: string): Promise<number> {
  const { status, text } = await call(url, '/metrics');
  if (status === 503) return Number.POSITIVE_INFINITY;
  return Number(/^pdp_http_requests_in_flight (\d+)$/m.exec(text)?.[1]) - 1;
}
