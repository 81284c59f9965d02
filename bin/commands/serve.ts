import { Command, InvalidArgumentError, Option } from 'commander';
import {
  DECISION_LOG_MODES,
  DEFAULT_BUNDLE_LIMITS,
  DEFAULT_DRAIN_MS,
  DEFAULT_HOST,
  DEFAULT_LIMITS,
  DEFAULT_OPA_PORT,
  DEFAULT_PORT,
  DEFAULT_RELOAD_MS,
  DEFAULT_STOP_MS,
  DEFAULT_SUBJECT_HEADER,
  type DecisionLogMode,
  EVALUATORS,
  type EvaluatorName,
  type ServeOptions,
} from '../../pdp-container/options.ts';
import { DEFAULT_PERMIT_TYPES } from '../../pdp-container/permit/mapping.ts';
import { DEFAULT_REFRESH_MS } from '../../pdp-container/source/poller.ts';
import { UsageError } from '../terminal/exit.ts';
import { linesOf } from '../terminal/source.ts';
import { sourceTokens } from '../terminal/source-tokens.ts';

interface Flags {
  host: string;
  port: number;
  opaPort: number | 'off';
  publicUrl?: string;
  tlsCert?: string;
  tlsKey?: string;
  proxySubjectHeader: string;
  permitUserType: string;
  permitTenantType: string;
  permitRoleType: string;
  permitKeyInBody: boolean;
  decisionLog: DecisionLogMode;
  decisionLogAttributes: boolean;
  cloudwatchMetrics?: string;
  evaluator: EvaluatorName;
  shadow: boolean;
  bodyLimit: number;
  batchLimit: number;
  depthLimit: number;
  headerLimit: number;
  requestTimeout: number;
  headerTimeout: number;
  keepAliveTimeout: number;
  answerTimeout: number;
  maxConnections: number;
  maxConcurrency: number;
  drainSeconds: number;
  stopSeconds: number;
  reloadInterval: number;
  refreshInterval: number;
  stateDir?: string;
  verifyKey?: string;
  allowOlder: boolean;
  bundleLimit: number;
  unpackedLimit: number;
  fileLimit: number;
}

const ENVIRONMENT_HELP = `
Environment:
  Every option has a variable of the same name: --port is PDP_PORT. An option given wins over its variable.
  PDP_SOURCE            SOURCE, one a line
  PDP_SOURCE_TOKEN      sent to the SOURCE over HTTPS; with several, PDP_SOURCE_TOKEN_1 to the first SOURCE, and so on
  PDP_API_KEY           the key that callers must send as "Authorization: Bearer"; health routes need none
  PDP_WEBHOOK_SECRET    what a Git host signs its webhooks with: takes them at /policy-updater/webhook
  PDP_EXIT_WITH_PARENT  1: stop when standard input ends

Signals:
  SIGTERM  unready at once, goes on answering for --drain-seconds, then stops
  SIGINT   stops without draining (Ctrl-C)
  A second one ends the process at once.`;

