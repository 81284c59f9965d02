import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { AccessRequest } from '../../../engine/contract.ts';
import { createPdpClient, type PdpClientOptions } from '../../../lambda/client/index.ts';
import { answer, freePort, serve } from '../servers.ts';

const REQUEST: AccessRequest = {
  subject: { type: 'User', id: 'bob', properties: { level: 3 } },
  action: { name: 'view' },
  resource: { type: 'Note', id: 'acme/roadmap' },
  context: { now: '2026-03-02T12:00:00Z' },
};

function client(options: PdpClientOptions) {
  const pdp = createPdpClient({ timeoutMs: 5_000, attemptTimeoutMs: 5_000, ...options });
  onTestFinished(() => pdp.close());
  return pdp;
}

/** A TCP server for answers that no HTTP server would give. */
async function rawServer(onConnection: (socket: Socket, count: number) => void): Promise<string> {
  let count = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    count += 1;
    onConnection(socket, count);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const PERMIT = 'HTTP/1.1 200 OK\r\ncontent-length: 17\r\n\r\n{"decision":true}';

describe('one question', () => {
  test('is an AuthZEN evaluation with key and request id, and gives the decision with its context', async () => {
    const server = await serve((_, response) =>
      answer(response, 200, { decision: true, context: { policies: ['viewers-read'], revision: 'r1' } }),
    );
    const pdp = client({ url: `${server.url}/base/`, apiKey: 'key-1' });
    const extra = { ...REQUEST, secret: 'not sent' } as AccessRequest;
    expect(await pdp.evaluate(extra, { requestId: 'req-7' })).toEqual({
      decision: true,
      context: { policies: ['viewers-read'], revision: 'r1' },
    });
    expect(server.received).toHaveLength(1);
    const [{ method, url, headers, body } = expect.fail()] = server.received;
    expect({ method, url }).toEqual({ method: 'POST', url: '/base/access/v1/evaluation' });
    expect(headers).toMatchObject({
      authorization: 'Bearer key-1',
      'content-type': 'application/json',
      'x-request-id': 'req-7',
    });
    expect(JSON.parse(body)).toEqual(REQUEST);
  });

  test('sends no key and no request id when it has none, or one that cannot be a header', async () => {
    const server = await serve((_, response) => answer(response, 200, { decision: false }));
    const pdp = client({ url: server.url });
    expect(await pdp.evaluate(REQUEST, { requestId: 'a\r\nx-evil: 1' })).toEqual({ decision: false });
    expect(server.received[0]?.headers).not.toHaveProperty('authorization');
    expect(server.received[0]?.headers).not.toHaveProperty('x-request-id');
    expect(server.received[0]?.headers).not.toHaveProperty('x-evil');
  });

  test('goes over the connection of the one before', async () => {
    const server = await serve((_, response) => answer(response, 200, { decision: true }));
    const pdp = client({ url: server.url });
    for (let index = 0; index < 3; index += 1) await pdp.evaluate(REQUEST);
    expect(server.received.map(({ connection }) => connection)).toEqual([1, 1, 1]);
  });

  test.each([
    ['no JSON', 'nonsense'],
    ['nothing', ''],
    ['an array', '[true]'],
    ['null', 'null'],
    ['no decision', '{}'],
    ['a decision in words', '{"decision":"true"}'],
    ['a decision in numbers', '{"decision":1}'],
    ['an inherited decision', '{"__proto__":{"decision":true}}'],
    ['a context that is a string', '{"decision":true,"context":"x"}'],
  ])('an answer that is %s is no answer', async (_name, body) => {
    const server = await serve((_, response) => answer(response, 200, body));
    await expect(client({ url: server.url }).evaluate(REQUEST)).rejects.toMatchObject({
      name: 'PdpUnavailableError',
      message: expect.stringContaining('not an AuthZEN decision'),
    });
    expect(server.received).toHaveLength(1);
  });

  test.each([
    [400, 'InvalidRequestError', 'the PDP cannot evaluate'],
    [401, 'PdpAuthenticationError', 'refused the key (401)'],
    [403, 'PdpAuthenticationError', 'refused the key (403)'],
    [302, 'PdpUnavailableError', 'answered 302; redirects are not followed'],
    [404, 'PdpUnavailableError', 'answered 404'],
    [413, 'PdpUnavailableError', 'answered 413'],
    [429, 'PdpUnavailableError', 'answered 429'],
    [500, 'PdpUnavailableError', 'answered 500'],
    [204, 'PdpUnavailableError', 'answered 204'],
  ])('the status %i is a %s and is not asked again', async (status, name, message) => {
    const elsewhere = await serve((_, response) => answer(response, 200, { decision: true }));
    const server = await serve((_, response) =>
      answer(response, status, status === 204 ? '' : '{"decision":true}', { location: elsewhere.url }),
    );
    const pdp = client({ url: server.url, apiKey: 'key-that-is-secret' });
    const error = await pdp.evaluate(REQUEST).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name, message: expect.stringContaining(message) });
    expect(String(error)).not.toContain('key-that-is-secret');
    expect(server.received).toHaveLength(1);
    expect(elsewhere.received).toHaveLength(0);
  });

  test.each([
    ['a string', JSON.stringify('resource.id: is missing')],
    ['an error', JSON.stringify({ error: 'resource.id: is missing' })],
    ['an error object', JSON.stringify({ error: { status: 400, message: 'resource.id: is missing' } })],
    ['a detail', JSON.stringify({ detail: 'resource.id: is missing' })],
  ])('what the PDP says of a 400 is told: %s', async (_name, body) => {
    const server = await serve((_, response) => answer(response, 400, body));
    await expect(client({ url: server.url }).evaluate(REQUEST)).rejects.toMatchObject({
      name: 'InvalidRequestError',
      message: 'resource.id: is missing',
    });
  });

  test.each([502, 503, 504])('a %i is asked again once, on another connection', async (status) => {
    const server = await serve(({ connection }, response) =>
      connection === 1 ? answer(response, status, {}) : answer(response, 200, { decision: true }),
    );
    expect(await client({ url: server.url }).evaluate(REQUEST)).toEqual({ decision: true });
    expect(server.received.map(({ connection }) => connection)).toEqual([1, 2]);
  });

  test('a 503 twice is unavailable, with no third attempt', async () => {
    const server = await serve((_, response) => answer(response, 503, {}));
    await expect(client({ url: server.url }).evaluate(REQUEST)).rejects.toMatchObject({
      name: 'PdpUnavailableError',
      message: `PDP at ${server.url} answered 503`,
    });
    expect(server.received).toHaveLength(2);
  });

  test('something that is not JSON is not sent', async () => {
    const server = await serve((_, response) => answer(response, 200, { decision: true }));
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    const request = { ...REQUEST, context: circular } as unknown as AccessRequest;
    await expect(client({ url: server.url }).evaluate(request)).rejects.toMatchObject({
      name: 'InvalidRequestError',
    });
    expect(server.received).toHaveLength(0);
  });
});

