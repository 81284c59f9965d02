import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock, untilNextMiddle } from '../../pdp-container/clock.ts';

const MINUTE = 60_000;

test.each([
  ['from the start of a minute', 0, 90_000],
  ['from its middle', 30_000, 60_000],
  ['a little early', 29_999, 60_001],
  ['a little late', 30_007, 59_993],
  ['from its end', 59_999, 30_001],
])('the middle of the next minute, %s', (_name, now, wait) => {
  expect(untilNextMiddle(now, MINUTE)).toBe(wait);
  expect(untilNextMiddle(Date.UTC(2026, 0, 1) + now, MINUTE)).toBe(wait);
});

describe('with a clock that is put forward by hand', () => {
  beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2026, 0, 1, 0, 0, 59, 990) }));
  afterEach(() => void vi.useRealTimers());

  test('there is one tick in each minute, however late each is, until it is stopped', () => {
    const minutes: number[] = [];
    const stop = systemClock.every(MINUTE, () => {
      minutes.push(systemClock.now().getUTCMinutes());
      // Whatever keeps the process busy, the next one is not late for it.
      vi.setSystemTime(Date.now() + 900);
    });
    vi.advanceTimersByTime(12 * MINUTE);
    expect(minutes).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    stop();
    vi.advanceTimersByTime(12 * MINUTE);
    expect(minutes).toHaveLength(12);
  });
});

test('keeps no process alive', () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  const stop = systemClock.every(MINUTE, () => {});
  expect(timers()).toBe(before);
  stop();
});
