import { Agent } from 'node:http';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { AddressBook } from '../../../lambda/client/addresses.ts';
import { systemLookup } from '../../../lambda/client/lookup.ts';

const START = 1_000_000_000;

function book(lookup: (host: string) => Promise<readonly string[]>, host = 'pdp.test') {
  const clock = { ms: START };
  const asked: string[] = [];
  const addresses = new AddressBook({
    Agent,
    maxConnections: 1,
    host,
    lookup: (name) => {
      asked.push(name);
      return lookup(name);
    },
    now: () => clock.ms,
    emit: undefined,
  });
  onTestFinished(() => addresses.close());
  const ips = async () => (await addresses.get(1_000)).map(({ ip }) => ip);
  return { addresses, clock, asked, ips };
}

describe('the addresses of a name', () => {
  test('are looked up once, also for questions at the same time', async () => {
    const { ips, asked } = book(async () => ['10.0.0.1', '10.0.0.2', '10.0.0.1']);
    expect(await Promise.all([ips(), ips()])).toEqual([
      ['10.0.0.1', '10.0.0.2'],
      ['10.0.0.1', '10.0.0.2'],
    ]);
    expect(await ips()).toEqual(['10.0.0.1', '10.0.0.2']);
    expect(asked).toEqual(['pdp.test']);
  });

  test('are looked up again after 10 seconds, without a question that waits for it', async () => {
    let found = ['10.0.0.1'];
    const { ips, asked, clock } = book(async () => found);
    await ips();
    found = ['10.0.0.2'];
    clock.ms += 10_000;
    expect(await ips()).toEqual(['10.0.0.1']);
    expect(asked).toHaveLength(1);
    clock.ms += 1;
    expect(await ips()).toEqual(['10.0.0.1']);
    expect(asked).toHaveLength(2);
    expect(await ips()).toEqual(['10.0.0.2']);
    expect(asked).toHaveLength(2);
  });

  test.each([60_001, -60_001])('are waited for when they are older than a minute: %i ms', async (passed) => {
    let found = ['10.0.0.1'];
    const { ips, clock } = book(async () => found);
    await ips();
    found = ['10.0.0.2', '::1'];
    clock.ms += passed;
    expect(await ips()).toEqual(['10.0.0.2', '::1']);
  });

  test('stay what they are when they stay: connections and breaker with them', async () => {
    let found = ['10.0.0.1', '10.0.0.2'];
    const { addresses, clock } = book(async () => found);
    const [, kept] = await addresses.get(1_000);
    found = ['10.0.0.3', '10.0.0.2'];
    clock.ms += 60_001;
    const [fresh, same] = await addresses.get(1_000);
    expect(fresh?.ip).toBe('10.0.0.3');
    expect(same).toBe(kept);
  });

  test.each<[string, () => Promise<readonly string[]>]>([
    ['fails', () => Promise.reject(new Error('ESERVFAIL'))],
    ['finds nothing', async () => []],
    ['finds what is no address', async () => ['pdp.test', 7 as unknown as string]],
  ])('stay when a lookup %s, and 10 seconds pass before the next', async (_name, then) => {
    let lookup: () => Promise<readonly string[]> = async () => ['10.0.0.1'];
    const { ips, asked, clock } = book(() => lookup());
    await ips();
    lookup = then;
    clock.ms += 60_001;
    expect(await ips()).toEqual(['10.0.0.1']);
    clock.ms += 10_000;
    expect(await ips()).toEqual(['10.0.0.1']);
    expect(asked).toHaveLength(2);
  });

  test('are looked up anew when a lookup got lost, whose late answer is not taken', async () => {
    const { promise: lost, resolve } = Promise.withResolvers<string[]>();
    const lookups = [async () => ['10.0.0.1'], () => lost, async () => ['10.0.0.3']];
    const { ips, asked, clock } = book(() => (lookups.shift() ?? expect.fail())());
    await ips();
    clock.ms += 10_001;
    expect(await ips()).toEqual(['10.0.0.1']);
    clock.ms += 3_600_000;
    expect(await ips()).toEqual(['10.0.0.3']);
    resolve(['10.0.0.2']);
    await new Promise(setImmediate);
    expect(await ips()).toEqual(['10.0.0.3']);
    expect(asked).toHaveLength(3);
  });

  test('that never were there are an error, and each question looks them up', async () => {
    const { ips, asked } = book(() => Promise.reject(new Error('getaddrinfo ENOTFOUND pdp.test')));
    for (let count = 0; count < 2; count += 1) {
      await expect(ips()).rejects.toMatchObject({
        name: 'ConnectionError',
        message: 'getaddrinfo ENOTFOUND pdp.test',
      });
    }
    expect(asked).toHaveLength(2);
  });

  test('leave no timer behind when they were waited for', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    let waiting = 0;
    const { ips, clock } = book(async () => {
      await Promise.resolve();
      waiting += vi.getTimerCount();
      return ['10.0.0.1'];
    });
    await ips();
    clock.ms += 60_001;
    await ips();
    expect([waiting, vi.getTimerCount()]).toEqual([1, 0]);
  });
});

test.each(['10.0.0.9', 'fd00::9'])('the address %s is not looked up', async (host) => {
  const { ips, asked, clock } = book(() => expect.fail('looked up'), host);
  expect(await ips()).toEqual([host]);
  clock.ms += 3_600_000;
  expect(await ips()).toEqual([host]);
  expect(asked).toEqual([]);
});

test('the system knows the addresses of this machine', async () => {
  expect(await systemLookup('localhost')).toContain('127.0.0.1');
  // Longer than a name can be: no server is asked.
  await expect(systemLookup('x'.repeat(300))).rejects.toThrow('getaddrinfo');
});