/** `pdp serve [SOURCE...]`: the PDP over HTTP, from where its bundle is, until it is told to stop. */
export function serveCommand(): Command {
  return new Command('serve')
    .description(
      "serve decisions over HTTP from a bundle: AuthZEN 1.0, Permit's PDP API, OPA's data API, health routes and metrics",
    )
    .argument(
      '[SOURCE...]',
      'the bundle: a directory or a .tar.gz file, watched for changes, or an https://, s3://, git+https:// or ' +
        'git+ssh:// address; several are layers, each adding to those before it (env: PDP_SOURCE)',
    )
    .addOption(text('--host <address>', 'address to listen on', DEFAULT_HOST))
    .addOption(whole('--port <number>', 'port to listen on; 0 picks a free one', DEFAULT_PORT, 0, 65_535))
    .addOption(opaPort())
    .addOption(
      text(
        '--public-url <url>',
        'base URL that clients know this PDP by, for discovery; AuthZEN asks for https',
      ),
    )
    .addOption(text('--tls-cert <file>', 'certificate chain in PEM, a file or the text itself: serve HTTPS'))
    .addOption(text('--tls-key <file>', 'its private key in PEM, a file or the text itself'))
    .addOption(
      text('--proxy-subject-header <name>', 'header in which a proxy names the user', DEFAULT_SUBJECT_HEADER),
    )
    .addOption(text('--permit-user-type <type>', "Cedar type of Permit's users", DEFAULT_PERMIT_TYPES.user))
    .addOption(
      text('--permit-tenant-type <type>', "Cedar type of Permit's tenants", DEFAULT_PERMIT_TYPES.tenant),
    )
    .addOption(text('--permit-role-type <type>', "Cedar type of Permit's roles", DEFAULT_PERMIT_TYPES.role))
    .addOption(
      flag(
        '--permit-key-in-body [boolean]',
        "take checkAllTenants' key from where Permit's Node SDK puts it",
      ),
    )
    .addOption(
      withVariable(new Option('--decision-log <mode>', 'decisions to log'))
        .choices(DECISION_LOG_MODES)
        .default('all'),
    )
    .addOption(flag('--decision-log-attributes [boolean]', 'log properties and context too'))
    .addOption(
      text(
        '--cloudwatch-metrics <name>',
        'log metrics for CloudWatch once a minute, of the PDP of this name',
      ),
    )
    .addOption(
      withVariable(new Option('--evaluator <name>', 'what evaluates policies'))
        .choices(EVALUATORS)
        .default('compiled'),
    )
    .addOption(flag('--shadow [boolean]', 'evaluate on both, answer from compiled, log differences'))
    .addOption(whole('--body-limit <bytes>', 'largest body (413)', DEFAULT_LIMITS.bodyBytes))
    .addOption(whole('--batch-limit <items>', 'most items in one batch (400)', DEFAULT_LIMITS.batchItems))
    .addOption(whole('--depth-limit <levels>', 'deepest nesting of a body (400)', DEFAULT_LIMITS.jsonDepth))
    .addOption(whole('--header-limit <bytes>', 'largest headers (431)', DEFAULT_LIMITS.headerBytes, 1_024))
    .addOption(seconds('--request-timeout', 'time for a request to arrive (408)', DEFAULT_LIMITS.requestMs))
    .addOption(seconds('--header-timeout', 'time for its headers to arrive (408)', DEFAULT_LIMITS.headersMs))
    .addOption(
      seconds('--keep-alive-timeout', 'time an idle connection is kept open', DEFAULT_LIMITS.keepAliveMs),
    )
    .addOption(
      seconds('--answer-timeout', 'time to answer one batch or search (503)', DEFAULT_LIMITS.answerMs),
    )
    .addOption(whole('--max-connections <number>', 'most open connections', DEFAULT_LIMITS.connections))
    .addOption(
      whole('--max-concurrency <number>', 'most requests under way (503)', DEFAULT_LIMITS.concurrency),
    )
    .addOption(seconds('--drain-seconds', 'time SIGTERM leaves clients to go elsewhere', DEFAULT_DRAIN_MS, 0))
    .addOption(seconds('--stop-seconds', 'time requests under way then have to end', DEFAULT_STOP_MS, 0))
    .addOption(
      whole(
        '--reload-interval <ms>',
        'how often to look for changes of SOURCE; 0 never',
        DEFAULT_RELOAD_MS,
        0,
      ),
    )
    .addOption(
      seconds(
        '--refresh-interval',
        'how often to ask a SOURCE over a network, give or take a tenth; 0 never again',
        DEFAULT_REFRESH_MS,
        0,
      ),
    )
    .addOption(
      text(
        '--state-dir <directory>',
        'keep here what SOURCEs over a network had last, and serve it after a restart while they have nothing good',
      ),
    )
    .addOption(
      text(
        '--verify-key <file>',
        'public keys in PEM, a file or the text itself: take only archives signed for one of them',
      ),
    )
    .addOption(flag('--allow-older [boolean]', 'take a publication older than the one that ran'))
    .addOption(whole('--bundle-limit <bytes>', 'largest archive', DEFAULT_BUNDLE_LIMITS.archiveBytes))
    .addOption(whole('--unpacked-limit <bytes>', 'the same unpacked', DEFAULT_BUNDLE_LIMITS.unpackedBytes))
    .addOption(whole('--file-limit <number>', 'most files of an archive', DEFAULT_BUNDLE_LIMITS.files))
    .addHelpText('after', ENVIRONMENT_HELP)
    .action(async (sources: string[], flags: Flags) => {
      // The server's libraries are for this command alone: the others start without them.
      const { runServer } = await import('../../pdp-container/process.ts');
      const parent = process.env.PDP_EXIT_WITH_PARENT === '1' ? process.stdin : undefined;
      const outcome = await runServer(serveOptions(sources, flags), parent);
      if (outcome.exitCode !== 0) process.stderr.write(`pdp: ${outcome.message}\n`);
      process.exit(outcome.exitCode);
    });
}

