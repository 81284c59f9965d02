import { expect, onTestFinished, test, vi } from 'vitest';
import type { AccessRequest } from '../../../engine/contract.ts';
import type { PdpClientEvent, PdpClientOptions } from '../../../lambda/client/index.ts';
import { certificates } from '../certificates.ts';
import { answer, serve } from '../servers.ts';
import { type Behaviour, type Clock, clientOf, DEAD, permits, tasks } from './tasks.ts';

const REQUEST: AccessRequest = {
  subject: { type: 'User', id: 'bob' },
  action: { name: 'view' },
  resource: { type: 'Note', id: 'acme/roadmap' },
};

/** Numbers that look random and are the same in each run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A client of tasks on a clock that stands, and what it tells. */
async function service(
  behaviours: readonly (Behaviour | typeof DEAD)[],
  options: Partial<PdpClientOptions> = {},
) {
  const { tasks: all, port, ips } = await tasks(behaviours);
  const events: PdpClientEvent[] = [];
  const clock: Clock = { ms: 1_000_000_000 };
  const pdp = clientOf(
    port,
    { lookup: async () => ips, onEvent: (event) => events.push(event), ...options },
    { now: () => clock.ms, random: seeded(7) },
  );
  return { pdp, tasks: all, ips, events, clock };
}

const never: Behaviour = () => {};
const unavailable: Behaviour = (response) => answer(response, 503, {});

test('questions go to all addresses, over one connection each when they come one after another', async () => {
  const { pdp, tasks: all } = await service([permits, permits, permits], { hedge: false });
  for (let count = 0; count < 300; count += 1) await pdp.evaluate(REQUEST);
  for (const { requests, connections } of all) {
    expect(requests).toBeGreaterThan(60);
    expect(connections).toBe(1);
  }
});

test('questions at the same time go where fewer are under way', async () => {
  const waiting: (() => void)[] = [];
  const holds: Behaviour = (response) => {
    waiting.push(() => answer(response, 200, { decision: true }));
    if (waiting.length === 60) for (const release of waiting) release();
  };
  const { pdp, tasks: all } = await service([holds, holds, holds], { hedge: false });
  await Promise.all(Array.from({ length: 60 }, () => pdp.evaluate(REQUEST)));
  for (const { requests } of all) expect(Math.abs(requests - 20)).toBeLessThanOrEqual(2);
});

test.each<[string, Behaviour | typeof DEAD]>([
  ['dead', DEAD],
  ['hanging', never],
  ['resetting', ({ socket }) => socket?.resetAndDestroy()],
  ['draining', unavailable],
])('with one of three tasks %s no question fails, and it is left alone soon', async (_name, behaviour) => {
  const { pdp, tasks: all, events, ips } = await service([permits, behaviour, permits]);
  const decisions = [];
  for (let count = 0; count < 200; count += 1) decisions.push(await pdp.evaluate(REQUEST));
  expect(decisions).toEqual(Array(200).fill({ decision: true }));
  const met = events.filter(({ type, address }) => type === 'attempt' && address === ips[1]);
  expect(met).toHaveLength(3);
  expect(events).toContainEqual({ type: 'breaker-open', address: ips[1] });
  expect((all[0]?.requests ?? 0) + (all[2]?.requests ?? 0)).toBeGreaterThanOrEqual(200);
});

test('with one of three tasks dead no question of many at the same time fails', async () => {
  const { pdp } = await service([DEAD, permits, permits]);
  const decisions = await Promise.all(Array.from({ length: 500 }, () => pdp.evaluate(REQUEST)));
  expect(decisions).toEqual(Array(500).fill({ decision: true }));
});

test('with two of three tasks dead no question fails: a refused connection is no attempt', async () => {
  const { pdp, events } = await service([DEAD, permits, DEAD]);
  for (let count = 0; count < 20; count += 1) expect(await pdp.evaluate(REQUEST)).toEqual({ decision: true });
  expect(events.filter(({ type }) => type === 'breaker-open')).toHaveLength(2);
});

test('with all tasks dead each is tried once, and the error is that of a connection', async () => {
  const { pdp, events } = await service([DEAD, DEAD, DEAD]);
  await expect(pdp.evaluate(REQUEST)).rejects.toMatchObject({
    name: 'PdpUnavailableError',
    message: expect.stringContaining('ECONNREFUSED'),
  });
  const met = events.filter(({ type }) => type === 'attempt');
  expect(met.map(({ error }) => error)).toEqual(Array(4).fill('UnreachableError'));
  expect(new Set(met.map(({ address }) => address)).size).toBe(3);
});

test('a task that is back is found by a probe, and all of them are used while all are left out', async () => {
  const { pdp, tasks: all, events, clock, ips } = await service([unavailable, unavailable]);
  for (let count = 0; count < 3; count += 1) await pdp.evaluate(REQUEST).catch(() => {});
  expect(events.filter(({ type }) => type === 'breaker-open')).toHaveLength(2);
  for (const task of all) task.behaviour = permits;
  expect(await pdp.evaluate(REQUEST)).toEqual({ decision: true });
  // Each probe is a question like any other.
  clock.ms += 1_000;
  for (let count = 0; count < 20; count += 1) await pdp.evaluate(REQUEST);
  const closed = events.filter(({ type }) => type === 'breaker-close');
  expect(new Set(closed.map(({ address }) => address))).toEqual(new Set(ips));
});

