import { describe, expect, test } from 'vitest';
import { compare, median, percentile } from '../../scripts/bench/measure.ts';
import { table } from '../../scripts/bench/table.ts';

describe('the figures of a benchmark', () => {
  test('the median is in the middle of the values, in whatever order they came', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([10, 1, 2, 4])).toBe(3);
    expect(() => median([])).toThrow('nothing was measured');
  });

  test('a percentile is one of the values, and is not exceeded by its share of them', () => {
    const values = Array.from({ length: 200 }, (_, index) => index + 1);
    expect([0.5, 0.99, 1].map((share) => percentile(values, share))).toEqual([100, 198, 200]);
    expect(percentile([7], 0.99)).toBe(7);
  });

  test('contenders take turns, after a round to warm up that does not count', async () => {
    const turns: string[] = [];
    const contender = (name: string, times: number) => ({
      name,
      times,
      run: (count: number) => void turns.push(`${name}${count}`),
    });
    const rows = await compare([contender('a', 3), contender('b', 1)], 2);
    expect(turns).toEqual(['a3', 'b1', 'a3', 'b1', 'a3', 'b1']);
    expect(rows.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  test('the table compares each row with the first', () => {
    const rows = [
      { name: 'bare', figures: [40_000, 1.5] },
      { name: 'ours', figures: [10_000, 6.25] },
    ];
    expect(table('Requests', ['per second', 'ms'], rows).split('\n')).toEqual([
      '',
      'Requests',
      '        per second    ms  ratio',
      '  bare      40,000  1.50  1.00×',
      '  ours      10,000  6.25  0.25×',
    ]);
  });
});
