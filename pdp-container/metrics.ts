import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { type Bucket, BucketCounts } from './bucket-counts.ts';
import { HEALTH_ROUTES } from './health.ts';

/** Seconds. A decision takes from microseconds to some milliseconds. */
const DECISION_BUCKETS = [
  0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1,
];

/** What was counted since the server was made. */
export interface Totals {
  readonly decisions: number;
  readonly denials: number;
  readonly policyErrors: number;
  /** HTTP requests answered, health routes apart. */
  readonly requests: number;
  /** Those of them that were answered with a 5xx status. */
  readonly serverErrors: number;
  readonly failedReloads: number;
  readonly logLinesDropped: number;
  /** Seconds that decisions took. */
  readonly decisionSeconds: readonly Bucket[];
}

/**
 * The server's metrics, in a registry of their own, for Prometheus. What is counted at every request is kept in plain
 * numbers and published when asked for: a counter with labels looks them up each time.
 */
export class Metrics {
  readonly registry = new Registry();
  readonly shadowDifferences: Counter;
  readonly evaluatorBroken: Gauge;
  readonly requestsInFlight: Gauge;
  readonly #decisionSeconds: BucketCounts;
  readonly #revision: Gauge<'revision'>;
  readonly #activated: Gauge;
  readonly #decisions = { permit: 0, deny: 0 };
  readonly #reloads = { success: 0, unchanged: 0, failure: 0 };
  /** By the position of the source, from 0. */
  readonly #sourceFailures = new Map<number, number>();
  #sources: () => readonly { checkedAt: Date | undefined }[] = () => [];
  #kept = () => false;
  #keepFailures = 0;
  #policyErrors = 0;
  #logLinesDropped = 0;
  /** By route and status. */
  readonly #requests = new Map<string, Map<number, number>>();

