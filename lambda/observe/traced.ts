import type { AttributeValue, Span, Tracer } from '@opentelemetry/api';
import type {
  AccessRequest,
  Decision,
  EvaluateAllOptions,
  EvaluateOptions,
  PolicyDecisionPoint,
} from '../../engine/contract.ts';
import { ConfigurationError } from '../../engine/errors.ts';
import { VERSION } from '../../engine/version.ts';
import { once } from '../lazy.ts';
import { parseOptions } from '../options.ts';
import { type OpenTelemetryApi, openTelemetryApi } from './open-telemetry.ts';

export interface TracedOptions {
  /**
   * Address of a remote PDP, of which the span has host and port. Without one the PDP is in this process, and its spans
   * are internal ones.
   *
   * @default - PDP_URL of the environment
   */
  url?: string | URL | undefined;
}

type Attributes = Record<string, AttributeValue>;

/**
 * A PDP with an OpenTelemetry span around each question that is put to it: `pdp.evaluate` and `pdp.evaluateAll`. While
 * the span is active the client sends its context to the PDP, so that what the PDP does is under it. A span names types
 * and the action, and no id or attribute of anybody or anything. Where `@opentelemetry/api` is not installed the
 * PDP is asked as it is.
 *
 * | Attribute | |
 * |---|---|
 * | `server.address`, `server.port` | of a remote PDP |
 * | `pdp.action`, `pdp.subject.type`, `pdp.resource.type` | of a single question |
 * | `pdp.decision` | of a single question: whether it is a permit |
 * | `pdp.revision` | of the policies that answered, when the PDP says it |
 * | `pdp.batch.size`, `pdp.batch.permits` | of a batch: how many questions, how many permits |
 * | `error.type` | the name of the error when there was no answer |
 *
 * @example
 * authorize({ subject, action: 'view', resource, pdp: () => traced(pdpFromEnvironment()) });
 *
 * @throws ConfigurationError when an option is wrong
 * @see https://opentelemetry.io/docs/specs/semconv/general/attributes/
 */
export function traced(pdp: PolicyDecisionPoint, options: TracedOptions = {}): PolicyDecisionPoint {
  const raw = parseOptions('traced', options, ['url']);
  const server = serverOf(raw.url ?? (process.env.PDP_URL || undefined));
  const api = once(openTelemetryApi);
  // Begun with the module that calls it, beside the rest of Init.
  void api();
  return {
    async evaluate(request: AccessRequest, call?: EvaluateOptions): Promise<Decision> {
      const ask = () => pdp.evaluate(request, call);
      return inSpan(await api(), 'pdp.evaluate', { ...server, ...asked(request) }, ask, answered);
    },
    async evaluateAll(requests: AccessRequest[], call?: EvaluateAllOptions): Promise<Decision[]> {
      const ask = () => pdp.evaluateAll(requests, call);
      const attributes = { ...server, 'pdp.batch.size': requests.length };
      return inSpan(await api(), 'pdp.evaluateAll', attributes, ask, allAnswered);
    },
  };
}

async function inSpan<T>(
  api: OpenTelemetryApi | undefined,
  name: string,
  attributes: Attributes,
  work: () => Promise<T>,
  outcome: (answer: T) => Attributes,
): Promise<T> {
  if (api === undefined) return work();
  const kind = 'server.address' in attributes ? api.SpanKind.CLIENT : api.SpanKind.INTERNAL;
  // Asked for each time: it is the one of the provider that is registered by then.
  const tracer: Tracer = api.trace.getTracer('serverless-pdp', VERSION);
  return tracer.startActiveSpan(name, { kind, attributes }, async (span: Span) => {
    try {
      const answer = await work();
      describe(span, () => outcome(answer));
      return answer;
    } catch (error) {
      // The name alone: a message may be of an application's own error.
      span.setAttribute('error.type', error instanceof Error ? error.name : '_OTHER');
      span.setStatus({ code: api.SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** What is no answer is for the caller of the PDP to find out. */
function describe(span: Span, attributes: () => Attributes): void {
  try {
    span.setAttributes(attributes());
  } catch {
    // The span says less.
  }
}

function asked({ subject, action, resource }: AccessRequest): Attributes {
  return {
    'pdp.action': action.name,
    'pdp.subject.type': subject.type,
    'pdp.resource.type': resource.type,
  };
}

function answered({ decision, context }: Decision): Attributes {
  return { 'pdp.decision': decision === true, ...revisionOf(context?.revision) };
}

function allAnswered(decisions: Decision[]): Attributes {
  return {
    'pdp.batch.permits': decisions.filter(({ decision }) => decision === true).length,
    ...revisionOf(decisions[0]?.context?.revision),
  };
}

function revisionOf(revision: unknown): Attributes {
  return typeof revision === 'string' ? { 'pdp.revision': revision } : {};
}

/** The problem never shows the address: a password may be in it. */
function serverOf(url: unknown): Attributes {
  if (url === undefined) return {};
  const parsed = url instanceof URL ? url : typeof url === 'string' ? URL.parse(url) : null;
  if (parsed === null || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')) {
    throw new ConfigurationError('traced: url must be an http:// or https:// address, like http://pdp:7000');
  }
  const port = parsed.port === '' ? (parsed.protocol === 'https:' ? 443 : 80) : Number(parsed.port);
  return { 'server.address': parsed.hostname, 'server.port': port };
}
