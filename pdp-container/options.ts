import { DEFAULT_ARCHIVE_LIMITS } from '../engine/archive.ts';
import type { PermitTypes } from './permit/mapping.ts';

/** Bounds on what one request, and all of them together, may cost. Past one the answer is a clear 4xx or 503. */
export interface Limits {
  /** Largest request body, in bytes; more is a 413. @default 1048576 */
  bodyBytes: number;
  /** Most items in one batch; more is a 400. @default 1000 */
  batchItems: number;
  /** Deepest nesting of objects and arrays in a body; more is a 400. @default 64 */
  jsonDepth: number;
  /** Largest request line and headers together, in bytes; more is a 431. @default 16384 */
  headerBytes: number;
  /** Time for a whole request to arrive, in milliseconds; more is a 408. @default 15000 */
  requestMs: number;
  /** Time for a request's headers to arrive, in milliseconds; more is a 408. @default 10000 */
  headersMs: number;
  /**
   * How long an idle connection is kept, in milliseconds. It must outlive the idle time-out of a balancer in
   * front (60 s for an Application Load Balancer), or the balancer sends into a closed connection.
   * @default 75000
   */
  keepAliveMs: number;
  /** Most open connections; further ones are closed at once. @default 10000 */
  connections: number;
  /** Most requests under way, health routes apart; more is a 503 with `Retry-After`. @default 1000 */
  concurrency: number;
  /** Time for answering one batch or one search, in milliseconds; more is a 503. @default 5000 */
  answerMs: number;
}

export const DEFAULT_LIMITS: Readonly<Limits> = {
  bodyBytes: 1_048_576,
  batchItems: 1_000,
  jsonDepth: 64,
  headerBytes: 16_384,
  requestMs: 15_000,
  headersMs: 10_000,
  keepAliveMs: 75_000,
  connections: 10_000,
  concurrency: 1_000,
  answerMs: 5_000,
};

/** Bounds on one bundle that is an archive. Past one it is refused, and what is active stays. */
export interface BundleLimits {
  /** Bytes as it is sent. @default 67108864 */
  archiveBytes: number;
  /** Bytes unpacked. @default 268435456 */
  unpackedBytes: number;
  /** Files and directories in it. @default 10000 */
  files: number;
}

export const DEFAULT_BUNDLE_LIMITS: Readonly<BundleLimits> = {
  archiveBytes: DEFAULT_ARCHIVE_LIMITS.packedBytes,
  unpackedBytes: DEFAULT_ARCHIVE_LIMITS.bytes,
  files: DEFAULT_ARCHIVE_LIMITS.files,
};

/** Which decisions are logged. */
export const DECISION_LOG_MODES = ['off', 'denied', 'all'] as const;
export type DecisionLogMode = (typeof DECISION_LOG_MODES)[number];

/** What evaluates policies: the compiled engine, or the official WebAssembly build it is held to. */
export const EVALUATORS = ['compiled', 'wasm'] as const;
export type EvaluatorName = (typeof EVALUATORS)[number];

/** Where log lines go, one JSON record a call, each ending in a newline. */
export interface LogDestination {
  write(line: string): void;
}

/** What a PDP server is started with. */
export interface ServeOptions {
  /**
   * Where the bundle comes from: a directory or a `.tar.gz` file, both watched, or an address. Several are layers of
   * one bundle: each adds to those before it.
   */
  source: string | readonly string[];
  /**
   * What sources over HTTPS are asked with, as `Authorization: Bearer`, each at the position of its source. It is sent
   * to no other origin.
   *
   * @default none
   */
  sourceTokens?: readonly (string | undefined)[];
  /**
   * Public keys in PEM (Ed25519, P-256 or P-384), or the path of a file of them. Each source must then be an archive
   * with a signature for one of them.
   *
   * @default signatures are not looked at
   */
  verifyKeys?: string | undefined;
  /** Take a publication that is older than the one that ran before. @default false */
  allowOlder?: boolean;
  bundleLimits?: Partial<BundleLimits>;
  /**
   * A directory of this server's own. What sources over a network had last is kept there, and served after a restart
   * for as long as one of them has nothing that can be; and so is which publications they may not be older than.
   *
   * @default nothing is kept
   */
  stateDir?: string | undefined;
  /** @default '127.0.0.1' */
  host?: string;
  /** 0 picks a free one. @default 7000 */
  port?: number;
  /** Where OPA's REST API is answered, on the same host; 0 picks a free one. @default it is not */
  opaPort?: number | undefined;
  /** The base URL that clients know the PDP by, for discovery. @default from the request's host and protocol */
  publicUrl?: string;
  /** PEM files; they are read again when they change. @default plain HTTP */
  tls?: TlsOptions;
  /** The key that callers must send as `Authorization: Bearer`. @default none is asked for */
  apiKey?: string;
  /**
   * What a Git host signs its webhooks with, at least 16 characters: `POST /policy-updater/webhook` then asks every
   * source at once.
   * @default it is not there
   */
  webhookSecret?: string | undefined;
  /** The header in which a proxy names the user, for `/authz/request`. @default 'X-PDP-Subject' */
  proxySubjectHeader?: string;
  /** The Cedar types that stand for Permit's users, tenants and roles. @default 'user', 'tenant' and 'role' */
  permitTypes?: Partial<PermitTypes>;
  /**
   * Take the key of Permit's `/allowed/all-tenants` from its body, where the Node SDK's `checkAllTenants` puts it.
   * @default false
   */
  permitKeyInBody?: boolean;
  /** @default 'all' */
  decisionLog?: DecisionLogMode;
  /** Log properties and context of requests too. They may be personal data. @default false */
  decisionLogAttributes?: boolean;
  /**
   * The name under which metrics are written to the log, once a minute, for CloudWatch: the value of the dimension
   * `Pdp` in the namespace `ServerlessPdp`. Tasks of one PDP have one name.
   * @default they are not
   */
  cloudwatchMetrics?: string | undefined;
  /** @default 'compiled' */
  evaluator?: EvaluatorName;
  /**
   * Evaluate on both, answer from the compiled engine, count and log differences. Many times slower.
   * @default false
   */
  shadow?: boolean;
  limits?: Partial<Limits>;
  /** How long an orderly stop goes on answering while unready, in milliseconds. @default 5000 */
  drainMs?: number;
  /** How long a stop waits for requests under way after that, in milliseconds. @default 10000 */
  stopMs?: number;
  /** How often files are looked at for changes, in milliseconds; 0 never. @default 200 */
  reloadMs?: number;
  /**
   * How often a source over a network is asked, in milliseconds, give or take a tenth; 0 never again once it has
   * answered.
   *
   * @default 10000
   */
  refreshMs?: number;
  /** @default standard output */
  log?: LogDestination;
}

/** Each a PEM file, which is watched, or the PEM text itself, as a secret that a task is started with is. */
export interface TlsOptions {
  /** The certificate and its chain. */
  cert: string;
  /** The private key. */
  key: string;
}

export const DEFAULT_HOST = '127.0.0.1';
export const DEFAULT_PORT = 7000;
/** Of the command; OPA's own, which Permit's SDKs take for given. */
export const DEFAULT_OPA_PORT = 8181;
export const DEFAULT_SUBJECT_HEADER = 'X-PDP-Subject';
export const DEFAULT_DRAIN_MS = 5_000;
export const DEFAULT_STOP_MS = 10_000;
export const DEFAULT_RELOAD_MS = 200;
