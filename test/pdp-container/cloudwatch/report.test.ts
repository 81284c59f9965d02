import { describe, expect, test } from 'vitest';
import type { Clock } from '../../../pdp-container/clock.ts';
import { distribution } from '../../../pdp-container/cloudwatch/distribution.ts';
import { serve } from '../../../pdp-container/serve.ts';
import { bundleDirectory, CERTIFICATION, permitOnly, writeBundle } from '../support/bundles.ts';
import { ask, call, EVALUATION, EVALUATIONS } from '../support/client.ts';
import { type LogRecord, startServer, type TestServer } from '../support/server.ts';
import { problemsOf } from './embedded-metric-format.ts';

/** Ticks when it is told to; it shows the time it is given. */
class FakeClock implements Clock {
  time = new Date('2026-01-01T12:00:30Z');
  periods: number[] = [];
  tick = () => {};

  now(): Date {
    return this.time;
  }

  every(periodMs: number, tick: () => void): () => void {
    this.periods.push(periodMs);
    this.tick = tick;
    return () => {
      this.tick = () => {};
    };
  }
}

const lines = ({ records }: TestServer): LogRecord[] => records.filter((record) => '_aws' in record);

async function startReporting(options: Parameters<typeof startServer>[0] = {}) {
  const clock = new FakeClock();
  const server = await startServer({ cloudwatchMetrics: 'notes', clock, ...options });
  /** The line of the minute that ends now. */
  const minute = () => {
    const before = lines(server).length;
    clock.tick();
    expect(lines(server)).toHaveLength(before + 1);
    return lines(server).at(-1) as LogRecord;
  };
  return { server, clock, minute };
}

const counts = ({ Decisions, Denials, PolicyErrors, Requests, ServerErrors, FailedReloads }: LogRecord) => ({
  Decisions,
  Denials,
  PolicyErrors,
  Requests,
  ServerErrors,
  FailedReloads,
});
const NOTHING = {
  Decisions: 0,
  Denials: 0,
  PolicyErrors: 0,
  Requests: 0,
  ServerErrors: 0,
  FailedReloads: 0,
};

test('a minute without a request is a whole line, in the form that CloudWatch takes', async () => {
  const { server, clock, minute } = await startReporting();
  await server.logged('revision active');
  const line = minute();
  expect(clock.periods).toEqual([60_000]);
  expect(problemsOf(line)).toEqual([]);
  expect(line).toEqual({
    level: 'info',
    time: expect.any(String),
    msg: 'metrics',
    _aws: {
      Timestamp: Date.parse('2026-01-01T12:00:30Z'),
      CloudWatchMetrics: [
        {
          Namespace: 'ServerlessPdp',
          Dimensions: [['Pdp']],
          Metrics: [
            { Name: 'Decisions', Unit: 'Count' },
            { Name: 'Denials', Unit: 'Count' },
            { Name: 'PolicyErrors', Unit: 'Count' },
            { Name: 'Requests', Unit: 'Count' },
            { Name: 'ServerErrors', Unit: 'Count' },
            { Name: 'FailedReloads', Unit: 'Count' },
            { Name: 'LogLinesDropped', Unit: 'Count' },
            { Name: 'Ready', Unit: 'Count' },
            { Name: 'StaleSeconds', Unit: 'Seconds' },
          ],
        },
      ],
    },
    Pdp: 'notes',
    ...NOTHING,
    LogLinesDropped: 0,
    Ready: 1,
    StaleSeconds: 0,
  });
});

test('each line has what was counted since the one before, and how long decisions took', async () => {
  const { server, minute } = await startReporting();
  const { url } = server;
  await call(url, EVALUATION, { body: ask('alice', 'read', 'record-1') });
  await call(url, EVALUATION, { body: ask('bob', 'write', 'record-1') });
  const items = [{}, { action: { name: 'delete' } }, 7];
  await call(url, EVALUATIONS, { body: { ...ask('alice', 'read', 'record-1'), evaluations: items } });
  await call(url, EVALUATION, { body: {} });
  for (const path of ['/ready', '/healthy', '/health', '/healthcheck']) await call(url, path);

  const first = minute();
  expect(problemsOf(first)).toEqual([]);
  expect(counts(first)).toEqual({ ...NOTHING, Decisions: 5, Denials: 3, Requests: 4 });
  const { Metrics } =
    (first._aws as { CloudWatchMetrics: { Metrics: object[] }[] }).CloudWatchMetrics[0] ?? {};
  expect(Metrics).toContainEqual({ Name: 'DecisionTime', Unit: 'Microseconds' });
  const time = first.DecisionTime as {
    Counts: number[];
    Count: number;
    Sum: number;
    Min: number;
    Max: number;
  };
  expect(time.Count).toBe(5);
  expect(time.Counts.reduce((sum, count) => sum + count)).toBe(5);
  // The invalid item took no time; the others some, and less than the test.
  expect(time.Min).toBeGreaterThanOrEqual(0);
  expect(time.Sum).toBeGreaterThan(time.Max);
  expect(time.Max).toBeLessThan(60_000_000);

  await call(url, EVALUATION, { body: ask('alice', 'read', 'record-1') });
  const second = minute();
  expect(counts(second)).toEqual({ ...NOTHING, Decisions: 1, Requests: 1 });
  expect(second.DecisionTime).toMatchObject({ Counts: [1], Count: 1 });
  const third = minute();
  expect(counts(third)).toEqual(NOTHING);
  expect(third).not.toHaveProperty('DecisionTime');
  expect(problemsOf(third)).toEqual([]);
});

