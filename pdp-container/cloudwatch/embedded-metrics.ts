import type { Bucket } from '../bucket-counts.ts';

/**
 * CloudWatch's Embedded Metric Format: a JSON log line in which CloudWatch Logs finds metrics, so that a task needs
 * no permission and no connection of its own for them. The kit writes it by itself: AWS's library for Node asks for
 * an agent beside the task on ECS and knows no histograms, Powertools' is for functions.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export interface EmbeddedMetrics {
  readonly _aws: {
    /** Milliseconds since 1970. */
    readonly Timestamp: number;
    readonly CloudWatchMetrics: {
      readonly Namespace: string;
      readonly Dimensions: string[][];
      readonly Metrics: { readonly Name: string; readonly Unit: Unit }[];
    }[];
  };
  /** The values of dimensions and metrics, by name. */
  readonly [name: string]: unknown;
}

export type Unit = 'Count' | 'Microseconds' | 'Seconds' | 'None';

/** A metric of one line: a number, or how often there was which. */
export type MetricValue = number | Distribution;

/**
 * Values and how often there was each: what percentiles are made of. The specification does not name this form; it is
 * what AWS's own exporters write, and `Count` and `Sum` go with it.
 *
 * @see https://github.com/awslabs/aws-embedded-metrics-java (HistogramMetric)
 * @see https://github.com/open-telemetry/opentelemetry-collector-contrib (awsemfexporter)
 */
export interface Distribution {
  readonly Values: number[];
  readonly Counts: number[];
  readonly Min: number;
  readonly Max: number;
  readonly Count: number;
  readonly Sum: number;
}

/** A metric without a value is left out: there was nothing to measure. */
export function embeddedMetrics(
  at: Date,
  namespace: string,
  dimensions: Readonly<Record<string, string>>,
  metrics: Readonly<Record<string, readonly [Unit, MetricValue | undefined]>>,
): EmbeddedMetrics {
  const measured = Object.entries(metrics).filter(([, [, value]]) => value !== undefined);
  return {
    _aws: {
      Timestamp: at.getTime(),
      CloudWatchMetrics: [
        {
          Namespace: namespace,
          Dimensions: [Object.keys(dimensions)],
          Metrics: measured.map(([name, [unit]]) => ({ Name: name, Unit: unit })),
        },
      ],
    },
    ...dimensions,
    ...Object.fromEntries(measured.map(([name, [, value]]) => [name, value])),
  };
}

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
