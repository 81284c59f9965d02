import { Logger } from '@aws-lambda-powertools/logger';
import middy from '@middy/core';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { expect, test, vi } from 'vitest';
import { createPdpClient } from '../../../lambda/client/index.ts';
import { authorize, fromJwtClaims } from '../../../lambda/middleware/index.ts';
import { observe, traced } from '../../../lambda/observe/index.ts';
import { httpApiEvent, lambdaContext } from '../../../lambda/testing/index.ts';
import { whenDone } from '../../pdp-container/support/bundles.ts';
import { startServer } from '../../pdp-container/support/server.ts';
import { answer, freePort, serve } from '../servers.ts';
import { linesOfLog } from './lines.ts';
import { registerOpenTelemetry } from './open-telemetry.ts';

const XRAY = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1';

/** A handler that is observed in every way, over a client for the PDP at an address. */
function observedHandler(url: string) {
  const observer = observe({
    logger: new Logger({ serviceName: 'notes' }),
    metrics: { dimensions: { Service: 'notes' } },
  });
  const client = createPdpClient({ url, onEvent: observer.onEvent });
  whenDone(async () => client.close());
  const handler = middy<APIGatewayProxyEventV2>()
    .use(observer.middleware)
    .use(
      authorize<APIGatewayProxyEventV2>({
        subject: fromJwtClaims({ type: 'user' }),
        action: 'write',
        resource: (event) => ({ type: 'record', id: event.pathParameters?.record ?? '' }),
        pdp: traced(client, { url }),
        logger: false,
        onDecision: observer.onDecision,
      }),
    )
    .handler(async () => ({ statusCode: 200 }));
  return async (user: string) => {
    const event = httpApiEvent({ pathParameters: { record: 'record-1' }, claims: { sub: user } });
    return (await handler(event, lambdaContext({ awsRequestId: 'invocation-1' }))) as { statusCode: number };
  };
}

/** The lines that are metrics, and the lines of the logger. */
function told(lines: readonly string[]) {
  const records = lines.map((line) => JSON.parse(line));
  return {
    metrics: records.filter(({ _aws }) => _aws !== undefined).map(({ _aws, ...metrics }) => metrics),
    log: records.filter(({ _aws }) => _aws === undefined),
  };
}

test('a decision is in the log, the metrics and the trace of the function, and in the log of the PDP', async () => {
  const spans = registerOpenTelemetry();
  const server = await startServer();
  const ask = observedHandler(server.url);
  const lines = linesOfLog();
  expect(await ask('alice')).toMatchObject({ statusCode: 200 });
  expect(await ask('bob')).toMatchObject({ statusCode: 403 });
  const { metrics, log } = told(lines);
  const common = {
    durationMs: expect.any(Number),
    subjectType: 'user',
    action: 'write',
    resourceType: 'record',
  };
  expect(log).toMatchObject([
    { level: 'INFO', authorization: { ...common, decision: true } },
    { level: 'WARN', authorization: { ...common, decision: false } },
  ]);
  const counted = { Service: 'notes', Decisions: 1, DecisionTime: [expect.any(Number)], Errors: 0 };
  expect(metrics).toEqual([
    { ...counted, Denials: 0 },
    { ...counted, Denials: 1 },
  ]);
  expect(JSON.stringify([metrics, log])).not.toMatch(/alice|bob|record-1/);
  const finished = spans.getFinishedSpans();
  expect(finished.map(({ attributes }) => attributes['pdp.decision'])).toEqual([true, false]);
  for (const span of finished) {
    expect(await server.logged('decision')).toMatchObject({
      requestId: 'invocation-1',
      traceId: span.spanContext().traceId,
    });
  }
});

test('without an answer there is an error in both, and a retry that was of no use', async () => {
  const port = await freePort();
  const ask = observedHandler(`http://127.0.0.1:${port}`);
  const lines = linesOfLog();
  expect(await ask('alice')).toMatchObject({ statusCode: 503 });
  const { metrics, log } = told(lines);
  expect(metrics).toEqual([{ Service: 'notes', Errors: 1, Retries: 1 }]);
  expect(log).toMatchObject([
    { level: 'ERROR', authorization: { decision: false, error: 'PdpUnavailableError', action: 'write' } },
  ]);
});

test("the trace of X-Ray is in the PDP's request where there is no OpenTelemetry", async () => {
  vi.stubEnv('_X_AMZN_TRACE_ID', XRAY);
  const server = await serve((_received, response) => answer(response, 200, { decision: true }));
  linesOfLog();
  expect(await observedHandler(server.url)('alice')).toMatchObject({ statusCode: 200 });
  vi.unstubAllEnvs();
  expect(server.received.map(({ headers }) => headers['x-amzn-trace-id'])).toEqual([XRAY]);
});
