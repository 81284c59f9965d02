import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { bundleFile, bundleFor, temporaryDirectory } from '../bundles.ts';
import { published } from './published.ts';
import { asks, later, openStore, refreshed, SOURCE, type Store, soon } from './store.ts';

const EMBEDDED = new URL('../../../lambda/embedded/index.ts', import.meta.url).href;

const MINUTE = 60_000;

/** How reading goes wrong, and why it is said to. */
const FAILURES: [string, (store: Store) => unknown, string][] = [
  ['is down', ({ server }) => server.down(), 's3://policies/bundle.tar.gz cannot be read: ECONNRESET'],
  ['refuses', ({ server }) => server.refuse('GetObject', 403), 'cannot be read: AccessDenied (403)'],
  [
    'has no such object',
    ({ server }) => server.buckets.get('policies')?.delete('bundle.tar.gz', undefined),
    'cannot be read: NoSuchKey (404)',
  ],
  [
    'breaks',
    ({ server }) => server.refuse('GetObject', 500, 'InternalError'),
    'cannot be read: InternalError (500)',
  ],
  [
    'cuts the answer off',
    ({ server }) => Object.assign(server, { fault: 'truncated' }),
    'cannot be read: ECONNRESET',
  ],
  ['damages the answer', ({ server }) => Object.assign(server, { fault: 'corrupt' }), 'cannot be read: '],
  [
    'has half an archive',
    async (store) => store.put((await published('bob')).subarray(0, 400)),
    'archive:1:1: is not a whole .tar.gz',
  ],
  ['has something else', (store) => store.put(Buffer.from('hello')), 'archive:1:1: is not a whole .tar.gz'],
  [
    'has more than is read',
    (store) => store.put(Buffer.alloc(64 * 2 ** 20 + 1)),
    'it is larger than 67108864 bytes',
  ],
];

describe('a store that', () => {
  test.each(FAILURES)(
    '%s leaves what runs, and is looked into again until it is well',
    async (_, fail, problem) => {
      const store = await openStore();
      const { server } = store;
      await store.put('bob', 1);
      await fail(store);
      const { may, told, events } = refreshed({ bundle: await bundleFor('alice') });
      expect(await may('alice', 'bob')).toEqual([true, false]);
      expect(await told('refresh-failed')).toMatchObject({ problem: expect.stringContaining(problem) });
      expect(await may('alice', 'bob')).toEqual([true, false]);
      Object.assign(server, { fault: undefined });
      server.refuse('GetObject');
      server.up();
      await store.put('carol', 2);
      later(1_000);
      await soon(async () => expect(await may('alice', 'carol')).toEqual([false, true]));
      expect(events.map(({ type }) => type)).toEqual(['refresh-failed', 'refreshed']);
    },
  );

  test('ends its answer in the midst is asked again at once', async () => {
    const store = await openStore();
    await store.put('bob', 1);
    store.server.before = () => {
      store.server.fault = store.reads() === 1 ? 'truncated' : undefined;
    };
    const { may, told, events } = refreshed({ bundle: await bundleFor('alice') });
    await may('alice');
    await told('refreshed');
    expect(events).toHaveLength(1);
    expect(store.reads()).toBe(2);
  });

  test('stays away is told of once, and once more when it is back', async () => {
    const store = await openStore();
    await store.put('bob', 1);
    const { may, told, events } = refreshed({ bundle: await bundleFor('alice') });
    await may('alice');
    await told('refreshed');
    store.server.refuse('GetObject', 403);
    later(MINUTE);
    await may('bob');
    await told('refresh-failed');
    for (const reads of [3, 4, 5]) {
      later(5_000);
      await soon(async () => {
        expect(await may('alice', 'bob')).toEqual([false, true]);
        expect(store.reads()).toBeGreaterThanOrEqual(reads);
      });
    }
    store.server.refuse('GetObject');
    later(9_000);
    await soon(async () => {
      await may('bob');
      expect(events.map(({ type }) => type)).toEqual(['refreshed', 'refresh-failed', 'refresh-recovered']);
    });
    expect(await may('alice', 'bob')).toEqual([false, true]);
  });

  test('does not answer has no say in the end of the process', async () => {
    const { server } = await openStore();
    const asked = Promise.withResolvers<void>();
    server.before = () => {
      asked.resolve();
      return new Promise(() => {});
    };
    const script = `
      const { createRefreshedPdp } = await import(${JSON.stringify(EMBEDDED)});
      const pdp = createRefreshedPdp({ bundle: process.argv[1], source: ${JSON.stringify(SOURCE)} });
      console.log(JSON.stringify(await pdp.evaluate(${JSON.stringify(asks('alice'))})));
      process.stdin.once('data', () => {
        console.log(process.getActiveResourcesInfo().filter((name) => /^(TCP|TLS)/.test(name)).join());
        process.stdin.destroy();
      });
    `;
    const bundle = await bundleFile(await temporaryDirectory(), 'alice');
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script, bundle], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    await asked.promise;
    child.stdin.end('\n');
    // The process ends by itself, or the time-out of this test ends it.
    const [decision, sockets] = (await text(child.stdout)).split('\n');
    expect(JSON.parse(decision ?? '')).toMatchObject({ decision: true });
    expect(sockets).toBe('');
  });
});
