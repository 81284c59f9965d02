import { isXRayHeader, traceIdOf, traceparentOfXRay } from '../../engine/trace-context.ts';

type Headers = Record<string, string>;

/**
 * Where every copy of OpenTelemetry's API, major version 1, finds what an SDK registered. Looked up by itself, it
 * costs a function without OpenTelemetry nothing, and finds the SDK of a layer that the function does not bundle.
 *
 * @see https://github.com/open-telemetry/opentelemetry-js/blob/main/api/src/internal/global-utils.ts
 */
const OPEN_TELEMETRY = Symbol.for('opentelemetry.js.api.1');

interface OpenTelemetry {
  context?: { active(): unknown };
  propagation?: { inject(context: unknown, carrier: Headers, setter: typeof SETTER): void };
}

/** Takes only what says to which trace a request belongs: `baggage` is the application's own. */
const SETTER = {
  set(carrier: Headers, key: string, value: string): void {
    const name = key.toLowerCase();
    if (name === 'traceparent' && traceIdOf(value) !== undefined) carrier[name] = value;
    // As long as W3C asks to pass on at least (Trace Context, section 3.3.1.5).
    if (name === 'tracestate' && /^[\x20-\x7e]{1,512}$/.test(value)) carrier[name] = value;
    if (name === 'x-amzn-trace-id' && isXRayHeader(value)) carrier[name] = value;
  },
};

/** What Lambda's runtime says of an invocation, also when several are under way. */
interface InvokeStore {
  getXRayTraceId?(): string | undefined;
  getTraceparent?(): string | undefined;
  getTracestate?(): string | undefined;
}

/**
 * The headers that put a request into the trace of this invocation: `traceparent` and `tracestate` (W3C Trace
 * Context) of OpenTelemetry's active span, or else of what Lambda says of the invocation, and `x-amzn-trace-id` (AWS
 * X-Ray). None when there is no trace. Never throws.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html (_X_AMZN_TRACE_ID)
 */
export function traceHeaders(): Headers {
  const active = fromOpenTelemetry();
  const invocation = fromLambda();
  const xray = active['x-amzn-trace-id'] ?? invocation['x-amzn-trace-id'];
  return {
    ...(w3cOf(active) ?? w3cOf(invocation)),
    ...(xray === undefined ? {} : { 'x-amzn-trace-id': xray }),
  };
}

/** W3C's headers, from X-Ray's where those are all there is. */
function w3cOf({ traceparent, tracestate, 'x-amzn-trace-id': xray }: Headers): Headers | undefined {
  if (traceparent !== undefined)
    return tracestate === undefined ? { traceparent } : { traceparent, tracestate };
  const mapped = xray === undefined ? undefined : traceparentOfXRay(xray);
  return mapped === undefined ? undefined : { traceparent: mapped };
}

function fromOpenTelemetry(): Headers {
  const headers: Headers = {};
  try {
    const { context, propagation } =
      (globalThis as { [OPEN_TELEMETRY]?: OpenTelemetry })[OPEN_TELEMETRY] ?? {};
    if (context !== undefined) propagation?.inject(context.active(), headers, SETTER);
  } catch {
    // A propagator of somebody's: what it says is not worth a decision.
  }
  return headers;
}

function fromLambda(): Headers {
  const headers: Headers = {};
  const store = (globalThis as { awslambda?: { InvokeStore?: InvokeStore } }).awslambda?.InvokeStore;
  SETTER.set(headers, 'x-amzn-trace-id', store?.getXRayTraceId?.() ?? process.env._X_AMZN_TRACE_ID ?? '');
  SETTER.set(headers, 'traceparent', store?.getTraceparent?.() ?? '');
  SETTER.set(headers, 'tracestate', store?.getTracestate?.() ?? '');
  return headers;
}
