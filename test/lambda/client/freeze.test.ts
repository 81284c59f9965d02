import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { AccessRequest } from '../../../engine/contract.ts';
import { answer } from '../servers.ts';
import { type Behaviour, clientOf, permits, tasks } from './tasks.ts';

const REQUEST: AccessRequest = {
  subject: { type: 'User', id: 'bob' },
  action: { name: 'view' },
  resource: { type: 'Note', id: 'acme/roadmap' },
};

/** A server in a thread of its own, which goes on while this thread stands still. */
const SERVER = `
  const { createServer } = require('node:http');
  const { parentPort, workerData } = require('node:worker_threads');
  let connections = 0;
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.end('{"decision":true}'));
  });
  server.keepAliveTimeout = 0;
  server.on('connection', (socket) => {
    connections += 1;
    socket.on('close', () => { connections -= 1; Atomics.store(workerData, 0, connections); Atomics.notify(workerData, 0); });
  });
  parentPort.on('message', (act) => {
    Atomics.store(workerData, 0, connections);
    if (act === 'end') server.closeIdleConnections();
    else parentPort.postMessage(connections);
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

describe('a function that is frozen', () => {
  test('finds each kept connection closed by the server, and its callers do not', async () => {
    const shared = new Int32Array(new SharedArrayBuffer(4));
    const server = new Worker(SERVER, { eval: true, workerData: shared });
    onTestFinished(() => server.terminate().then(() => {}));
    const [port] = (await once(server, 'message')) as [number];
    const attempts: (string | undefined)[] = [];
    const pdp = clientOf(port, {
      lookup: async () => ['127.0.0.1'],
      onEvent: ({ type, error }) => type === 'attempt' && attempts.push(error),
    });
    const askFive = () => Promise.all(Array.from({ length: 5 }, () => pdp.evaluate(REQUEST)));
    await askFive();
    server.postMessage('count');
    const [kept] = (await once(server, 'message')) as [number];
    expect(kept).toBe(5);
    server.postMessage('end');
    // Frozen until the server has closed them all: nothing in this thread hears of it.
    do Atomics.wait(shared, 0, kept, 1_000);
    while (Atomics.load(shared, 0) > 0);
    expect(await askFive()).toEqual(Array(5).fill({ decision: true }));
    // To the client it is not even a failure: no second attempt was counted.
    expect(attempts).toEqual(Array(10).fill(undefined));
  });

  test('asks the same address again when a kept connection is closed, once, over a new one', async () => {
    let fresh = 0;
    let closing = false;
    const firstOnly: Behaviour = (response, ...rest) => {
      if (closing && fresh === 0) {
        response.socket?.resetAndDestroy();
        fresh = 1;
      } else permits(response, ...rest);
    };
    const { tasks: all, port, ips } = await tasks([firstOnly, permits]);
    const pdp = clientOf(port, { lookup: async () => ips, hedge: false });
    await pdp.evaluate(REQUEST);
    closing = true;
    expect(await pdp.evaluate(REQUEST)).toEqual({ decision: true });
    expect(all.map(({ requests, connections }) => ({ requests, connections }))).toEqual([
      { requests: 3, connections: 2 },
      { requests: 0, connections: 0 },
    ]);
  });

  test('has its second attempt left after a closed connection', async () => {
    let requests = 0;
    const { port, ips } = await tasks([
      (response, ...rest) => {
        requests += 1;
        if (requests === 2) response.socket?.resetAndDestroy();
        else if (requests === 3) answer(response, 503, {});
        else permits(response, ...rest);
      },
    ]);
    const pdp = clientOf(port, { lookup: async () => ips });
    await pdp.evaluate(REQUEST);
    expect(await pdp.evaluate(REQUEST)).toEqual({ decision: true });
    expect(requests).toBe(4);
  });

  test('does not try one closed connection after another', async () => {
    const waiting: (() => void)[] = [];
    let closing = false;
    let met = 0;
    const {
      tasks: all,
      port,
      ips,
    } = await tasks([
      (response, body, headers) => {
        const { connections = 0 } = all[0] ?? {};
        if (closing && connections <= 3) {
          met += 1;
          response.socket?.resetAndDestroy();
        } else if (closing) permits(response, body, headers);
        else {
          waiting.push(() => permits(response, body, headers));
          if (waiting.length === 3) for (const release of waiting) release();
        }
      },
    ]);
    const pdp = clientOf(port, { lookup: async () => ips });
    await Promise.all(Array.from({ length: 3 }, () => pdp.evaluate(REQUEST)));
    closing = true;
    expect(await pdp.evaluate(REQUEST)).toEqual({ decision: true });
    expect(met).toBe(1);
    expect(all[0]?.connections).toBe(4);
  });

  test('keeps no connection to an address that the service has no more', async () => {
    const { tasks: all, port } = await tasks([permits, permits]);
    const clock = { ms: 1_000_000_000 };
    let found = ['127.0.0.1'];
    const pdp = clientOf(port, { lookup: async () => found }, { now: () => clock.ms });
    await pdp.evaluate(REQUEST);
    found = ['127.0.0.2'];
    clock.ms += 3_600_000;
    const gone = all[0]?.closed() ?? expect.fail();
    await pdp.evaluate(REQUEST);
    await gone;
    expect(all.map(({ requests }) => requests)).toEqual([1, 1]);
  });
});
