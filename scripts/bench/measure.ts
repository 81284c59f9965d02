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
  return contenders.map(({ name }, index) => ({ name, figures: [median(samples[index] ?? [])] }));
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
