import { describe, expect, test } from 'vitest';
import { bundleFile, bundleFor, temporaryDirectory } from '../bundles.ts';
import { published } from './published.ts';
import { asks, later, openStore, refreshed, revisionsOf, soon } from './store.ts';

const MINUTE = 60_000;

describe('a PDP in the function, with a store', () => {
  test('answers at once by what it has, and from the next question on by what the store has', async () => {
    const store = await openStore();
    await store.put('bob', 1);
    const bundle = await bundleFile(await temporaryDirectory(), 'alice');
    const { may, told } = refreshed({ bundle });
    expect(await may('alice', 'bob')).toEqual([true, false]);
    expect(await told('refreshed')).toEqual({ type: 'refreshed', revision: expect.any(String) });
    expect(await may('alice', 'bob')).toEqual([false, true]);
    expect(store.known()).toEqual([undefined]);
  });

  test('does not look into the store before there is a question', async () => {
    const store = await openStore();
    const { pdp } = refreshed({ bundle: await bundleFor('alice') });
    await pdp.load();
    expect(store.server.calls).toEqual([]);
  });

  test('looks again when the time is over, and leaves what has not changed', async () => {
    const store = await openStore();
    await store.put('bob', 1);
    const { may, told } = refreshed({ bundle: await bundleFor('alice'), afterMs: MINUTE });
    await may('alice');
    await told('refreshed');
    later(MINUTE - 5_000);
    await may('bob');
    later(5_000);
    for (const times of [1, 2]) {
      expect(await may('alice', 'bob')).toEqual([false, true]);
      await told('refresh-unchanged', times);
      later(MINUTE);
    }
    const tag = store.server.buckets.get('policies')?.get('bundle.tar.gz', undefined).etag;
    expect(store.known()).toEqual([undefined, tag, tag]);
    await store.put('carol', 2);
    expect(await may('bob')).toEqual([true]);
    await told('refreshed', 2);
    expect(await may('bob', 'carol')).toEqual([false, true]);
  });

  test('takes for the same what it runs already', async () => {
    const store = await openStore();
    const bytes = await published('alice', { sequence: 3 });
    await store.put(bytes);
    const { may, told } = refreshed({ bundle: bytes });
    expect(await may('alice')).toEqual([true]);
    await told('refresh-unchanged');
    later(MINUTE);
    await may('alice');
    await told('refresh-unchanged', 2);
    expect(store.known()).toEqual([undefined, expect.stringMatching(/^"[0-9a-f]{32}"$/)]);
  });

  test('answers by the old revision as long as the store takes its time', async () => {
    const store = await openStore();
    await store.put('bob', 1);
    const { promise, resolve } = Promise.withResolvers<void>();
    store.server.before = () => promise;
    const { may, told } = refreshed({ bundle: await bundleFor('alice') });
    await may('alice');
    await soon(() => expect(store.reads()).toBe(1));
    expect(await may('alice', 'bob')).toEqual([true, false]);
    resolve();
    await told('refreshed');
    expect(await may('alice', 'bob')).toEqual([false, true]);
  });

  test('looks once for all the questions that come meanwhile', async () => {
    const store = await openStore();
    await store.put('bob', 1);
    const { may, told } = refreshed({ bundle: await bundleFor('alice') });
    expect(new Set(await may(...Array<string>(30).fill('alice')))).toEqual(new Set([true]));
    await told('refreshed');
    expect(store.reads()).toBe(1);
  });

  test('answers a batch by one revision, whatever comes in its midst', async () => {
    const store = await openStore();
    await store.put('bob', 1);
    const { pdp, events } = refreshed({ bundle: await bundleFor('alice') });
    // A batch that has no end until the new revision is in use, and some more.
    const batch: ReturnType<typeof asks>[] = [];
    batch.entries = function* () {
      let after = 0;
      for (let index = 0; after < 1_000; index += 1) {
        if (events.length > 0) after += 1;
        yield [index, asks('alice')];
      }
      return undefined;
    };
    const decisions = await pdp.evaluateAll(batch);
    expect(events).toMatchObject([{ type: 'refreshed' }]);
    expect(revisionsOf(decisions)).toHaveLength(1);
    expect(decisions.every(({ decision }) => decision)).toBe(true);
    expect(revisionsOf([await pdp.evaluate(asks('alice'))])).toEqual([events[0]?.revision]);
  });

  test('is not harmed by who is told', async () => {
    const store = await openStore();
    await store.put('bob', 1);
    for (const onEvent of [
      () => Promise.reject(new Error('listener')),
      () => {
        throw new Error('listener');
      },
    ]) {
      const { may } = refreshed({ bundle: await bundleFor('alice'), onEvent });
      await soon(async () => expect(await may('alice', 'bob')).toEqual([false, true]));
    }
  });
});
