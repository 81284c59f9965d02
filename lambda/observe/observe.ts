import type { PdpClientEvent } from '../client/events.ts';
import type { EmbeddedPdpEvent } from '../embedded/events.ts';
import type { DecisionRecord } from '../middleware/decision-record.ts';
import { type AddMetric, countDecision, countEvent } from './count.ts';
import { logDecision, logEvent } from './decision-log.ts';
import { EmfLines } from './emf-lines.ts';
import { type ObserveOptions, type ObserveSettings, parseObserveOptions } from './options.ts';

/** For middy: writes the metrics when the handler has answered or failed. */
export interface FlushMiddleware {
  after: () => void;
  onError: () => void;
}

/** Takes what middleware and client tell, and makes logs and metrics of it. Its functions may be passed alone. */
export interface Observer {
  /** For `onDecision` of `authorize`. Never throws. */
  readonly onDecision: (record: DecisionRecord) => void;
  /** For `onEvent` of `createPdpClient`, `createRefreshedPdp` and `pdpFromEnvironment`. Never throws. */
  readonly onEvent: (event: PdpClientEvent | EmbeddedPdpEvent) => void;
  /** Writes the metrics since the last time as one line; for a handler without middy, at its end. Never throws. */
  readonly flush: () => void;
  /** Flushes for a middy handler. Attach it first: middy then runs it last, after the decision was made. */
  readonly middleware: FlushMiddleware;
}

/**
 * Logs and CloudWatch metrics of the decisions that a function asks for. Nothing in them is a subject's or resource's
 * id or attribute. Nothing runs on a timer: between invocations a function is frozen.
 *
 * | Metric | |
 * |---|---|
 * | `Decisions` | answers, permits and denies |
 * | `Denials` | denies |
 * | `DecisionTime` | microseconds from the event to the answer, as the function sees it |
 * | `Errors` | questions that got no answer, and so were stopped; without those that the caller is to blame for (401, an extractor's 4xx) |
 * | `Retries` | second attempts of the client, on a failure or ahead of one |
 * | `CacheHits` | answers from the client's cache |
 * | `Fallbacks` | answers of the client's fall-back |
 * | `FailedReloads` | newer policies that the PDP in the function could not read, or refused |
 *
 * @example
 * const observer = observe({ logger: new Logger(), metrics: { namespace: 'Notes' } });
 * export const handler = middy()
 *   .use(observer.middleware)
 *   .use(authorize({ subject, action: 'view', resource, onDecision: observer.onDecision }))
 *   .handler(view);
 *
 * @throws ConfigurationError when an option is wrong
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format.html
 */
export function observe(options: ObserveOptions = {}): Observer {
  const { logger, isLogged, metrics } = parseObserveOptions(options);
  const { add, flush } = metricsOf(metrics);
  const decided = logger === undefined ? undefined : logDecision(logger, isLogged);
  const happened = logger === undefined ? undefined : logEvent(logger);
  const flushing = quietly(flush);
  return {
    onDecision: quietly((record: DecisionRecord) => {
      if (add !== undefined) countDecision(add, record);
      decided?.(record);
    }),
    onEvent: quietly((event: PdpClientEvent | EmbeddedPdpEvent) => {
      if (add !== undefined) countEvent(add, event);
      happened?.(event);
    }),
    flush: flushing,
    middleware: { after: () => flushing(), onError: () => flushing() },
  };
}

function metricsOf(metrics: ObserveSettings['metrics']): { add: AddMetric | undefined; flush: () => void } {
  if (metrics === false) return { add: undefined, flush: () => {} };
  if ('addMetric' in metrics) {
    // Whoever made it publishes it, with the function's other metrics.
    return { add: (name, unit, value) => void metrics.addMetric(name, unit, value), flush: () => {} };
  }
  const lines = new EmfLines(metrics, writeLine);
  return { add: lines.add, flush: () => lines.flush() };
}

/** Not through `console`: with Lambda's JSON log format it would put the line into one of its own. */
function writeLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** To be observed must not change what is decided. */
function quietly<Arguments extends unknown[]>(tell: (...args: Arguments) => void) {
  return (...args: Arguments): void => {
    try {
      tell(...args);
    } catch {
      // A logger that fails has nobody to tell.
    }
  };
}
