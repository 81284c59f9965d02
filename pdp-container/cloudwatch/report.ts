import type { Logger } from 'pino';
import {
  type EmbeddedMetrics,
  embeddedMetrics,
  isDimensionValue,
  LONGEST_DIMENSION,
} from '../../engine/embedded-metrics.ts';
import { ConfigurationError } from '../../engine/index.ts';
import type { Bucket } from '../bucket-counts.ts';
import type { Clock } from '../clock.ts';
import { type HealthState, isReady } from '../health.ts';
import type { Metrics, Totals } from '../metrics.ts';
import { distribution } from './distribution.ts';

const NAMESPACE = 'ServerlessPdp';
const DIMENSION = 'Pdp';

/** CloudWatch's finest period for metrics that are not paid extra. */
const PERIOD_MS = 60_000;

const MICROSECONDS = 1e6;

/**
 * Writes the server's metrics to the log for CloudWatch, what was counted since the last time, under the name that
 * all tasks of one PDP share. Nothing in them is of a request: no subject, resource or policy.
 */
export class CloudWatchReport {
  readonly #name: string;
  readonly #metrics: Metrics;
  readonly #health: HealthState;
  readonly #logger: Logger;
  readonly #clock: Clock;
  #reported: Totals;
  #stop: (() => void) | undefined;

  /** @throws ConfigurationError when CloudWatch would not take the name */
  constructor(name: string, metrics: Metrics, health: HealthState, logger: Logger, clock: Clock) {
    this.#name = parseName(name);
    this.#metrics = metrics;
    this.#health = health;
    this.#logger = logger;
    this.#clock = clock;
    this.#reported = metrics.totals();
  }

  /** Writes one line in each minute. */
  start(): void {
    this.#stop = this.#clock.every(PERIOD_MS, () => this.#write());
  }

  /** Writes what is not written yet, and no more. */
  end(): void {
    if (this.#stop === undefined) return;
    this.#stop();
    this.#write();
  }

  #write(): void {
    const totals = this.#metrics.totals();
    const line = this.#line(since(this.#reported, totals));
    this.#reported = totals;
    // The line has the log's own fields too, which the format lets pass: one destination, one order, one form.
    this.#logger.info(line, 'metrics');
  }

  #line(counts: Totals): EmbeddedMetrics {
    const now = this.#clock.now();
    return embeddedMetrics(
      now,
      NAMESPACE,
      { [DIMENSION]: this.#name },
      {
        Decisions: ['Count', counts.decisions],
        Denials: ['Count', counts.denials],
        PolicyErrors: ['Count', counts.policyErrors],
        DecisionTime: ['Microseconds', distribution(counts.decisionSeconds.map(inMicroseconds))],
        Requests: ['Count', counts.requests],
        ServerErrors: ['Count', counts.serverErrors],
        FailedReloads: ['Count', counts.failedReloads],
        LogLinesDropped: ['Count', counts.logLinesDropped],
        Ready: ['Count', isReady(this.#health) ? 1 : 0],
        StaleSeconds: ['Seconds', secondsBetween(this.#health.active.staleSince, now)],
      },
    );
  }
}

function since(before: Totals, now: Totals): Totals {
  return {
    decisions: now.decisions - before.decisions,
    denials: now.denials - before.denials,
    policyErrors: now.policyErrors - before.policyErrors,
    requests: now.requests - before.requests,
    serverErrors: now.serverErrors - before.serverErrors,
    failedReloads: now.failedReloads - before.failedReloads,
    logLinesDropped: now.logLinesDropped - before.logLinesDropped,
    decisionSeconds: now.decisionSeconds.map(({ count, sum }, bucket) => {
      const then = before.decisionSeconds[bucket] ?? { count: 0, sum: 0 };
      return { count: count - then.count, sum: sum - then.sum };
    }),
  };
}

function inMicroseconds({ count, sum }: Bucket): Bucket {
  return { count, sum: sum * MICROSECONDS };
}

function secondsBetween(from: Date | undefined, to: Date): number {
  if (from === undefined) return 0;
  return Math.max(0, Math.round((to.getTime() - from.getTime()) / 1000));
}

function parseName(name: string): string {
  if (isDimensionValue(name)) return name;
  throw new ConfigurationError(
    `cloudwatch-metrics '${name}' is no value of a CloudWatch dimension: give up to ${LONGEST_DIMENSION} characters of ASCII, none of them a control character and the first no ':'`,
  );
}
