import { Duration } from 'aws-cdk-lib';
import { Metric, type MetricOptions, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { Connections, IVpc } from 'aws-cdk-lib/aws-ec2';
import type { Grant } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { IPdp, PdpGrantee } from './pdp.ts';
import { SynthesisError } from './synthesis-error.ts';

/** The namespace of the metrics that tasks write. */
const NAMESPACE = 'ServerlessPdp';

/** Tasks write their metrics once a minute. */
const PERIOD = Duration.minutes(1);

/**
 * A policy decision point whose tasks write metrics to CloudWatch. A period is one minute by default, in which each
 * task writes once; the tasks of one PDP are one metric.
 */
export interface IMonitoredPdp extends IPdp {
  /**
   * How many tasks should be ready at any time: the fewest that its service keeps.
   *
   * @default - it is not known, as of an imported PDP or of a sidecar
   */
  readonly expectedTasks?: number;
  /**
   * The name under which its tasks write metrics, `pdp serve --cloudwatch-metrics`: the dimension `Pdp`.
   *
   * @default - they write none, as another vendor's image, or the name of an imported PDP is not known
   */
  readonly metricsName?: string;
  /**
   * A metric of this PDP by its name in the namespace `ServerlessPdp`.
   *
   * @default statistic: average over one minute
   * @throws SynthesisError when there is no `metricsName`, as all others do
   */
  metric(metricName: string, props?: MetricOptions): Metric;
  /**
   * Decisions made, permits and denials; a batch of ten is ten.
   *
   * @default statistic: sum over one minute, in Count
   */
  metricDecisions(props?: MetricOptions): Metric;
  /**
   * Decisions that were a denial.
   *
   * @default statistic: sum over one minute, in Count
   */
  metricDenials(props?: MetricOptions): Metric;
  /**
   * Policies that erred in a decision and so did not apply. When such a policy is a `forbid`, someone may get in.
   *
   * @default statistic: sum over one minute, in Count
   */
  metricPolicyErrors(props?: MetricOptions): Metric;
  /**
   * Time to make one decision, without HTTP. There is none in a minute without a decision.
   *
   * @default statistic: 99th percentile over one minute, in Microseconds
   */
  metricDecisionTime(props?: MetricOptions): Metric;
  /**
   * HTTP requests answered, with whatever status. Health checks are not counted.
   *
   * @default statistic: sum over one minute, in Count
   */
  metricRequests(props?: MetricOptions): Metric;
  /**
   * HTTP requests answered with a 5xx status: the PDP could not decide, and the caller was denied. Health checks are
   * not counted.
   *
   * @default statistic: sum over one minute, in Count
   */
  metricServerErrors(props?: MetricOptions): Metric;
  /**
   * Loads of the policies that failed: a new revision that does not hold together, or a source that cannot be read.
   *
   * @default statistic: sum over one minute, in Count
   */
  metricFailedReloads(props?: MetricOptions): Metric;
  /**
   * For how long the task that is furthest behind has answered from older policies than its source has, as far as it
   * can tell; 0 when none is behind.
   *
   * @default statistic: maximum over one minute, in Seconds
   */
  metricStaleSeconds(props?: MetricOptions): Metric;
  /**
   * How many tasks are ready. Each writes 1 or 0 in a minute, and the sum over one minute is the number of tasks: so
   * neither statistic nor period can be another.
   *
   * @default statistic: sum over one minute, in Count
   */
  metricReadyTasks(props?: Omit<MetricOptions, 'period' | 'statistic'>): Metric;
  /**
   * Lines of the log, decisions among them, that were lost because whatever takes them is too slow.
   *
   * @default statistic: sum over one minute, in Count
   */
  metricLogLinesDropped(props?: MetricOptions): Metric;
  /**
   * Failures to renew the certificate of the PDP.
   *
   * @default - the PDP has no certificate that the kit renews
   */
  metricCertificateErrors?(props?: MetricOptions): Metric;
}

/** What all PDPs that run as tasks have in common, those of this app and imported ones. */
export abstract class MonitoredPdp extends Construct implements IMonitoredPdp {
  abstract readonly connections?: Connections;
  abstract readonly endpoint?: string;
  abstract readonly vpc?: IVpc;
  abstract readonly environment: Readonly<Record<string, string>>;
  abstract readonly expectedTasks?: number;
  abstract readonly metricsName?: string;

  abstract grantEvaluate(grantee: PdpGrantee): Grant;

  metric(metricName: string, props?: MetricOptions): Metric {
    const { metricsName } = this;
    if (metricsName === undefined) {
      throw new SynthesisError(
        `${this.node.path}: no metrics are known of it; run the kit's image, or import it with its metricsName`,
      );
    }
    return new Metric({
      namespace: NAMESPACE,
      metricName,
      dimensionsMap: { Pdp: metricsName },
      period: PERIOD,
      ...props,
    }).attachTo(this);
  }

  metricDecisions(props?: MetricOptions): Metric {
    return this.#sum('Decisions', props);
  }

  metricDenials(props?: MetricOptions): Metric {
    return this.#sum('Denials', props);
  }

  metricPolicyErrors(props?: MetricOptions): Metric {
    return this.#sum('PolicyErrors', props);
  }

  metricDecisionTime(props?: MetricOptions): Metric {
    return this.metric('DecisionTime', { statistic: Stats.p(99), ...props });
  }

  metricRequests(props?: MetricOptions): Metric {
    return this.#sum('Requests', props);
  }

  metricServerErrors(props?: MetricOptions): Metric {
    return this.#sum('ServerErrors', props);
  }

  metricFailedReloads(props?: MetricOptions): Metric {
    return this.#sum('FailedReloads', props);
  }

  metricStaleSeconds(props?: MetricOptions): Metric {
    return this.metric('StaleSeconds', { statistic: Stats.MAXIMUM, ...props });
  }

  metricReadyTasks(props?: Omit<MetricOptions, 'period' | 'statistic'>): Metric {
    return this.#sum('Ready', { ...props, statistic: Stats.SUM, period: PERIOD });
  }

  metricLogLinesDropped(props?: MetricOptions): Metric {
    return this.#sum('LogLinesDropped', props);
  }

  #sum(metricName: string, props: MetricOptions | undefined): Metric {
    return this.metric(metricName, { statistic: Stats.SUM, ...props });
  }
}
