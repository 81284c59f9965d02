import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Checks } from '../../../lambda/embedded/checks.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** Checks whose ends, and whose clock, are the test's. */
function scene(afterMs = MINUTE) {
  const state = { now: 1_000_000 };
  const begun: { signal: AbortSignal; end(error?: Error): void }[] = [];
  const failures: string[] = [];
  const checks = new Checks({
    afterMs,
    now: () => state.now,
    failed: ({ message }) => failures.push(message),
    check: (signal) =>
      new Promise((resolve, reject) => {
        begun.push({ signal, end: (error) => (error === undefined ? resolve() : reject(error)) });
      }),
  });
  /** Asks, and waits for a check to have begun, if one is to. */
  const ask = async (needed = false) => {
    const underWay = checks.underWay(needed);
    await new Promise((resolve) => setImmediate(resolve));
    return underWay;
  };
  return {
    ask,
    failures,
    begun: () => begun.length,
    later: (milliseconds: number) => {
      state.now += milliseconds;
    },
    end: (error?: Error) => begun.at(-1)?.end(error),
    signal: (index: number) => begun[index]?.signal as AbortSignal,
  };
}

type Scene = ReturnType<typeof scene>;

/** One whole check, as it ends. */
async function check(one: Scene, error?: Error, needed = false) {
  const underWay = await one.ask(needed);
  one.end(error);
  await underWay?.ended;
  return underWay;
}

describe('a check is due', () => {
  test('with the first question, and then when the time since its beginning is over', async () => {
    const one = scene();
    expect(await check(one)).toMatchObject({ awaited: false });
    one.later(MINUTE - 1);
    expect(await one.ask()).toBeUndefined();
    one.later(1);
    expect(await one.ask()).toBeDefined();
    expect(one.begun()).toBe(2);
  });

  test('once, whoever asks meanwhile', async () => {
    const one = scene();
    const first = await one.ask();
    one.later(9 * SECOND);
    expect(await one.ask()).toBe(first);
    expect(one.begun()).toBe(1);
  });

  test('when the clock was set back', async () => {
    const one = scene();
    await check(one);
    one.later(-10 * MINUTE);
    expect(await one.ask()).toBeDefined();
  });

  test('after a failure in a second, and after each further one in twice the time, up to five minutes', async () => {
    const one = scene();
    await check(one, new Error('away'));
    for (const seconds of [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]) {
      one.later(seconds * SECOND - 1);
      expect(await one.ask(), `${seconds} s`).toBeUndefined();
      one.later(1);
      expect(await check(one, new Error('away')), `${seconds} s`).toBeDefined();
    }
    one.later(300 * SECOND);
    await check(one);
    one.later(MINUTE - 1);
    expect(await one.ask()).toBeUndefined();
    one.later(1);
    await check(one, new Error('away'));
    one.later(SECOND);
    expect(await one.ask()).toBeDefined();
    expect(one.failures).toEqual(Array(13).fill('away'));
  });

  test('a second after whatever came of the last one, when there is nothing to answer by', async () => {
    const one = scene();
    for (let times = 0; times < 5; times += 1)
      await check(one, new Error('away'), true).then(() => one.later(SECOND));
    await check(one, undefined, true);
    expect(await one.ask(true)).toBeUndefined();
    one.later(SECOND);
    expect(await one.ask()).toBeUndefined();
    expect(await one.ask(true)).toBeDefined();
    expect(one.begun()).toBe(7);
  });
});

describe('a check that a freeze has cut off', () => {
  test('is begun anew by the next question, and what becomes of the old one does not matter', async () => {
    const one = scene();
    const old = await one.ask();
    one.later(10 * SECOND);
    const anew = await one.ask();
    expect(anew).not.toBe(old);
    expect(one.begun()).toBe(2);
    expect(one.signal(0).aborted).toBe(true);
    expect(one.signal(1).aborted).toBe(false);
    one.end();
    await anew?.ended;
    one.later(MINUTE - 1);
    expect(await one.ask()).toBeUndefined();
    expect(one.failures).toEqual([]);
  });

  test('is no failure of the store, when its connection turns out to be dead', async () => {
    const one = scene();
    const old = await one.ask();
    one.later(5 * MINUTE);
    one.end(new Error('ECONNRESET'));
    await old?.ended;
    expect(one.failures).toEqual([]);
    expect(await one.ask()).toMatchObject({ awaited: true });
  });

  test('is followed by one that questions wait for; but not when three of those came to no end', async () => {
    const one = scene();
    await one.ask();
    const awaited: (boolean | undefined)[] = [];
    for (let times = 0; times < 5; times += 1) {
      one.later(MINUTE);
      awaited.push((await one.ask())?.awaited);
    }
    expect(awaited).toEqual([true, true, true, false, false]);
    one.end();
    await (await one.ask())?.ended;
    one.later(MINUTE);
    expect(await check(one, new Error('reset'))).toMatchObject({ awaited: false });
    one.later(SECOND);
    expect(await one.ask()).toMatchObject({ awaited: true });
  });
});

test('a check that takes too long is given up, and the reason is told', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const one = scene();
  const underWay = await one.ask();
  one.signal(0).addEventListener('abort', () => one.end(new Error('The operation was aborted')));
  one.later(10 * SECOND);
  vi.advanceTimersByTime(10 * SECOND);
  await underWay?.ended;
  expect(one.failures).toEqual(['the store did not answer within 10000 ms']);
});
