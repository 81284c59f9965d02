import type { Metric, Registry } from 'prom-client';

/** What fell into one bucket. */
export interface Bucket {
  readonly count: number;
  /** Of the observed values. */
  readonly sum: number;
}

/**
 * A histogram without labels. prom-client's own spends as long on an observation as a decision takes; this one counts
 * in plain numbers, and makes what is published when it is asked for.
 */
export class BucketCounts {
  readonly name: string;
  readonly #help: string;
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  readonly #sums: number[];

  /** @param bounds of the buckets, ascending */
  constructor(name: string, help: string, bounds: readonly number[], registry: Registry) {
    this.name = name;
    this.#help = help;
    this.#bounds = bounds;
    this.#counts = new Array(bounds.length + 1).fill(0);
    this.#sums = new Array(bounds.length + 1).fill(0);
    // What a registry needs of a metric is its name and `get`.
    registry.registerMetric(this as unknown as Metric);
  }

  observe(value: number): void {
    let bucket = 0;
    while (value > (this.#bounds[bucket] ?? Number.POSITIVE_INFINITY)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sums[bucket] = (this.#sums[bucket] ?? 0) + value;
  }

  /** All so far: one bucket for each bound, and one for what is beyond the last. */
  buckets(): Bucket[] {
    return this.#counts.map((count, bucket) => ({ count, sum: this.#sums[bucket] ?? 0 }));
  }

  /** As prom-client's histogram publishes itself. */
  async get(): Promise<object> {
    const bounds = [...this.#bounds, '+Inf'];
    let count = 0;
    const buckets = bounds.map((le, bucket) => {
      count += this.#counts[bucket] ?? 0;
      return { metricName: `${this.name}_bucket`, labels: { le }, value: count };
    });
    return {
      name: this.name,
      help: this.#help,
      type: 'histogram',
      aggregator: 'sum',
      values: [
        ...buckets,
        {
          metricName: `${this.name}_sum`,
          labels: {},
          value: this.#sums.reduce((sum, part) => sum + part, 0),
        },
        { metricName: `${this.name}_count`, labels: {}, value: count },
      ],
    };
  }
}
