import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { ActiveRevision } from './active-revision.ts';
import { parsePublicUrl } from './authzen/discovery.ts';
import { type Clock, systemClock } from './clock.ts';
import { CloudWatchReport } from './cloudwatch/report.ts';
import { Decider } from './decider.ts';
import { DecisionLog } from './decision-log.ts';
import { chosenEvaluator } from './evaluator.ts';
import { EvaluatorGuard } from './evaluator-guard.ts';
import type { HealthState } from './health.ts';
import { createApp } from './http/app.ts';
import { bearerAuthentication } from './http/authentication.ts';
import { InFlight } from './http/in-flight.ts';
import { readCredentials } from './http/tls.ts';
import { CertificateWatch } from './http/tls-reload.ts';
import { listen } from './listen.ts';
import { type Log, openLog } from './log.ts';
import { Metrics } from './metrics.ts';
import { createOpaApp } from './opa/app.ts';
import {
  DEFAULT_DRAIN_MS,
  DEFAULT_HOST,
  DEFAULT_LIMITS,
  DEFAULT_PORT,
  DEFAULT_RELOAD_MS,
  DEFAULT_STOP_MS,
  DEFAULT_SUBJECT_HEADER,
  type ServeOptions,
} from './options.ts';
import { parsePermitTypes } from './permit/types.ts';
import { parseSubjectHeader } from './proxy/subject.ts';
import { bundleRules } from './source/bundle-rules.ts';
import { Keeper } from './source/keeper.ts';
import type { SourceState } from './source/layer-states.ts';
import { Reloader } from './source/reloader.ts';
import { openSources } from './source/source.ts';
import { optionalSecret } from './webhook/proof.ts';

/** How often connections that have become idle are closed while stopping, in milliseconds. */
const IDLE_SWEEP_MS = 50;

