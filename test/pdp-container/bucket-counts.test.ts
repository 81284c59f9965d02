import { Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { BucketCounts } from '../../pdp-container/bucket-counts.ts';

const NAME = 'answer_seconds';
const HELP = 'How long answers take.';
const BOUNDS = [0.001, 0.01, 1];

test("what is published is what prom-client's own histogram publishes", async () => {
  const [ours, theirs] = [new Registry(), new Registry()];
  const counts = new BucketCounts(NAME, HELP, BOUNDS, ours);
  const histogram = new Histogram({ name: NAME, help: HELP, buckets: BOUNDS, registers: [theirs] });
  expect(await ours.metrics()).toBe(await theirs.metrics());
  for (const value of [0, 0.001, 0.0010001, 0.5, 1, 7, 0.5]) {
    counts.observe(value);
    histogram.observe(value);
  }
  expect(await ours.metrics()).toBe(await theirs.metrics());
  expect(await ours.metrics()).toContain('answer_seconds_bucket{le="0.001"} 2\n');
});
