import { type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { expect, test, vi } from 'vitest';
import type { PolicyDecisionPoint } from '../../../engine/contract.ts';
import { createPdpClient } from '../../../lambda/client/index.ts';
import { traced } from '../../../lambda/observe/index.ts';
import { FakePdp } from '../../../lambda/testing/index.ts';
import { whenDone } from '../../pdp-container/support/bundles.ts';
import { startServer } from '../../pdp-container/support/server.ts';
import { registerOpenTelemetry } from './open-telemetry.ts';

const QUESTION = {
  subject: { type: 'user', id: 'alice', properties: { secret: 'of-alice' } },
  action: { name: 'read' },
  resource: { type: 'record', id: 'record-1' },
  context: { time: 'of-the-context' },
};

test('a remote PDP has a client span, and logs its trace', async () => {
  const spans = registerOpenTelemetry();
  const server = await startServer();
  const client = createPdpClient({ url: server.url });
  whenDone(async () => client.close());
  const pdp = traced(client, { url: server.url });
  const outer = await trace.getTracer('test').startActiveSpan('invocation', async (span: Span) => {
    expect(await pdp.evaluate(QUESTION)).toMatchObject({ decision: true });
    span.end();
    return span.spanContext();
  });
  const [span] = spans.getFinishedSpans();
  expect(span).toMatchObject({
    name: 'pdp.evaluate',
    kind: SpanKind.CLIENT,
    status: { code: SpanStatusCode.UNSET },
  });
  expect(span?.instrumentationScope.name).toBe('serverless-pdp');
  expect(span?.parentSpanContext?.spanId).toBe(outer.spanId);
  expect(span?.attributes).toEqual({
    'server.address': '127.0.0.1',
    'server.port': Number(new URL(server.url).port),
    'pdp.action': 'read',
    'pdp.subject.type': 'user',
    'pdp.resource.type': 'record',
    'pdp.decision': true,
    'pdp.revision': server.revision,
  });
  expect(await server.logged('decision')).toMatchObject({ traceId: outer.traceId, decision: true });
});

test('a PDP in this process has an internal span', async () => {
  const spans = registerOpenTelemetry();
  await traced(new FakePdp()).evaluate(QUESTION);
  expect(spans.getFinishedSpans().map(({ kind, attributes }) => [kind, attributes])).toEqual([
    [
      SpanKind.INTERNAL,
      {
        'pdp.action': 'read',
        'pdp.subject.type': 'user',
        'pdp.resource.type': 'record',
        'pdp.decision': false,
      },
    ],
  ]);
});

test('a batch has one span, with how many there were', async () => {
  const spans = registerOpenTelemetry();
  const pdp = new FakePdp().answer({ action: 'read' }, { decision: true, context: { revision: 'r1' } });
  const write = { ...QUESTION, action: { name: 'write' } };
  await traced(pdp).evaluateAll([QUESTION, write, QUESTION]);
  expect(spans.getFinishedSpans().map(({ name, attributes }) => [name, attributes])).toEqual([
    ['pdp.evaluateAll', { 'pdp.batch.size': 3, 'pdp.batch.permits': 2, 'pdp.revision': 'r1' }],
  ]);
});

test('without an answer the span has the name of the error, and the caller the error', async () => {
  const spans = registerOpenTelemetry();
  const error = Object.assign(new Error('of-the-inside'), { name: 'PdpTimeoutError' });
  await expect(traced(new FakePdp().fail({}, error)).evaluate(QUESTION)).rejects.toBe(error);
  const [span] = spans.getFinishedSpans();
  expect(span).toMatchObject({ status: { code: SpanStatusCode.ERROR }, ended: true });
  expect(span?.attributes['error.type']).toBe('PdpTimeoutError');
});

test('a span has no id and no attribute of anybody or anything', async () => {
  const spans = registerOpenTelemetry();
  const pdp = new FakePdp().permit().fail({ action: 'write' }, new Error('of-the-inside'));
  await traced(pdp).evaluate(QUESTION);
  await traced(pdp)
    .evaluate({ ...QUESTION, action: { name: 'write' } })
    .catch(() => {});
  await traced(pdp).evaluateAll([QUESTION]);
  const told = spans
    .getFinishedSpans()
    .map(({ name, attributes, events, status }) => ({ name, attributes, events, status }));
  expect(told).toHaveLength(3);
  expect(JSON.stringify(told)).not.toMatch(/alice|record-1|of-/);
});

test('what is no answer reaches the caller as it is', async () => {
  registerOpenTelemetry();
  const pdp = {
    evaluate: async () => null,
    evaluateAll: async () => 'all',
  } as unknown as PolicyDecisionPoint;
  expect(await traced(pdp).evaluate(QUESTION)).toBeNull();
  expect(await traced(pdp).evaluateAll([QUESTION])).toBe('all');
});

test('the options of a call are passed on, and so is its answer, with no SDK registered', async () => {
  const pdp = { evaluate: vi.fn(), evaluateAll: vi.fn() };
  const call = { requestId: 'r-1' };
  pdp.evaluate.mockResolvedValue({ decision: true });
  expect(await traced(pdp).evaluate(QUESTION, call)).toEqual({ decision: true });
  expect(pdp.evaluate.mock.calls).toEqual([[QUESTION, call]]);
  pdp.evaluateAll.mockResolvedValue([{ decision: false }]);
  expect(await traced(pdp).evaluateAll([QUESTION], call)).toEqual([{ decision: false }]);
  expect(pdp.evaluateAll.mock.calls).toEqual([[[QUESTION], call]]);
});

test('the address is that of the environment, unless it is given', async () => {
  const spans = registerOpenTelemetry();
  vi.stubEnv('PDP_URL', 'https://pdp.internal/base');
  const pdps = [traced(new FakePdp()), traced(new FakePdp(), { url: new URL('http://pdp') })];
  vi.unstubAllEnvs();
  for (const pdp of pdps) await pdp.evaluate(QUESTION);
  expect(
    spans
      .getFinishedSpans()
      .map(({ attributes }) => [attributes['server.address'], attributes['server.port']]),
  ).toEqual([
    ['pdp.internal', 443],
    ['pdp', 80],
  ]);
});

test.each([['ftp://pdp'], ['pdp'], [7]])('%j is no address', (url) => {
  expect(() => traced(new FakePdp(), { url: url as string })).toThrow(
    'traced: url must be an http:// or https:// address, like http://pdp:7000',
  );
});