/** One PDP server, from listening to having stopped. */
export class PdpServer implements HealthState {
  readonly active = new ActiveRevision();
  readonly startedAt = new Date();
  readonly log: Log;
  readonly #metrics = new Metrics();
  readonly #options: ServeOptions;
  readonly #clock: Clock;
  readonly #guard = new EvaluatorGuard((error) => {
    this.#metrics.evaluatorBroken.set(1);
    this.log.logger.fatal({ err: error }, 'evaluator broken');
  });
  /** Those that listen. */
  readonly #apps: FastifyInstance[] = [];
  #reloader: Reloader | undefined;
  #certificates: CertificateWatch | undefined;
  #report: CloudWatchReport | undefined;
  #keepProblem: string | undefined;
  #url = '';
  #opaUrl: string | undefined;
  #draining = false;
  #closing: Promise<void> | undefined;
  /** Ends the wait for clients to go elsewhere. */
  #hurry = () => {};

  constructor(options: ServeOptions, clock: Clock = systemClock) {
    this.#options = options;
    this.#clock = clock;
    this.#metrics.watch(
      () => this.sources,
      () => this.active.kept,
    );
    this.log = openLog(options.log, () => this.#metrics.logLineDropped());
  }

  /** Where it answers; a wildcard address is told as loopback. Empty until it listens. */
  get url(): string {
    return this.#url;
  }

  /** The same of the OPA port, if there is one. */
  get opaUrl(): string | undefined {
    return this.#opaUrl;
  }

  get draining(): boolean {
    return this.#draining;
  }

  get broken(): boolean {
    return this.#guard.broken;
  }

  get sources(): readonly SourceState[] {
    return this.#reloader?.sources ?? [];
  }

  get confirmedAt(): Date | undefined {
    return this.#reloader?.confirmedAt;
  }

  get keepProblem(): string | undefined {
    return this.#keepProblem;
  }

  /**
   * Listens, then loads the first revision. Resolves after that load: a source that is there but not valid
   * leaves the server up and unready, and is loaded again when it changes.
   *
   * @throws ConfigurationError when an option is wrong or the source is not there
   * @throws ListenError when the address cannot be listened on
   */
  async start(): Promise<void> {
    const {
      host = DEFAULT_HOST,
      port = DEFAULT_PORT,
      opaPort,
      apiKey,
      tls,
      reloadMs = DEFAULT_RELOAD_MS,
    } = this.#options;
    const limits = { ...DEFAULT_LIMITS, ...this.#options.limits };
    const { logger } = this.log;
    const authenticate = bearerAuthentication(apiKey);
    const publicUrl =
      this.#options.publicUrl === undefined ? undefined : parsePublicUrl(this.#options.publicUrl);
    const webhookSecret = optionalSecret(this.#options.webhookSecret);
    const rules = await bundleRules(this.#options);
    const layers = await openSources(this.#options);
    const credentials = tls === undefined ? undefined : await readCredentials(tls);
    const subjectHeader = parseSubjectHeader(this.#options.proxySubjectHeader ?? DEFAULT_SUBJECT_HEADER);
    const types = parsePermitTypes(this.#options.permitTypes);
    this.#report = this.#newReport();
    const log = new DecisionLog(
      logger,
      this.#options.decisionLog ?? 'all',
      this.#options.decisionLogAttributes ?? false,
    );
    const parts = {
      active: this.active,
      decider: new Decider(this.#metrics, log),
      metrics: this.#metrics,
      logger,
      limits,
      inFlight: new InFlight(limits.concurrency, this.#metrics.requestsInFlight),
      authenticate,
      health: this,
      credentials,
      types,
    };
    const keyInBody = this.#options.permitKeyInBody ?? false;
    const reload = async () => (await this.#reloader?.reload()) ?? false;
    const opa = opaPort === undefined ? undefined : createOpaApp(parts);
    const app = createApp({ ...parts, publicUrl, subjectHeader, keyInBody, reload, webhookSecret, opa });
    const url = await this.#listen(app, port, '--port');
    if (opa !== undefined && opaPort !== undefined) {
      this.#opaUrl = await this.#listen(opa, opaPort, '--opa-port');
    }
    this.#url = url;
    logger.info(
      { url, opaUrl: this.#opaUrl, host, source: layers.map(({ name }) => name).join(', ') },
      'listening',
    );
    this.#report?.start();
    if (apiKey === undefined && !isLoopback(host)) {
      logger.warn({ host }, 'PDP_API_KEY is not set: whoever reaches this address may ask');
    }
    if (tls !== undefined && reloadMs > 0) {
      this.#certificates = new CertificateWatch(
        this.#apps.map(({ server }) => server),
        tls,
        logger,
      );
      await this.#certificates.start();
    }
    this.#reloader = new Reloader(layers, {
      active: this.active,
      metrics: this.#metrics,
      logger,
      evaluator: this.#guard.watching(chosenEvaluator(this.#options, this.#metrics, logger)),
      rules,
      keeper: this.#newKeeper(),
    });
    await this.#reloader.start();
  }

  /**
   * Stops in order: unready at once; goes on answering for `drainMs`; then takes no more connections and waits up
   * to `stopMs` for requests under way. A later call with less to wait shortens the first.
   */
  close(drainMs = this.#options.drainMs ?? DEFAULT_DRAIN_MS): Promise<void> {
    if (drainMs === 0) this.#hurry();
    this.#closing ??= this.#close(drainMs);
    return this.#closing;
  }

  async #close(drainMs: number): Promise<void> {
    this.#draining = true;
    const started = this.#url !== '';
    if (started) {
      this.log.logger.info({ milliseconds: drainMs }, 'draining');
      if (drainMs > 0) await this.#drain(drainMs);
    }
    await Promise.all(this.#apps.map((app) => this.#stopListening(app)));
    await Promise.all([this.#reloader?.stop(), this.#certificates?.stop()]);
    this.#report?.end();
    this.#metrics.registry.clear();
    if (started) this.log.logger.info('stopped');
    await this.log.end();
  }

  #newKeeper(): Keeper | undefined {
    const { stateDir } = this.#options;
    if (stateDir === undefined) return undefined;
    return new Keeper(stateDir, {
      kept: () => {
        this.#keepProblem = undefined;
      },
      failed: (reason) => {
        this.#keepProblem = reason;
        this.#metrics.notKept();
        this.log.logger.error({ stateDir, reason }, 'revision not kept');
      },
    });
  }

  #newReport(): CloudWatchReport | undefined {
    const { cloudwatchMetrics: name } = this.#options;
    if (name === undefined) return undefined;
    return new CloudWatchReport(name, this.#metrics, this, this.log.logger, this.#clock);
  }

  /** @returns where it answers */
  async #listen(app: FastifyInstance, port: number, option: '--port' | '--opa-port'): Promise<string> {
    const { host = DEFAULT_HOST, tls } = this.#options;
    await listen(app, host, port, option);
    this.#apps.push(app);
    return urlOf(app.server.address() as AddressInfo, tls !== undefined);
  }

  #drain(drainMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, drainMs);
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #stopListening(app: FastifyInstance): Promise<void> {
    const { server } = app;
    const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS);
    const cut = setTimeout(() => {
      this.log.logger.warn('requests still under way are cut off');
      server.closeAllConnections();
    }, this.#options.stopMs ?? DEFAULT_STOP_MS);
    await app.close();
    clearInterval(sweep);
    clearTimeout(cut);
  }
}

function urlOf({ address, family, port }: AddressInfo, secure: boolean): string {
  const reachable = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address;
  const host = family === 'IPv6' && reachable.includes(':') ? `[${reachable}]` : reachable;
  return `${secure ? 'https' : 'http'}://${host}:${port}`;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
