import { describe, expect, test } from 'vitest';
import { bundleFor } from '../bundles.ts';
import { KEYS, pem, published } from './published.ts';
import { asks, later, openStore, refreshed, soon } from './store.ts';

const MINUTE = 60_000;

const unavailable = (message: string) => ({
  name: 'PdpUnavailableError',
  message: expect.stringContaining(message),
});

describe('a PDP in the function that has only the store', () => {
  test('waits for it with the first questions, once, and then no more', async () => {
    const store = await openStore();
    await store.put('bob', 1);
    const { may, events } = refreshed();
    expect(await may('alice', 'bob', 'bob')).toEqual([false, true, true]);
    expect(store.reads()).toBe(1);
    await store.put('carol', 2);
    store.server.fault = 'hang';
    later(MINUTE);
    expect(await may('bob', 'carol')).toEqual([true, false]);
    expect(events).toHaveLength(1);
    await soon(() => expect(store.reads()).toBe(2));
  });

  test('is loaded before there is a question', async () => {
    const store = await openStore();
    await store.put('bob', 1);
    const { pdp, may } = refreshed();
    await pdp.load();
    await pdp.load();
    store.server.down();
    expect(await may('bob')).toEqual([true]);
    expect(store.reads()).toBe(1);
  });

  test('has no answer without it, and says why; a second later it tries again', async () => {
    const store = await openStore();
    store.server.refuse('GetObject', 403);
    await store.put('bob', 1);
    const { pdp, may } = refreshed();
    const why = unavailable(
      'there is no bundle: s3://policies/bundle.tar.gz cannot be read: AccessDenied (403)',
    );
    await expect(pdp.load()).rejects.toMatchObject(why);
    store.server.refuse('GetObject');
    later(-10);
    await expect(pdp.evaluate(asks('bob'))).rejects.toMatchObject(why);
    expect(store.reads()).toBe(1);
    later(1_010);
    expect(await may('bob')).toEqual([true]);
  });

  test('has no answer by what it may not take', async () => {
    const store = await openStore();
    await store.put('bob', 1);
    const { pdp } = refreshed({ verifyKey: pem(KEYS.publicKey) });
    const why = unavailable('there is no bundle: manifest.jws:1:1: is missing');
    await expect(pdp.evaluate(asks('bob'))).rejects.toMatchObject(why);
    await expect(pdp.evaluateAll([asks('bob')])).rejects.toMatchObject(why);
  });

  test('has no answer when the time of the question is over', async () => {
    const store = await openStore();
    store.server.fault = 'hang';
    await store.put('bob', 1);
    const { pdp } = refreshed();
    await expect(pdp.evaluate(asks('bob'), { timeoutMs: 20 })).rejects.toMatchObject({
      name: 'PdpTimeoutError',
    });
  });

  test('is not held to a download that a freeze has cut off', async () => {
    const store = await openStore();
    store.server.fault = 'hang-body';
    await store.put('bob', 1);
    const { pdp, may } = refreshed();
    const loading = pdp.load().catch(() => 'cut off');
    await soon(() => expect(store.reads()).toBe(1));
    later(MINUTE);
    store.server.fault = undefined;
    expect(await may('bob')).toEqual([true]);
    expect(await loading).toBe('cut off');
  });
});

describe('with a bound on how old an answer may be', () => {
  const options = async () => ({ bundle: await bundleFor('alice'), maxStaleMs: 10 * MINUTE });

  test('the first question waits for the store, and later ones do not', async () => {
    const store = await openStore();
    await store.put('bob', 1);
    const { may, told } = refreshed(await options());
    expect(await may('alice', 'bob')).toEqual([false, true]);
    store.server.down();
    later(9 * MINUTE);
    expect(await may('bob')).toEqual([true]);
    await told('refresh-failed');
  });

  test('nothing is decided by what is older, until the store has been read again', async () => {
    const store = await openStore();
    await store.put('bob', 1);
    const { may, pdp, told } = refreshed(await options());
    await may('bob');
    store.server.refuse('GetObject', 503, 'SlowDown');
    later(10 * MINUTE + 1);
    await expect(pdp.evaluate(asks('bob'))).rejects.toMatchObject(unavailable('is too old: s3://policies'));
    store.server.refuse('GetObject');
    later(1_000);
    expect(await may('bob')).toEqual([true]);
    await told('refresh-recovered');
  });

  test('what the store has and the function may not take makes it no younger', async () => {
    const store = await openStore();
    await store.put('bob', 2);
    const { may, pdp, told } = refreshed(await options());
    await may('bob');
    await store.put(await published('carol', { sequence: 1 }));
    later(MINUTE);
    expect(await may('bob')).toEqual([true]);
    await told('refresh-refused');
    later(9 * MINUTE + 1);
    await expect(pdp.evaluate(asks('bob'))).rejects.toMatchObject(unavailable('is older than what runs'));
    await store.put('dave', 3);
    later(1_000);
    expect(await may('dave')).toEqual([true]);
  });

  test('what is in the store and has not changed is as good as new', async () => {
    const store = await openStore();
    await store.put('bob', 1);
    const { may, told } = refreshed(await options());
    await may('bob');
    for (const times of [1, 2, 3]) {
      later(9 * MINUTE);
      expect(await may('bob')).toEqual([true]);
      await told('refresh-unchanged', times);
    }
    store.server.down();
    later(9 * MINUTE);
    expect(await may('bob')).toEqual([true]);
    await told('refresh-failed');
  });
});
