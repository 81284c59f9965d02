import type { Distribution } from '../../engine/embedded-metrics.ts';
import type { Bucket } from '../bucket-counts.ts';

/**
 * Each bucket stands for its values by their mean, so that sums and averages are right and a percentile is off by no
 * more than the width of a bucket.
 *
 * @returns nothing when no bucket has any
 */
export function distribution(buckets: readonly Bucket[]): Distribution | undefined {
  const filled = buckets.filter(({ count }) => count > 0);
  if (filled.length === 0) return undefined;
  const means = filled.map(({ count, sum }) => sum / count);
  return {
    Values: means,
    Counts: filled.map(({ count }) => count),
    Min: Math.min(...means),
    Max: Math.max(...means),
    Count: filled.reduce((total, { count }) => total + count, 0),
    Sum: filled.reduce((total, { sum }) => total + sum, 0),
  };
}
