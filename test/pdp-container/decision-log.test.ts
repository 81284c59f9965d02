import { describe, expect, test } from 'vitest';
import { CERTIFICATION } from './support/bundles.ts';
import { ask, call, EVALUATION, EVALUATIONS, exchange, SEARCH_SUBJECT } from './support/client.ts';
import { type LogRecord, startServer, type TestServer } from './support/server.ts';

const decisions = ({ records }: TestServer): LogRecord[] => records.filter(({ msg }) => msg === 'decision');

const PRIVATE = {
  subject: { type: 'user', id: 'bob', properties: { role: 'admin', secret: 'subject-secret' } },
  action: { name: 'write', properties: { secret: 'action-secret' } },
  resource: { type: 'record', id: 'record-2', properties: { status: 'archived', secret: 'resource-secret' } },
  context: { secret: 'context-secret' },
};

test('a decision is one record that says who, what, why and how long, and no attribute', async () => {
  const server = await startServer();
  await call(server.url, EVALUATION, { body: PRIVATE, headers: { 'x-request-id': 'r-1' } });
  expect(decisions(server)).toEqual([
    {
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      msg: 'decision',
      requestId: 'r-1',
      subject: { type: 'user', id: 'bob' },
      action: 'write',
      resource: { type: 'record', id: 'record-2' },
      decision: true,
      policies: ['admins-write-archived'],
      revision: server.revision,
      micros: expect.any(Number),
    },
  ]);
  expect(JSON.stringify(server.records)).not.toContain('secret');
});