test('policies that err are counted', async () => {
  const errs = '@id("errs") forbid(principal, action, resource) when { principal.missing };';
  const { server, minute } = await startReporting({ bundle: { 'policies.cedar': errs } });
  await call(server.url, EVALUATION, { body: ask('alice', 'read', 'record-1') });
  expect(counts(minute())).toEqual({ ...NOTHING, Decisions: 1, Denials: 1, PolicyErrors: 1, Requests: 1 });
});

test('nothing of a request or of the policies is in a line', async () => {
  const { server, minute } = await startReporting({ decisionLogAttributes: true });
  await call(server.url, EVALUATION, {
    body: { ...ask('alice', 'read', 'record-1'), context: { secret: 'context-secret' } },
    headers: { 'x-request-id': 'request-1' },
  });
  const line = JSON.stringify(minute());
  for (const word of ['alice', 'record', 'user', 'read', 'secret', 'request-1', server.revision as string]) {
    expect(line).not.toContain(word);
  }
});

describe('a source that is not good', () => {
  const BROKEN = { 'policies.cedar': 'permit(principal, action, oops);' };

  test('before the first revision: unready, not stale for longer than it failed, and errors to who asks', async () => {
    const { server, clock, minute } = await startReporting({ bundle: BROKEN });
    await call(server.url, EVALUATION, { body: ask('alice', 'read', 'record-1') });
    clock.time = await failedAt(server);
    expect(minute()).toMatchObject({
      ...NOTHING,
      Requests: 1,
      ServerErrors: 1,
      FailedReloads: 1,
      Ready: 0,
      StaleSeconds: 0,
    });
  });

  test('after it: ready, and stale since the first load that failed until one is good', async () => {
    const { server, clock, minute } = await startReporting({ bundle: permitOnly('alice') });
    expect(minute()).toMatchObject({ FailedReloads: 0, Ready: 1, StaleSeconds: 0 });

    await writeBundle(server.source, BROKEN);
    await server.logged('reload failed');
    const since = await failedAt(server);
    clock.time = new Date(since.getTime() + 90_000);
    expect(minute()).toMatchObject({ FailedReloads: 1, Ready: 1, StaleSeconds: 90 });

    await writeBundle(server.source, { 'more.cedar': 'forbid(' });
    await server.logged('reload failed');
    clock.time = new Date(since.getTime() + 150_000);
    expect(minute()).toMatchObject({ FailedReloads: 1, Ready: 1, StaleSeconds: 150 });

    await writeBundle(server.source, { ...permitOnly('bob'), 'more.cedar': '' });
    await server.logged('revision active');
    await server.logged('revision active');
    expect(minute()).toMatchObject({ FailedReloads: 0, Ready: 1, StaleSeconds: 0 });

    await writeBundle(server.source, BROKEN);
    await server.logged('reload failed');
    // A clock that was put back.
    clock.time = new Date(since.getTime() - 1_000);
    expect(minute()).toMatchObject({ FailedReloads: 1, StaleSeconds: 0 });
    await writeBundle(server.source, permitOnly('bob'));
    await server.logged('revision unchanged');
    clock.time = new Date(since.getTime() + 3_600_000);
    expect(minute()).toMatchObject({ FailedReloads: 0, StaleSeconds: 0 });
  });

  async function failedAt({ url }: TestServer): Promise<Date> {
    const { json } = await call(url, '/health');
    return new Date((json as { lastReload: { failedAt: string } }).lastReload.failedAt);
  }
});

test('the last line is written when requests are over, unready, and none after it', async () => {
  const { server, clock, minute } = await startReporting();
  minute();
  await call(server.url, EVALUATION, { body: ask('alice', 'read', 'record-1') });
  await server.close();
  expect(server.records.slice(-2).map(({ msg }) => msg)).toEqual(['metrics', 'stopped']);
  expect(lines(server).at(-1)).toMatchObject({ ...NOTHING, Decisions: 1, Requests: 1, Ready: 0 });
  clock.tick();
  expect(lines(server)).toHaveLength(2);
});

test('nothing is written when it is not asked for', async () => {
  const clock = new FakeClock();
  const server = await startServer({ clock });
  await call(server.url, EVALUATION, { body: ask('alice', 'read', 'record-1') });
  await server.close();
  expect(clock.periods).toEqual([]);
  expect(lines(server)).toEqual([]);
});

test.each([
  ['empty', ''],
  ['blank', '   '],
  ['with a colon first', ':notes'],
  ['with a line end', 'no\ntes'],
  ['beyond ASCII', 'nötes'],
  ['too long', 'x'.repeat(1_025)],
])('a name that CloudWatch would not take is refused: %s', async (_name, cloudwatchMetrics) => {
  const source = await bundleDirectory(CERTIFICATION);
  await expect(serve({ source, port: 0, log: { write() {} }, cloudwatchMetrics })).rejects.toMatchObject({
    name: 'ConfigurationError',
    message: expect.stringContaining('is no value of a CloudWatch dimension'),
  });
});

describe('a distribution', () => {
  test('has the mean of each bucket, and sums that are exact', () => {
    const buckets = [
      { count: 2, sum: 6 },
      { count: 0, sum: 0 },
      { count: 1, sum: 40 },
    ];
    expect(distribution(buckets)).toEqual({
      Values: [3, 40],
      Counts: [2, 1],
      Min: 3,
      Max: 40,
      Count: 3,
      Sum: 46,
    });
  });

  test('of nothing is none', () => {
    expect(distribution([{ count: 0, sum: 0 }])).toBeUndefined();
  });
});