test('a slow task is outrun by another, and what it was asked is taken back', async () => {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const slow: Behaviour = (response) => response.on('close', resolve);
  const { tasks: all, port, ips } = await tasks([slow, permits]);
  const events: PdpClientEvent[] = [];
  const pdp = clientOf(port, { lookup: async () => ips, onEvent: (event) => events.push(event) });
  expect(await pdp.evaluate(REQUEST)).toEqual({ decision: true });
  await closed;
  expect(all.map(({ requests }) => requests)).toEqual([1, 1]);
  expect(events.map(({ type, address, error }) => ({ type, address, error }))).toEqual(
    expect.arrayContaining([
      { type: 'hedge', address: ips[1], error: undefined },
      { type: 'attempt', address: ips[0], error: 'GivenUpError' },
      { type: 'attempt', address: ips[1], error: undefined },
    ]),
  );
});

test('a service that is slow as a whole is asked little more for it', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const slow: Behaviour = (response) => {
    vi.advanceTimersByTime(200);
    answer(response, 200, { decision: true });
  };
  const { pdp, events } = await service([slow, slow]);
  for (let count = 0; count < 60; count += 1) await pdp.evaluate(REQUEST);
  const hedges = events.filter(({ type }) => type === 'hedge').length;
  // Ten at once, and one for ten questions.
  expect(hedges).toBeGreaterThanOrEqual(10);
  expect(hedges).toBeLessThanOrEqual(16);
});

test('with one of three tasks hanging and one dead the third answers', async () => {
  const { tasks: all, port, ips } = await tasks([never, DEAD, permits]);
  const pdp = clientOf(port, { lookup: async () => ips });
  expect(await pdp.evaluate(REQUEST)).toEqual({ decision: true });
  expect(all.map(({ requests }) => requests)).toEqual([1, 0, 1]);
});

test('without hedges a slow task is waited for', async () => {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  let release = () => {};
  const slow: Behaviour = (response) => {
    release = () => answer(response, 200, { decision: false });
    resolve();
  };
  const { tasks: all, port, ips } = await tasks([slow, permits]);
  const pdp = clientOf(port, { lookup: async () => ips, hedge: false });
  const decision = pdp.evaluate(REQUEST);
  await asked;
  release();
  expect(await decision).toEqual({ decision: false });
  expect(all.map(({ requests }) => requests)).toEqual([1, 0]);
});

test('a listener that throws or rejects does no harm', async () => {
  const onEvent = (event: PdpClientEvent) => {
    if (event.type === 'retry') return Promise.reject(new Error('no metric today'));
    throw new Error('no metric today');
  };
  const { pdp } = await service([DEAD, permits], { onEvent: onEvent as (event: PdpClientEvent) => void });
  for (let count = 0; count < 10; count += 1) expect(await pdp.evaluate(REQUEST)).toEqual({ decision: true });
});

test('events tell of addresses, times and names, and of nothing that was asked', async () => {
  const { pdp, events } = await service([DEAD, permits], { apiKey: 'key-1' });
  for (let count = 0; count < 10; count += 1) await pdp.evaluate(REQUEST);
  const keys = new Set(events.flatMap((event) => Object.keys(event)));
  expect([...keys].sort()).toEqual(['address', 'durationMs', 'error', 'status', 'type']);
  expect(JSON.stringify(events)).not.toMatch(/bob|roadmap|view|key-1/);
});

test('over TLS the certificate is held to the name in the URL, whatever address is asked', async () => {
  const { ca, server: tls } = await certificates('api.pdp.internal');
  const server = await serve((_, response) => answer(response, 200, { decision: true }), tls);
  const ask = (host: string) =>
    clientOf(server.port, {
      url: `https://${host}:${server.port}`,
      ca,
      lookup: async () => ['127.0.0.1'],
    }).evaluate(REQUEST);
  expect(await ask('api.pdp.internal')).toEqual({ decision: true });
  expect(server.received[0]?.headers.host).toBe(`api.pdp.internal:${server.port}`);
  // It is for the address 127.0.0.1, too.
  await expect(ask('other.pdp.internal')).rejects.toMatchObject({
    name: 'PdpUnavailableError',
    message: expect.stringContaining("altnames: Host: other.pdp.internal. is not in the cert's"),
  });
  expect(server.received).toHaveLength(1);
});

test('addresses that there is no way to are no attempts, however many', async () => {
  const { tasks: all, port } = await tasks([permits]);
  const events: PdpClientEvent[] = [];
  // No connection can be made to many at once: it fails as to IPv6 addresses from a subnet without IPv6.
  const lookup = async () => ['224.0.0.1', '224.0.0.2', '224.0.0.3', '127.0.0.1'];
  const pdp = clientOf(port, { lookup, onEvent: (event) => events.push(event) });
  expect(await pdp.evaluate(REQUEST)).toEqual({ decision: true });
  expect(all[0]?.requests).toBe(1);
  expect(events.filter(({ error }) => error === 'UnreachableError')).toHaveLength(3);
});