describe('the trace of a request', () => {
  const TRACE = '5759e988bd862e3fe1be46a994272793';
  const TRACEPARENT = `00-${TRACE}-53995c3f42cd8ad8-01`;
  const XRAY = 'Root=1-6759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1';
  const OF_XRAY = '6759e988bd862e3fe1be46a994272793';

  test.each([
    ['of W3C', { traceparent: TRACEPARENT }, TRACE],
    ['of AWS X-Ray, in the same form', { 'x-amzn-trace-id': XRAY }, OF_XRAY],
    ['of W3C before that of X-Ray', { traceparent: TRACEPARENT, 'x-amzn-trace-id': XRAY }, TRACE],
    ['of X-Ray where that of W3C is none', { traceparent: 'x', 'x-amzn-trace-id': XRAY }, OF_XRAY],
    ['that is none', { traceparent: `${TRACEPARENT}-more`, 'x-amzn-trace-id': 'Root=1' }, undefined],
    ['in capitals', { traceparent: TRACEPARENT.toUpperCase() }, undefined],
    ['that is long', { traceparent: `${TRACEPARENT}${'0'.repeat(5_000)}` }, undefined],
    ['that is not sent', {}, undefined],
  ])('is in the record of a decision: %s', async (_name, headers, traceId) => {
    const server = await startServer();
    const batch = { ...ask('alice', 'read', 'record-1'), evaluations: [{}] };
    await call(server.url, EVALUATION, { body: ask('alice', 'read', 'record-1'), headers });
    await call(server.url, `${EVALUATION}?routed`, { body: ask('alice', 'read', 'record-1'), headers });
    await call(server.url, EVALUATIONS, { body: batch, headers });
    expect(decisions(server).map((record) => record.traceId)).toEqual([traceId, traceId, traceId]);
  });

  test('is in the record of a search, and changes no answer', async () => {
    const server = await startServer();
    const headers = { traceparent: TRACEPARENT };
    const body = { ...ask('', 'read', 'record-1'), subject: { type: 'user' } };
    const answer = await call(server.url, SEARCH_SUBJECT, { body, headers });
    expect(server.records.find(({ msg }) => msg === 'search')).toMatchObject({ traceId: TRACE, results: 2 });
    expect(JSON.stringify(answer)).not.toContain(TRACE);
  });

  test('comes from no two headers', async () => {
    const server = await startServer();
    const body = JSON.stringify(ask('alice', 'read', 'record-1'));
    await exchange(
      server.url,
      `POST ${EVALUATION} HTTP/1.1\r\nHost: pdp\r\nConnection: close\r\nContent-Type: application/json\r\n` +
        `traceparent: ${TRACEPARENT}\r\ntraceparent: ${TRACEPARENT}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    expect(decisions(server).map((record) => record.traceId)).toEqual([undefined]);
  });
});

test('attributes are there when asked for', async () => {
  const server = await startServer({ decisionLogAttributes: true });
  await call(server.url, EVALUATION, { body: PRIVATE });
  expect(decisions(server)[0]?.attributes).toEqual({
    subject: PRIVATE.subject.properties,
    action: PRIVATE.action.properties,
    resource: PRIVATE.resource.properties,
    context: PRIVATE.context,
  });
});

test('policies that erred are named', async () => {
  const bundle = {
    'policies.cedar': '@id("errs") forbid(principal, action, resource) when { principal.missing };',
  };
  const server = await startServer({ bundle });
  await call(server.url, EVALUATION, { body: ask('alice', 'read', 'record-1') });
  expect(decisions(server)[0]).toMatchObject({ decision: false, policies: [], errors: ['errs'] });
});

test('each item of a batch is one record, an invalid one too', async () => {
  const server = await startServer();
  const body = { ...ask('alice', 'read', 'record-1'), evaluations: [{}, { action: { name: 'delete' } }, 7] };
  await call(server.url, EVALUATIONS, { body, headers: { 'x-request-id': 'batch' } });
  const records = decisions(server);
  expect(
    records.map(({ requestId, action, decision, error }) => ({ requestId, action, decision, error })),
  ).toEqual([
    { requestId: 'batch', action: 'read', decision: true, error: undefined },
    { requestId: 'batch', action: 'delete', decision: false, error: undefined },
    { requestId: 'batch', action: undefined, decision: false, error: 'evaluation: must be an object' },
  ]);
});

test('a search is one record with the number of its results', async () => {
  const server = await startServer();
  const body = { ...ask('', 'read', 'record-1'), subject: { type: 'user' } };
  await call(server.url, SEARCH_SUBJECT, { body, headers: { 'x-request-id': 's-1' } });
  expect(server.records.filter(({ msg }) => msg === 'search')).toEqual([
    expect.objectContaining({
      requestId: 's-1',
      search: 'subject',
      subject: { type: 'user' },
      action: 'read',
      resource: { type: 'record', id: 'record-1' },
      results: 2,
      revision: server.revision,
    }),
  ]);
  expect(decisions(server)).toEqual([]);
});

test('a request that is not one leaves no decision', async () => {
  const server = await startServer();
  await call(server.url, EVALUATION, { body: {} });
  expect(decisions(server)).toEqual([]);
});

test('requests without an id get different ones', async () => {
  const server = await startServer();
  const body = ask('alice', 'read', 'record-1');
  await call(server.url, EVALUATION, { body });
  await call(server.url, EVALUATION, { body });
  const [first, second] = decisions(server).map(({ requestId }) => requestId);
  expect(first).toMatch(/^[0-9a-f-]{36}$/);
  expect(second).not.toBe(first);
});

describe.each([
  ['off', []],
  ['denied', [false]],
  ['all', [true, false]],
] as const)('--decision-log %s', (decisionLog, expected) => {
  test('logs what it says', async () => {
    const server = await startServer({ decisionLog });
    await call(server.url, EVALUATION, { body: ask('alice', 'read', 'record-1') });
    await call(server.url, EVALUATION, { body: ask('bob', 'write', 'record-1') });
    expect(decisions(server).map(({ decision }) => decision)).toEqual(expected);
  });
});

test('line ends and control characters in ids make no second line', async () => {
  const lines: string[] = [];
  const log = { write: (line: string) => void lines.push(line) };
  const server = await startServer({ log, bundle: CERTIFICATION });
  const id = 'a\n{"msg":"decision","decision":true}\r\u2028\u0000\u001b[2J';
  await call(server.url, EVALUATION, { body: ask(id, 'read', 'record-1') });
  const line = lines.find((candidate) => candidate.includes('"msg":"decision"')) ?? '';
  expect([...line.trimEnd()].filter((character) => character < ' ')).toEqual([]);
  expect(JSON.parse(line)).toMatchObject({ subject: { type: 'user', id }, decision: false });
});

test('a long id or context does not fill the log', async () => {
  const server = await startServer({ decisionLogAttributes: true });
  const long = 'x'.repeat(100_000);
  const body = { ...ask(long, 'read', 'record-1'), context: { long }, evaluations: [{}, {}] };
  await call(server.url, EVALUATIONS, { body, headers: { 'x-request-id': long.slice(0, 10_000) } });
  const records = decisions(server);
  expect(records).toHaveLength(2);
  for (const record of records) {
    expect(record).toMatchObject({
      subject: { id: `${'x'.repeat(512)}…` },
      attributes: { context: '(too long for the log)' },
    });
    expect(JSON.stringify(record).length).toBeLessThan(2_000);
  }
});