describe('a bad network', () => {
  test('a kept connection that the server has closed is replaced', async () => {
    const requests: number[] = [];
    const url = await rawServer((socket, count) => {
      socket.on('data', () => {
        requests.push(count);
        // The second request on the first connection meets a reset, as after a load balancer's idle time-out.
        if (count === 1 && requests.length === 2) socket.resetAndDestroy();
        else socket.write(PERMIT);
      });
    });
    const pdp = client({ url });
    expect(await pdp.evaluate(REQUEST)).toEqual({ decision: true });
    expect(await pdp.evaluate(REQUEST)).toEqual({ decision: true });
    expect(requests).toEqual([1, 1, 2]);
  });

  test.each([
    ['before the answer', ''],
    ['in the middle of the headers', 'HTTP/1.1 200 OK\r\nconte'],
    ['in the middle of the body', PERMIT.slice(0, -5)],
    ['with an answer that is not HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ])('a connection that ends %s is tried once more', async (_name, bytes) => {
    const connections: number[] = [];
    const url = await rawServer((socket, count) => {
      connections.push(count);
      socket.once('data', () => (count === 1 ? socket.end(bytes) : socket.end(PERMIT)));
    });
    expect(await client({ url }).evaluate(REQUEST)).toEqual({ decision: true });
    expect(connections).toEqual([1, 2]);
  });

  test('a connection that is reset every time is unavailable after two attempts', async () => {
    let connections = 0;
    const url = await rawServer((socket) => {
      connections += 1;
      socket.once('data', () => socket.resetAndDestroy());
    });
    await expect(client({ url }).evaluate(REQUEST)).rejects.toMatchObject({
      name: 'PdpUnavailableError',
      code: 'pdp_unavailable',
    });
    expect(connections).toBe(2);
  });

  test('no server is unavailable, and the error names the address', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    await expect(client({ url }).evaluate(REQUEST)).rejects.toMatchObject({
      name: 'PdpUnavailableError',
      message: expect.stringContaining(`PDP at ${url}: connect ECONNREFUSED`),
    });
  });

  test('an attempt that takes too long is given up and made again on another connection', async () => {
    const server = await serve(({ connection }, response) => {
      if (connection > 1) answer(response, 200, { decision: true });
    });
    expect(await client({ url: server.url, attemptTimeoutMs: 1_000 }).evaluate(REQUEST)).toEqual({
      decision: true,
    });
    expect(server.received.map(({ connection }) => connection)).toEqual([1, 2]);
  });

  test('an answer that trickles in does not stretch the attempt', async () => {
    const url = await rawServer((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n');
        const drip = setInterval(() => socket.write(' '), 5);
        socket.on('close', () => clearInterval(drip));
      });
    });
    await expect(client({ url, attemptTimeoutMs: 60 }).evaluate(REQUEST)).rejects.toMatchObject({
      name: 'PdpTimeoutError',
      code: 'pdp_timeout',
    });
  });

  test('both attempts end within the total time', async () => {
    const server = await serve(() => {});
    await expect(client({ url: server.url, timeoutMs: 80 }).evaluate(REQUEST)).rejects.toMatchObject({
      name: 'PdpTimeoutError',
      message: `PDP at ${server.url}: no answer within 80 ms`,
    });
  });

  test('a body longer than the limit is not read to its end', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200);
      response.end(`{"decision":true,"context":{"x":"${'x'.repeat(5_000)}"}}`);
    });
    await expect(
      client({ url: server.url, maxResponseBytes: 4_096 }).evaluate(REQUEST),
    ).rejects.toMatchObject({
      name: 'PdpUnavailableError',
      message: expect.stringContaining('longer than 4096 bytes'),
    });
    expect(server.received).toHaveLength(1);
  });
});

