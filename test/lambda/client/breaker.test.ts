import { describe, expect, test } from 'vitest';
import { Breaker } from '../../../lambda/client/breaker.ts';

function breaker() {
  const changes: boolean[] = [];
  const clock = { ms: 1_000_000 };
  const one = new Breaker(
    () => clock.ms,
    (open) => changes.push(open),
  );
  const attempts = (...verdicts: ('good' | 'bad' | 'unknown')[]) => {
    for (const verdict of verdicts) one.begin()(verdict);
  };
  return { one, changes, clock, attempts };
}

describe('a breaker', () => {
  test.each([
    [['bad', 'bad'], true],
    [['bad', 'bad', 'bad'], false],
    [['bad', 'bad', 'good', 'bad', 'bad'], true],
    [['bad', 'unknown', 'bad', 'unknown', 'bad'], false],
  ] as const)('after %j is ready: %s', (verdicts, ready) => {
    const { one, changes, attempts } = breaker();
    attempts(...verdicts);
    expect(one.ready).toBe(ready);
    expect(changes).toEqual(ready ? [] : [true]);
  });

  test('lets one probe through after a second, and closes when it is good', () => {
    const { one, changes, clock, attempts } = breaker();
    attempts('bad', 'bad', 'bad');
    clock.ms += 999;
    expect(one.ready).toBe(false);
    clock.ms += 1;
    expect(one.ready).toBe(true);
    const judge = one.begin();
    expect(one.ready).toBe(false);
    judge('good');
    expect(one.ready).toBe(true);
    expect(changes).toEqual([true, false]);
    attempts('bad', 'bad');
    expect(one.ready).toBe(true);
  });

  test('waits twice as long after each probe that fails, and 30 seconds at most', () => {
    const { one, clock, attempts } = breaker();
    attempts('bad', 'bad', 'bad');
    clock.ms += 1_000;
    for (const wait of [2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      attempts('bad');
      clock.ms += wait - 1;
      expect(one.ready).toBe(false);
      clock.ms += 1;
      expect(one.ready).toBe(true);
    }
  });

  test('lets another probe through when nobody waited for the first', () => {
    const { one, clock, attempts } = breaker();
    attempts('bad', 'bad', 'bad');
    clock.ms += 1_000;
    attempts('unknown');
    expect(one.ready).toBe(true);
  });

  test('is not held open longer by attempts that began before, and is closed by one that is good', () => {
    const { one, clock, attempts } = breaker();
    const [early, late] = [one.begin(), one.begin()];
    attempts('bad', 'bad', 'bad');
    early('bad');
    clock.ms += 1_000;
    expect(one.ready).toBe(true);
    late('good');
    attempts('bad', 'bad');
    expect(one.ready).toBe(true);
  });

  test('is ready when the clock was set back', () => {
    const { one, clock, attempts } = breaker();
    attempts('bad', 'bad', 'bad');
    clock.ms -= 3_600_000;
    expect(one.ready).toBe(true);
  });
});
