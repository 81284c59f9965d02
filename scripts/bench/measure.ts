import type { Row } from './table.ts';

/** A contender: does its work some number of times. */
export interface Contender {
  name: string;
  run(times: number): void | Promise<void>;
  /** How often in one round; chosen so that a round is some 50 ms. */
  times: number;
}

/**
 * Microseconds that each contender takes for one piece of work, in rounds by turns, so that whatever else the
 * machine does meets all of them. The first contender is what the others are compared with.
 */
export async function compare(contenders: Contender[], rounds: number): Promise<Row[]> {
  const samples = contenders.map((): number[] => []);
  for (const { run, times } of contenders) await run(times);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, { run, times }] of contenders.entries()) {
      const started = performance.now();
      await run(times);
      samples[index]?.push(((performance.now() - started) * 1_000) / times);
    }
  }
  return contenders.map(({ name }, index) => ({ name, figures: [bestMedian(samples[index] ?? [], 'low')] }));
}

const GROUP = 3;

/**
 * The best of the medians of the rounds, three by three: on a machine that others use too, what disturbed some of
 * the rounds is left out, and so is the one round that luck made good.
 */
export function bestMedian(rounds: number[], better: 'low' | 'high'): number {
  const medians: number[] = [];
  for (let from = 0; from < rounds.length; from += GROUP) {
    const group = rounds.slice(from, from + GROUP);
    if (group.length === GROUP || medians.length === 0) medians.push(median(group));
  }
  if (medians.length === 0) throw new Error('nothing was measured');
  return better === 'low' ? Math.min(...medians) : Math.max(...medians);
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  if (low === undefined || high === undefined) throw new Error('nothing was measured');
  return (low + high) / 2;
}

/** The smallest value that a share of all values does not exceed; `sorted` ascends. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** The first figure of a row. @throws Error when there is no such row */
export function figure(rows: Row[], name: string, column = 0): number {
  const found = rows.find((row) => row.name === name)?.figures[column];
  if (found === undefined) throw new Error(`${name} was not measured`);
  return found;
}
