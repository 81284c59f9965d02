import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Seconds. A decision takes from microseconds to some milliseconds. */
const DECISION_BUCKETS = [
  0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1,
];

/** The server's metrics, in a registry of their own, for Prometheus. */
export class Metrics {
  readonly registry = new Registry();
  readonly decisionSeconds: Histogram;
  readonly policyErrors: Counter;
  readonly shadowDifferences: Counter;
  readonly evaluatorBroken: Gauge;
  readonly requestsInFlight: Gauge;
  readonly logLinesDropped: Counter;
  readonly #decisions: Counter<'decision'>;
  readonly #revision: Gauge<'revision'>;
  readonly #activated: Gauge;
  readonly #reloads: Counter<'result'>;
  readonly #requests: Counter<'route' | 'status'>;

  constructor() {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    this.#decisions = new Counter({
      name: 'pdp_decisions_total',
      help: 'Decisions made, by decision: permit or deny. An invalid item of a batch is a deny.',
      labelNames: ['decision'],
      registers,
    });
    this.decisionSeconds = new Histogram({
      name: 'pdp_decision_duration_seconds',
      help: 'Time to make one decision, without HTTP.',
      buckets: DECISION_BUCKETS,
      registers,
    });
    this.policyErrors = new Counter({
      name: 'pdp_policy_errors_total',
      help: 'Policies that erred in a decision and so did not apply.',
      registers,
    });
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
    this.#reloads = new Counter({
      name: 'pdp_bundle_reloads_total',
      help: 'Loads of the source, the first included, by result: success, unchanged or failure.',
      labelNames: ['result'],
      registers,
    });
    this.#requests = new Counter({
      name: 'pdp_http_requests_total',
      help: 'HTTP requests answered, by route and status.',
      labelNames: ['route', 'status'],
      registers,
    });
    this.requestsInFlight = new Gauge({
      name: 'pdp_http_requests_in_flight',
      help: 'HTTP requests under way, health routes apart.',
      registers,
    });
    this.logLinesDropped = new Counter({
      name: 'pdp_log_lines_dropped_total',
      help: 'Log lines dropped because whatever reads standard output is too slow.',
      registers,
    });
    for (const decision of ['permit', 'deny']) this.#decisions.inc({ decision }, 0);
    for (const result of ['success', 'unchanged', 'failure']) this.#reloads.inc({ result }, 0);
  }

  decided(permitted: boolean, seconds: number, policyErrors: number): void {
    this.#decisions.inc({ decision: permitted ? 'permit' : 'deny' });
    this.decisionSeconds.observe(seconds);
    if (policyErrors > 0) this.policyErrors.inc(policyErrors);
  }

  reloaded(result: 'success' | 'unchanged' | 'failure'): void {
    this.#reloads.inc({ result });
  }

  activated(revision: string, at: Date): void {
    this.#revision.reset();
    this.#revision.set({ revision }, 1);
    this.#activated.set(at.getTime() / 1000);
  }

  answered(route: string, status: number): void {
    this.#requests.inc({ route, status });
  }
}