function serveOptions(given: string[], flags: Flags): ServeOptions {
  const source = given.length > 0 ? given : linesOf(process.env.PDP_SOURCE);
  if (source.length === 0) {
    throw new UsageError('no SOURCE: give a directory or a .tar.gz file, or set PDP_SOURCE');
  }
  const { tlsCert: cert, tlsKey: key } = flags;
  if ((cert === undefined) !== (key === undefined)) {
    const missing = cert === undefined ? '--tls-cert' : '--tls-key';
    throw new UsageError(`${missing} is missing: TLS needs both --tls-cert and --tls-key`);
  }
  if (flags.port === flags.opaPort && flags.port !== 0) {
    throw new UsageError(`--port and --opa-port are both ${flags.port}: give each a port of its own`);
  }
  if (flags.shadow && flags.evaluator !== 'compiled') {
    throw new UsageError('--shadow compares with the compiled evaluator: leave --evaluator out');
  }
  return {
    source,
    host: flags.host,
    port: flags.port,
    opaPort: flags.opaPort === 'off' ? undefined : flags.opaPort,
    publicUrl: flags.publicUrl,
    tls: cert === undefined || key === undefined ? undefined : { cert, key },
    apiKey: process.env.PDP_API_KEY,
    webhookSecret: process.env.PDP_WEBHOOK_SECRET,
    proxySubjectHeader: flags.proxySubjectHeader,
    permitTypes: {
      user: flags.permitUserType,
      tenant: flags.permitTenantType,
      role: flags.permitRoleType,
    },
    permitKeyInBody: flags.permitKeyInBody,
    decisionLog: flags.decisionLog,
    decisionLogAttributes: flags.decisionLogAttributes,
    cloudwatchMetrics: flags.cloudwatchMetrics,
    evaluator: flags.evaluator,
    shadow: flags.shadow,
    limits: {
      bodyBytes: flags.bodyLimit,
      batchItems: flags.batchLimit,
      jsonDepth: flags.depthLimit,
      headerBytes: flags.headerLimit,
      requestMs: flags.requestTimeout,
      headersMs: flags.headerTimeout,
      keepAliveMs: flags.keepAliveTimeout,
      connections: flags.maxConnections,
      concurrency: flags.maxConcurrency,
      answerMs: flags.answerTimeout,
    },
    drainMs: flags.drainSeconds,
    stopMs: flags.stopSeconds,
    reloadMs: flags.reloadInterval,
    refreshMs: flags.refreshInterval,
    sourceTokens: sourceTokens(source, process.env),
    stateDir: flags.stateDir,
    verifyKeys: flags.verifyKey,
    allowOlder: flags.allowOlder,
    bundleLimits: {
      archiveBytes: flags.bundleLimit,
      unpackedBytes: flags.unpackedLimit,
      files: flags.fileLimit,
    },
  };
}

function opaPort(): Option {
  return withVariable(
    new Option('--opa-port <number>', "port for OPA's REST API; 0 picks a free one, off is none"),
  )
    .default(DEFAULT_OPA_PORT)
    .argParser((value) => {
      if (value === 'off') return value;
      return wholeNumber(value, 0, 65_535, ' or off');
    });
}

/** `--body-limit` is `PDP_BODY_LIMIT`. */
function withVariable(option: Option): Option {
  return option.env(`PDP_${option.name().toUpperCase().replaceAll('-', '_')}`);
}

function text(flags: string, description: string, fallback?: string): Option {
  const option = withVariable(new Option(flags, description)).argParser((value) => {
    if (value === '') throw new InvalidArgumentError('It must not be empty.');
    return value;
  });
  return fallback === undefined ? option : option.default(fallback);
}

function whole(flags: string, description: string, fallback: number, min = 1, max = 2 ** 31 - 1): Option {
  return withVariable(new Option(flags, description))
    .default(fallback)
    .argParser((value) => wholeNumber(value, min, max));
}

function wholeNumber(value: string, min: number, max: number, or = ''): number {
  const number = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}${or}.`);
}

/** Given in seconds, fractions allowed; kept in milliseconds. A day is the longest. */
function seconds(name: string, description: string, fallbackMs: number, min = 0.001): Option {
  return withVariable(new Option(`${name} <seconds>`, description))
    .default(fallbackMs, String(fallbackMs / 1_000))
    .argParser((value) => {
      const number = /^\d{1,5}(?:\.\d{1,3})?$/.test(value) ? Number(value) : Number.NaN;
      if (!(number >= min && number <= 86_400)) {
        throw new InvalidArgumentError(`It must be a number of seconds from ${min} to 86400.`);
      }
      return Math.round(number * 1_000);
    });
}

/** A variable that says `false` must mean it, so the value is read and not only its being there. */
function flag(flags: string, description: string): Option {
  return withVariable(new Option(flags, description))
    .default(false)
    .preset('true')
    .argParser((value) => {
      if (/^(?:true|1|yes|on)$/i.test(value)) return true;
      if (/^(?:false|0|no|off)$/i.test(value)) return false;
      throw new InvalidArgumentError('It must be true or false.');
    });
}
