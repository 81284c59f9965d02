import { isDimensionValue, LONGEST_DIMENSION } from '../../engine/embedded-metrics.ts';
import { ConfigurationError } from '../../engine/errors.ts';
import { parseOptions } from '../options.ts';

const OWNER = 'observe';

/** The part of a Powertools `Logger` that is used. `console` has it, too. */
export interface ObservabilityLogger {
  info(message: string, fields: Record<string, unknown>): void;
  warn(message: string, fields: Record<string, unknown>): void;
  error(message: string, fields: Record<string, unknown>): void;
}

/** The part of a Powertools `Metrics` that is used. */
export interface PowertoolsMetrics {
  addMetric(name: string, unit: 'Count' | 'Microseconds', value: number): unknown;
}

/** Where CloudWatch puts the metrics. */
export interface EmfOptions {
  /**
   * The metrics' namespace: up to 255 characters of letters, digits and `.-_/#: `, not beginning with `AWS/`.
   *
   * @default 'ServerlessPdp'
   */
  namespace?: string;
  /**
   * Dimensions by name, at most 30. Each set of values is a metric of its own, which CloudWatch charges for.
   *
   * @default - `FunctionName`, as AWS_LAMBDA_FUNCTION_NAME has it
   */
  dimensions?: Readonly<Record<string, string>>;
}

/** What is told of the decisions of a function, and to whom. */
export interface ObserveOptions {
  /**
   * Gets a line for decisions: `info` for a permit, `warn` for a deny, `error` when there was no decision.
   *
   * @default - nobody
   */
  logger?: ObservabilityLogger;
  /**
   * Which decisions are logged: each, or those that are not a permit.
   *
   * @default 'all'
   */
  decisions?: 'all' | 'denied';
  /**
   * A `Metrics` of Powertools, which the function publishes with its own metrics; or where the lines in CloudWatch's
   * embedded metric format, written by {@link Observer.flush}, put them; or false for no metrics.
   *
   * @default - lines in the embedded metric format, with their defaults
   */
  metrics?: PowertoolsMetrics | EmfOptions | false;
}

export interface ObserveSettings {
  logger: ObservabilityLogger | undefined;
  isLogged: (decision: boolean) => boolean;
  metrics: PowertoolsMetrics | Required<EmfOptions> | false;
}

/** @throws ConfigurationError */
export function parseObserveOptions(options: unknown): ObserveSettings {
  const raw = parseOptions(OWNER, options, ['logger', 'decisions', 'metrics']);
  const { decisions = 'all' } = raw;
  if (decisions !== 'all' && decisions !== 'denied') {
    throw new ConfigurationError(`${OWNER}: decisions must be "all" or "denied"`);
  }
  return {
    logger: parseLogger(raw.logger),
    isLogged: (permitted) => decisions === 'all' || !permitted,
    metrics: parseMetrics(raw.metrics),
  };
}

function parseLogger(value: unknown): ObservabilityLogger | undefined {
  if (value === undefined) return undefined;
  const logger = value as Partial<Record<string, unknown>> | null;
  if (['info', 'warn', 'error'].every((method) => typeof logger?.[method] === 'function')) {
    return value as ObservabilityLogger;
  }
  throw new ConfigurationError(
    `${OWNER}: logger must have info, warn and error, as a Logger of Powertools or console`,
  );
}

function parseMetrics(value: unknown): ObserveSettings['metrics'] {
  if (value === false) return false;
  if (typeof (value as Partial<PowertoolsMetrics> | undefined | null)?.addMetric === 'function') {
    return value as PowertoolsMetrics;
  }
  const raw = parseOptions(`${OWNER}: metrics`, value ?? {}, ['namespace', 'dimensions']);
  return {
    namespace: parseNamespace(raw.namespace ?? 'ServerlessPdp'),
    dimensions: parseDimensions(raw.dimensions ?? functionName()),
  };
}

/** @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html */
function parseNamespace(value: unknown): string {
  if (typeof value === 'string' && /^(?!AWS\/|:)[\w.\-/#: ]{1,255}$/.test(value) && value.trim() !== '') {
    return value;
  }
  throw new ConfigurationError(
    `${OWNER}: metrics.namespace must be 1 to 255 letters, digits, spaces or any of . - _ / # :, and begin with neither "AWS/" nor ":"`,
  );
}

function parseDimensions(value: unknown): Record<string, string> {
  const dimensions = Object.entries(
    parseOptions(`${OWNER}: metrics.dimensions`, value, Object.keys(value ?? {})),
  );
  if (dimensions.length > 30) {
    throw new ConfigurationError(
      `${OWNER}: metrics.dimensions are ${dimensions.length}; CloudWatch takes 30`,
    );
  }
  for (const [name, text] of dimensions) {
    if (!isDimensionValue(name) || name.length > 255 || name === '_aws') {
      throw new ConfigurationError(
        `${OWNER}: metrics.dimensions has a name that CloudWatch does not take: give up to 255 characters of ASCII`,
      );
    }
    if (typeof text !== 'string' || !isDimensionValue(text)) {
      throw new ConfigurationError(
        `${OWNER}: metrics.dimensions.${name} must be up to ${LONGEST_DIMENSION} characters of ASCII, none of them a control character and the first no ":"`,
      );
    }
  }
  return Object.fromEntries(dimensions) as Record<string, string>;
}

function functionName(): Record<string, string> {
  const name = process.env.AWS_LAMBDA_FUNCTION_NAME;
  return name ? { FunctionName: name } : {};
}
