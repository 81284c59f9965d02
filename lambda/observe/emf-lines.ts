import { embeddedMetrics, type MetricValue, MOST_VALUES } from '../../engine/embedded-metrics.ts';
import type { AddMetric, MetricName, MetricUnit } from './count.ts';
import type { EmfOptions } from './options.ts';

/** Gathers metrics and writes them as one line in CloudWatch's embedded metric format. */
export class EmfLines {
  readonly #where: Required<EmfOptions>;
  readonly #write: (line: string) => void;
  #gathered = new Map<MetricName, { unit: MetricUnit; values: number[] }>();

  constructor(where: Required<EmfOptions>, write: (line: string) => void) {
    this.#where = where;
    this.#write = write;
  }

  readonly add: AddMetric = (name, unit, value) => {
    const known = this.#gathered.get(name);
    if (known === undefined) this.#gathered.set(name, { unit, values: [value] });
    else if (unit === 'Count') known.values = [Number(known.values[0]) + value];
    else known.values.push(value);
    // More of one metric than a line may have: a batch of events, or a host that never flushes.
    if (known?.values.length === MOST_VALUES) this.flush();
  };

  /** Writes what was gathered since the last time, if anything. */
  flush(): void {
    if (this.#gathered.size === 0) return;
    const metrics: Record<string, readonly [MetricUnit, MetricValue]> = {};
    for (const [name, { unit, values }] of this.#gathered) {
      metrics[name] = [unit, unit === 'Count' ? Number(values[0]) : values];
    }
    this.#gathered = new Map();
    const { namespace, dimensions } = this.#where;
    this.#write(JSON.stringify(embeddedMetrics(new Date(), namespace, dimensions, metrics)));
  }
}
