/**
 * CloudWatch's Embedded Metric Format: a JSON log line in which CloudWatch Logs finds metrics, so that whoever
 * writes it needs no permission and no connection for them. The kit writes it by itself: AWS's library for Node asks
 * for an agent beside a task on ECS and knows no histograms, Powertools' is a dependency that not every function has.
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

/** A metric of one line: a number, up to {@link MOST_VALUES} of them, or how often there was which. */
export type MetricValue = number | readonly number[] | Distribution;

/** Values that one line may have of one metric. */
export const MOST_VALUES = 100;

/** Longest value of a dimension, in characters. */
export const LONGEST_DIMENSION = 1_024;

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
 * Whether CloudWatch takes it as the value of a dimension: ASCII with something to see, no colon first.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html
 */
export function isDimensionValue(text: string): boolean {
  return /^(?!:)[\x20-\x7e]*[\x21-\x7e][\x20-\x7e]*$/.test(text) && text.length <= LONGEST_DIMENSION;
}
