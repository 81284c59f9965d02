import { describe, expect, test } from 'vitest';
import { bestMedian, compare, median, percentile } from '../../scripts/bench/measure.ts';
import { atLeast, atMost, verdicts } from '../../scripts/bench/report.ts';
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

  test('rounds that were disturbed are left out, and so is the one that luck made good', () => {
    const rounds = [12, 11, 13, 90, 10, 80, 11, 2, 10];
    expect(bestMedian(rounds, 'low')).toBe(10);
    expect(bestMedian([50, 70, 60, 9, 8, 7], 'high')).toBe(60);
    expect(bestMedian([3, 5], 'low')).toBe(4);
    // What is left over at the end is no group of its own.
    expect(bestMedian([5, 6, 7, 1], 'low')).toBe(6);
    expect(() => bestMedian([], 'low')).toThrow('nothing was measured');
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
    expect(table({ title: 'Requests', columns: ['per second', 'ms'], rows }).split('\n')).toEqual([
      '',
      'Requests',
      '        per second    ms  ratio',
      '  bare      40,000  1.50  1.00×',
      '  ours      10,000  6.25  0.25×',
    ]);
  });

  test('each figure is told with what it is to reach', () => {
    const findings = [
      atLeast('requests', 71.4, 70, ' %'),
      atLeast('faster', 249, 250, '×'),
      atMost('update', 1, 1, ' ms'),
      atMost('load', 12.25, 10, ' s'),
    ];
    expect(verdicts(findings).split('\n')).toEqual([
      '',
      'Targets',
      '            figure  target',
      '  requests  71.4 %  ≥ 70 %  reached',
      '  faster      249×  ≥ 250×  NOT REACHED',
      '  update      1 ms  ≤ 1 ms  reached',
      '  load      12.3 s  ≤ 10 s  NOT REACHED',
    ]);
  });
});
