import { describe, expect, test } from 'vitest';
import type { S3Fault } from '../../pdp-container/support/s3-server.ts';
import { bundleFor } from '../bundles.ts';
import { asks, later, openStore, refreshed, soon } from './store.ts';

const MINUTE = 60_000;

describe('a function that is frozen while it reads the store', () => {
  test.each<S3Fault>(['hang', 'hang-body'])('begins anew when it goes on, after %s', async (fault) => {
    const store = await openStore();
    await store.put('bob', 1);
    store.server.fault = fault;
    const { may, events } = refreshed({ bundle: await bundleFor('alice') });
    expect(await may('alice')).toEqual([true]);
    await soon(() => expect(store.reads()).toBe(1));
    later(10 * MINUTE);
    store.server.fault = undefined;
    // It is waited for: the function may be frozen again before it is over.
    expect(await may('alice', 'bob')).toEqual([false, true]);
    expect(events.map(({ type }) => type)).toEqual(['refreshed']);
    expect(store.reads()).toBe(2);
    await soon(() => expect(store.server.connections()).toBe(0));
  });

  test('answers by what it has when the store does not answer in the time that a question has', async () => {
    const store = await openStore();
    await store.put('bob', 1);
    store.server.fault = 'hang';
    const { may, pdp, events } = refreshed({ bundle: await bundleFor('alice') });
    await may('alice');
    await soon(() => expect(store.reads()).toBe(1));
    later(10 * MINUTE);
    const decision = await pdp.evaluate(asks('alice'), { timeoutMs: 20 });
    expect(decision).toMatchObject({ decision: true });
    await soon(() => expect(store.reads()).toBe(2));
    expect(events).toEqual([]);
  });

  test('does not answer a question whose caller has given up', async () => {
    const store = await openStore();
    store.server.fault = 'hang';
    await store.put('bob', 1);
    const { may, pdp } = refreshed({ bundle: await bundleFor('alice') });
    await may('alice');
    await soon(() => expect(store.reads()).toBe(1));
    later(10 * MINUTE);
    const asked = pdp.evaluate(asks('alice'), { signal: AbortSignal.abort() });
    await expect(asked).rejects.toMatchObject({ name: 'PdpUnavailableError', message: 'the caller gave up' });
    await soon(() => expect(store.reads()).toBe(2));
  });

  test('takes nothing of the old answer, should it come after the new one', async () => {
    const store = await openStore();
    const held = Promise.withResolvers<void>();
    let reads = 0;
    store.server.before = () => {
      reads += 1;
      return reads === 1 ? held.promise : undefined;
    };
    await store.put('bob', 1);
    const { may, told, events } = refreshed({ bundle: await bundleFor('alice') });
    await may('alice');
    await soon(() => expect(reads).toBe(1));
    later(MINUTE);
    expect(await may('bob')).toEqual([true]);
    await told('refreshed');
    await store.put('carol', 2);
    held.resolve();
    await soon(() => expect(store.server.connections()).toBe(0));
    expect(await may('bob', 'carol')).toEqual([true, false]);
    expect(events).toHaveLength(1);
  });
});
