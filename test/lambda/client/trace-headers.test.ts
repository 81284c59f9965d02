import { context, propagation, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createPdpClient } from '../../../lambda/client/index.ts';
import { registerOpenTelemetry } from '../observe/open-telemetry.ts';
import { answer, serve } from '../servers.ts';

const QUESTION = {
  subject: { type: 'User', id: 'alice' },
  action: { name: 'view' },
  resource: { type: 'Note', id: 'roadmap' },
};
const XRAY =
  'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:a87bd80c:0';
const OF_XRAY = '00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01';

/** The trace headers of the one request that the client makes. */
async function sent(around: (ask: () => Promise<unknown>) => Promise<unknown> = (ask) => ask()) {
  const server = await serve((_received, response) => answer(response, 200, { decision: true }));
  const client = createPdpClient({ url: server.url });
  await around(() => client.evaluate(QUESTION));
  client.close();
  const { traceparent, tracestate, 'x-amzn-trace-id': xray, baggage } = server.received[0]?.headers ?? {};
  return { traceparent, tracestate, xray, baggage };
}

beforeEach(() => vi.stubEnv('_X_AMZN_TRACE_ID', undefined));
afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

test('without a trace nothing is sent', async () => {
  expect(await sent()).toEqual({});
});

describe('in Lambda', () => {
  test("X-Ray's header is passed on, and mapped to W3C's", async () => {
    vi.stubEnv('_X_AMZN_TRACE_ID', XRAY);
    expect(await sent()).toEqual({ xray: XRAY, traceparent: OF_XRAY });
  });

  test('it is that of the invocation', async () => {
    const server = await serve((_received, response) => answer(response, 200, { decision: true }));
    const client = createPdpClient({ url: server.url });
    for (const first of ['5', '6']) {
      vi.stubEnv('_X_AMZN_TRACE_ID', XRAY.replace('1-5', `1-${first}`));
      await client.evaluate(QUESTION);
    }
    client.close();
    expect(server.received.map(({ headers }) => String(headers.traceparent).slice(3, 11))).toEqual([
      '5759e988',
      '6759e988',
    ]);
  });

  test('where invocations are under way at once, what the runtime keeps for each is taken', async () => {
    vi.stubEnv('_X_AMZN_TRACE_ID', XRAY);
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const xray = XRAY.replace('1-5', '1-7');
    const store = { getXRayTraceId: () => xray };
    vi.stubGlobal('awslambda', { InvokeStore: store });
    expect(await sent()).toEqual({ xray, traceparent: OF_XRAY.replace('00-5', '00-7') });
    Object.assign(store, { getTraceparent: () => traceparent, getTracestate: () => 'a=b' });
    expect(await sent()).toEqual({ xray, traceparent, tracestate: 'a=b' });
  });

  test.each([
    ['nothing', ''],
    ['another header', `${XRAY}\r\nX-Evil: 1`],
    ['something else', 'café'],
    ['something long', `${XRAY};More=${'x'.repeat(1_000)}`],
  ])('%s is not passed on', async (_name, text) => {
    vi.stubEnv('_X_AMZN_TRACE_ID', text);
    expect(await sent()).toEqual({});
  });
});

describe('with OpenTelemetry', () => {
  test('the active span is what is sent, without the baggage', async () => {
    registerOpenTelemetry();
    vi.stubEnv('_X_AMZN_TRACE_ID', XRAY);
    const remote = propagation.extract(ROOT_CONTEXT, {
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      tracestate: 'vendor=value',
      baggage: 'user=alice',
    });
    let id = '';
    const headers = await sent((ask) =>
      context.with(remote, () =>
        trace.getTracer('test').startActiveSpan('handler', (span: Span) => {
          id = span.spanContext().spanId;
          return ask().finally(() => span.end());
        }),
      ),
    );
    expect(headers).toEqual({
      traceparent: `00-0af7651916cd43dd8448eb211c80319c-${id}-01`,
      tracestate: 'vendor=value',
      xray: XRAY,
    });
  });

  test('without an active span it is what Lambda says', async () => {
    registerOpenTelemetry();
    vi.stubEnv('_X_AMZN_TRACE_ID', XRAY);
    expect(await sent()).toEqual({ xray: XRAY, traceparent: OF_XRAY });
  });

  test("a propagator of X-Ray's alone is mapped, too", async () => {
    registerOpenTelemetry();
    vi.stubEnv('_X_AMZN_TRACE_ID', XRAY);
    propagation.disable();
    const xray = XRAY.replace('1-5', '1-9');
    propagation.setGlobalPropagator({
      inject: (_context, carrier, setter) => setter.set(carrier, 'X-Amzn-Trace-Id', xray),
      extract: (active) => active,
      fields: () => ['X-Amzn-Trace-Id'],
    });
    expect(await sent()).toEqual({ xray, traceparent: OF_XRAY.replace('00-5', '00-9') });
  });

  test('a propagator that fails, or writes what is no header, is no reason not to ask', async () => {
    registerOpenTelemetry();
    propagation.disable();
    propagation.setGlobalPropagator({
      inject: (_context, carrier, setter) => {
        setter.set(carrier, 'traceparent', 'x\r\ny: 1');
        setter.set(carrier, 'tracestate', 'a=\n');
        setter.set(carrier, 'authorization', 'of-somebody');
        throw new Error('broken');
      },
      extract: (active) => active,
      fields: () => [],
    });
    expect(await sent()).toEqual({});
  });
});