  constructor() {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    this.#counter(
      'pdp_decisions_total',
      'Decisions made, by decision: permit or deny. An invalid item of a batch is a deny.',
      ['decision'],
      () => Object.entries(this.#decisions).map(([decision, count]) => [{ decision }, count]),
    );
    this.#decisionSeconds = new BucketCounts(
      'pdp_decision_duration_seconds',
      'Time to make one decision, without HTTP.',
      DECISION_BUCKETS,
      this.registry,
    );
    this.#counter(
      'pdp_policy_errors_total',
      'Policies that erred in a decision and so did not apply.',
      [],
      () => [[{}, this.#policyErrors]],
    );
    this.shadowDifferences = new Counter({
      name: 'pdp_shadow_differences_total',
      help: 'Decisions in which the two evaluators differed; counted with --shadow only.',
      registers,
    });
    this.evaluatorBroken = new Gauge({
      name: 'pdp_evaluator_broken',
      help: '1 once the evaluator can no longer decide anything: the process must be replaced.',
      registers,
    });
    this.#revision = new Gauge({
      name: 'pdp_bundle_info',
      help: 'The active revision, in a label; the value is 1.',
      labelNames: ['revision'],
      registers,
    });
    this.#activated = new Gauge({
      name: 'pdp_bundle_activated_timestamp_seconds',
      help: 'When the active revision became active, in seconds since 1970.',
      registers,
    });
    this.#counter(
      'pdp_bundle_reloads_total',
      'Loads of the source, the first included, by result: success, unchanged or failure.',
      ['result'],
      () => Object.entries(this.#reloads).map(([result, count]) => [{ result }, count]),
    );
    this.#counter(
      'pdp_source_failures_total',
      'Questions to a source over a network that were not answered, by the position of the source, from 1.',
      ['source'],
      () => this.#sources().map((_, index) => [{ source: index + 1 }, this.#sourceFailures.get(index) ?? 0]),
    );
    this.#gauge(
      'pdp_source_last_check_timestamp_seconds',
      'When a source last said what it has, by its position, from 1, in seconds since 1970.',
      ['source'],
      () =>
        this.#sources().flatMap(({ checkedAt }, index) =>
          checkedAt === undefined ? [] : [[{ source: index + 1 }, checkedAt.getTime() / 1000]],
        ),
    );
    this.#gauge(
      'pdp_bundle_kept',
      '1 while the active revision is the one that was kept on disk, and no source has confirmed it.',
      [],
      () => [[{}, this.#kept() ? 1 : 0]],
    );
    this.#counter(
      'pdp_bundle_keep_failures_total',
      'Times that the last good bundle could not be kept on disk.',
      [],
      () => [[{}, this.#keepFailures]],
    );
    this.#counter(
      'pdp_http_requests_total',
      'HTTP requests answered, by route and status.',
      ['route', 'status'],
      () => this.#answers().map(({ route, status, count }) => [{ route, status }, count]),
    );
    this.requestsInFlight = new Gauge({
      name: 'pdp_http_requests_in_flight',
      help: 'HTTP requests under way, health routes apart.',
      registers,
    });
    this.#counter(
      'pdp_log_lines_dropped_total',
      'Log lines dropped because whatever reads standard output is too slow.',
      [],
      () => [[{}, this.#logLinesDropped]],
    );
  }

  decided(permitted: boolean, seconds: number, policyErrors: number): void {
    this.#decisions[permitted ? 'permit' : 'deny'] += 1;
    this.#decisionSeconds.observe(seconds);
    this.#policyErrors += policyErrors;
  }

  reloaded(result: 'success' | 'unchanged' | 'failure'): void {
    this.#reloads[result] += 1;
  }

  activated(revision: string, at: Date): void {
    this.#revision.reset();
    this.#revision.set({ revision }, 1);
    this.#activated.set(at.getTime() / 1000);
  }

  /** Has the state of sources, and whether what is active is a kept copy, looked up when it is asked for. */
  watch(sources: () => readonly { checkedAt: Date | undefined }[], kept: () => boolean): void {
    this.#sources = sources;
    this.#kept = kept;
  }

  /** @param index of the source, from 0 */
  sourceFailed(index: number): void {
    this.#sourceFailures.set(index, (this.#sourceFailures.get(index) ?? 0) + 1);
  }

  notKept(): void {
    this.#keepFailures += 1;
  }

  answered(route: string, status: number): void {
    let statuses = this.#requests.get(route);
    if (statuses === undefined) {
      statuses = new Map();
      this.#requests.set(route, statuses);
    }
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  logLineDropped(): void {
    this.#logLinesDropped += 1;
  }

  totals(): Totals {
    const answers = this.#answers().filter(({ route }) => !HEALTH_ROUTES.has(route));
    const { permit, deny } = this.#decisions;
    return {
      decisions: permit + deny,
      denials: deny,
      policyErrors: this.#policyErrors,
      requests: total(answers),
      serverErrors: total(answers.filter(({ status }) => status >= 500)),
      failedReloads: this.#reloads.failure,
      logLinesDropped: this.#logLinesDropped,
      decisionSeconds: this.#decisionSeconds.buckets(),
    };
  }

  #answers(): { route: string; status: number; count: number }[] {
    return [...this.#requests].flatMap(([route, statuses]) =>
      [...statuses].map(([status, count]) => ({ route, status, count })),
    );
  }

  /** Publishes counts that are kept elsewhere. */
  #counter<Label extends string>(
    name: string,
    help: string,
    labelNames: Label[],
    counts: () => Series<Label>,
  ): void {
    new Counter({
      name,
      help,
      labelNames,
      registers: [this.registry],
      collect() {
        this.reset();
        for (const [labels, count] of counts()) this.inc(labels, count);
      },
    });
  }

  /** As {@link #counter}, for what may also become less. */
  #gauge<Label extends string>(
    name: string,
    help: string,
    labelNames: Label[],
    values: () => Series<Label>,
  ): void {
    new Gauge({
      name,
      help,
      labelNames,
      registers: [this.registry],
      collect() {
        this.reset();
        for (const [labels, value] of values()) this.set(labels, value);
      },
    });
  }
}

type Series<Label extends string> = [Partial<Record<Label, string | number>>, number][];

function total(answers: { count: number }[]): number {
  return answers.reduce((sum, { count }) => sum + count, 0);
}