describe('a caller that gives up', () => {
  test('before asking: nothing is sent', async () => {
    const server = await serve((_, response) => answer(response, 200, { decision: true }));
    const reason = new Error('changed my mind');
    await expect(
      client({ url: server.url }).evaluate(REQUEST, { signal: AbortSignal.abort(reason) }),
    ).rejects.toMatchObject({ name: 'PdpUnavailableError', cause: reason });
    expect(server.received).toHaveLength(0);
  });

  test('while waiting: the connection is closed, no second attempt is made, no listener stays', async () => {
    const controller = new AbortController();
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const server = await serve((_, response) => {
      response.on('close', resolve);
      controller.abort();
    });
    await expect(
      client({ url: server.url }).evaluate(REQUEST, { signal: controller.signal }),
    ).rejects.toMatchObject({
      name: 'PdpUnavailableError',
    });
    await closed;
    expect(server.received).toHaveLength(1);
  });

  test('a signal that lives on gathers no listeners', async () => {
    const server = await serve((_, response) => answer(response, 200, { decision: true }));
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners += 1;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners -= 1;
      remove(...args);
    };
    const pdp = client({ url: server.url });
    await pdp.evaluate(REQUEST, { signal });
    await pdp.evaluate(REQUEST, { signal });
    expect(listeners).toBe(0);
  });
});

describe('a batch', () => {
  const batch = [
    REQUEST,
    { ...REQUEST, action: { name: 'edit' } },
    { ...REQUEST, action: { name: 'export' } },
  ];
  const deny = { decision: false };
  const permit = { decision: true };
  const unanswered = {
    decision: false,
    context: { error: { status: 503, message: 'the PDP left this item unanswered' } },
  };

  test('is one AuthZEN evaluations request', async () => {
    const server = await serve((_, response) =>
      answer(response, 200, { evaluations: [permit, deny, permit] }),
    );
    const decisions = await client({ url: server.url }).evaluateAll(batch, { semantic: 'execute_all' });
    expect(decisions).toEqual([permit, deny, permit]);
    expect(server.received[0]?.url).toBe('/access/v1/evaluations');
    expect(JSON.parse(server.received[0]?.body ?? '')).toEqual({
      evaluations: batch,
      options: { evaluations_semantic: 'execute_all' },
    });
  });

  test.each([
    ['execute_all', [permit], [permit, unanswered, unanswered]],
    ['execute_all', [], [unanswered, unanswered, unanswered]],
    ['deny_on_first_deny', [permit, deny], [permit, deny]],
    ['deny_on_first_deny', [permit, deny, permit], [permit, deny]],
    ['deny_on_first_deny', [permit], [permit, unanswered]],
    ['permit_on_first_permit', [deny, permit], [deny, permit]],
    ['permit_on_first_permit', [permit, deny, deny], [permit]],
    ['permit_on_first_permit', [deny], [deny, unanswered, unanswered]],
  ] as const)('%s with the answers %j', async (semantic, evaluations, expected) => {
    const server = await serve((_, response) => answer(response, 200, { evaluations }));
    expect(await client({ url: server.url }).evaluateAll(batch, { semantic })).toEqual(expected);
  });

  test.each([
    ['more answers than questions', { evaluations: [permit, permit, permit, permit] }],
    ['a single decision', { decision: true }],
    ['an item without a decision', { evaluations: [permit, {}, permit] }],
    ['no array', { evaluations: { 0: permit, length: 3 } }],
  ])('%s is no answer', async (_name, body) => {
    const server = await serve((_, response) => answer(response, 200, body));
    await expect(client({ url: server.url }).evaluateAll(batch)).rejects.toMatchObject({
      name: 'PdpUnavailableError',
    });
  });

  test('with nothing in it asks nothing', async () => {
    const pdp = client({ url: `http://127.0.0.1:${await freePort()}` });
    expect(await pdp.evaluateAll([])).toEqual([]);
  });
});
