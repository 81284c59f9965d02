import { expect, test } from 'vitest';
import { Hedge } from '../../../lambda/client/hedge.ts';

test('the delay is 100 ms before anything is known, and 10 ms at least', () => {
  const hedge = new Hedge();
  expect(hedge.delayMs).toBe(100);
  for (let count = 0; count < 1_000; count += 1) hedge.learn(1);
  expect(hedge.delayMs).toBe(10);
});

test('the delay comes near the 95th percentile of the answers', () => {
  const hedge = new Hedge();
  const delays: number[] = [];
  // 1 to 100 ms in an order that is mixed and the same each time: 37 and 100 have no common factor.
  for (let count = 0; count < 10_000; count += 1) {
    hedge.learn(((count * 37) % 100) + 1);
    if (count >= 1_000) delays.push(hedge.delayMs);
  }
  const mean = delays.reduce((sum, delay) => sum + delay, 0) / delays.length;
  expect(mean).toBeGreaterThan(85);
  expect(mean).toBeLessThan(105);
});

test('ten hedges may be made at once, and then one for ten questions', () => {
  const hedge = new Hedge();
  const spent = () => {
    let count = 0;
    while (hedge.spend()) count += 1;
    return count;
  };
  expect(spent()).toBe(10);
  for (let count = 0; count < 51; count += 1) hedge.earn();
  expect(spent()).toBe(5);
  for (let count = 0; count < 1_000; count += 1) hedge.earn();
  expect(spent()).toBe(10);
});
