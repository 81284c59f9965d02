import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import middy from '@middy/core';
import { describe, expect, test, vi } from 'vitest';
import { type DecisionRecord, type ObservabilityLogger, observe } from '../../../lambda/observe/index.ts';
import { problemsOf } from '../../pdp-container/cloudwatch/embedded-metric-format.ts';
import { lambdaContext } from '../middleware/fixtures.ts';
import { linesOfLog } from './lines.ts';

const PERMIT: DecisionRecord = {
  decision: true,
  durationMs: 1.2345,
  subjectType: 'User',
  action: 'view',
  resourceType: 'Note',
  coldStart: false,
};
const DENY: DecisionRecord = { ...PERMIT, decision: false, durationMs: 2 };
/** As of a request without a subject. */
const NOBODY: DecisionRecord = {
  decision: false,
  durationMs: 0.1,
  error: 'UnauthorizedError',
  statusCode: 401,
  coldStart: false,
};
const NO_ANSWER: DecisionRecord = { ...DENY, error: 'PdpTimeoutError' };

/** A logger that keeps what it is told. */
function keepingLogger(): ObservabilityLogger & { said: unknown[][] } {
  const said: unknown[][] = [];
  const level = (name: string) => (message: string, fields: object) =>
    void said.push([name, message, fields]);
  return { said, info: level('info'), warn: level('warn'), error: level('error') };
}

describe('metrics in the embedded format', () => {
  test('are one line for all that was decided since the last time', () => {
    const lines = linesOfLog();
    const observer = observe({ metrics: { namespace: 'Notes', dimensions: { Service: 'notes' } } });
    for (const record of [PERMIT, DENY, NO_ANSWER, NOBODY]) observer.onDecision(record);
    for (const type of [
      'attempt',
      'retry',
      'hedge',
      'cache-hit',
      'cache-hit',
      'cache-miss',
      'fallback',
      'refreshed',
      'refresh-unchanged',
      'refresh-refused',
      'refresh-failed',
      'refresh-recovered',
    ] as const)
      observer.onEvent({ type });
    expect(lines).toEqual([]);
    observer.flush();
    observer.flush();
    expect(lines).toHaveLength(1);
    const document = JSON.parse(String(lines[0]));
    expect(problemsOf(document)).toEqual([]);
    expect(document).toEqual({
      _aws: {
        Timestamp: expect.any(Number),
        CloudWatchMetrics: [
          {
            Namespace: 'Notes',
            Dimensions: [['Service']],
            Metrics: [
              { Name: 'Decisions', Unit: 'Count' },
              { Name: 'Denials', Unit: 'Count' },
              { Name: 'DecisionTime', Unit: 'Microseconds' },
              { Name: 'Errors', Unit: 'Count' },
              { Name: 'Retries', Unit: 'Count' },
              { Name: 'CacheHits', Unit: 'Count' },
              { Name: 'Fallbacks', Unit: 'Count' },
              { Name: 'FailedReloads', Unit: 'Count' },
            ],
          },
        ],
      },
      Service: 'notes',
      Decisions: 2,
      Denials: 1,
      DecisionTime: [1235, 2000],
      Errors: 1,
      Retries: 2,
      CacheHits: 2,
      Fallbacks: 1,
      FailedReloads: 2,
    });
  });

  test('have the function as their dimension, and nothing that did not happen', () => {
    vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'view-note');
    const lines = linesOfLog();
    const observer = observe();
    vi.unstubAllEnvs();
    observer.onDecision(PERMIT);
    observer.flush();
    const { _aws, ...members } = JSON.parse(String(lines[0]));
    expect(_aws.CloudWatchMetrics[0]).toMatchObject({
      Namespace: 'ServerlessPdp',
      Dimensions: [['FunctionName']],
    });
    expect(members).toEqual({
      FunctionName: 'view-note',
      Decisions: 1,
      Denials: 0,
      DecisionTime: [1235],
      Errors: 0,
    });
  });

  test('are split where a line would have too many values', () => {
    const lines = linesOfLog();
    const observer = observe({ metrics: { dimensions: { Service: 'notes' } } });
    for (let count = 0; count < 250; count += 1) observer.onDecision(DENY);
    observer.flush();
    const documents = lines.map((line) => JSON.parse(line));
    expect(documents.flatMap(problemsOf)).toEqual([]);
    expect(documents.map(({ DecisionTime }) => DecisionTime.length)).toEqual([100, 100, 50]);
    expect(documents.reduce((sum, { Denials }) => sum + Denials, 0)).toBe(250);
  });

  test('are written at the end of an invocation, whether it went well or not', async () => {
    const lines = linesOfLog();
    const observer = observe({ metrics: { dimensions: { Service: 'notes' } } });
    const handler = middy<{ fails?: boolean }>()
      .use(observer.middleware)
      .use({ before: () => observer.onDecision(PERMIT) })
      .handler(async (event) => {
        expect(lines.length).toBe(event.fails ? 1 : 0);
        if (event.fails) throw new Error('of the handler');
        return 'done';
      });
    expect(await handler({}, lambdaContext())).toBe('done');
    expect(lines).toHaveLength(1);
    await expect(handler({ fails: true }, lambdaContext())).rejects.toThrow('of the handler');
    expect(lines.map((line) => JSON.parse(line).Decisions)).toEqual([1, 1]);
  });
});

test("a Metrics of Powertools takes them with the function's own", () => {
  const lines = linesOfLog();
  const metrics = new Metrics({ namespace: 'Notes', serviceName: 'notes' });
  const observer = observe({ metrics });
  metrics.addMetric('NotesRead', 'Count', 3);
  observer.onDecision(PERMIT);
  observer.onDecision(DENY);
  observer.onEvent({ type: 'cache-hit' });
  observer.flush();
  expect(lines).toEqual([]);
  metrics.publishStoredMetrics();
  const document = JSON.parse(String(lines[0]));
  expect(problemsOf(document)).toEqual([]);
  expect(document).toMatchObject({
    NotesRead: 3,
    Decisions: [1, 1],
    Denials: [0, 1],
    DecisionTime: [1235, 2000],
    Errors: [0, 0],
    CacheHits: 1,
  });
});

test('without metrics nothing is written', () => {
  const lines = linesOfLog();
  const observer = observe({ metrics: false });
  observer.onDecision(PERMIT);
  observer.onEvent({ type: 'retry' });
  observer.flush();
  expect(lines).toEqual([]);
});

describe('the log', () => {
  test('has a line for a decision, at a level that says how it came out', () => {
    const logger = keepingLogger();
    const observer = observe({ logger, metrics: false });
    for (const record of [PERMIT, DENY, NO_ANSWER, NOBODY]) observer.onDecision(record);
    expect(logger.said).toEqual([
      ['info', 'authorization decision', { authorization: PERMIT }],
      ['warn', 'authorization decision', { authorization: DENY }],
      ['error', 'authorization decision', { authorization: NO_ANSWER }],
      ['warn', 'authorization decision', { authorization: NOBODY }],
    ]);
  });

  test('can be of what was not permitted alone', () => {
    const logger = keepingLogger();
    const observer = observe({ logger, decisions: 'denied', metrics: false });
    for (const record of [PERMIT, DENY, NO_ANSWER, NOBODY]) observer.onDecision(record);
    expect(logger.said.map(([level]) => level)).toEqual(['warn', 'error', 'warn']);
  });

  test('tells of an address that is given up, of the fall-back, of newer policies, and of no other event', () => {
    const logger = keepingLogger();
    const { onEvent } = observe({ logger, metrics: false });
    for (const type of ['attempt', 'retry', 'hedge', 'cache-hit', 'cache-miss'] as const) onEvent({ type });
    expect(logger.said).toEqual([]);
    onEvent({ type: 'breaker-open', address: '10.0.0.7', error: 'ConnectionError' });
    onEvent({ type: 'breaker-close', address: '10.0.0.7' });
    onEvent({ type: 'fallback', error: 'PdpTimeoutError' });
    onEvent({ type: 'refreshed', revision: 'r2' });
    onEvent({ type: 'refresh-unchanged', revision: 'r2' });
    onEvent({ type: 'refresh-refused', revision: 'r2', error: 'InvalidBundleError', problem: 'not signed' });
    onEvent({ type: 'refresh-failed', revision: 'r2', error: 'PdpUnavailableError', problem: 'away' });
    onEvent({ type: 'refresh-recovered', revision: 'r2' });
    expect(logger.said).toEqual([
      [
        'warn',
        'pdp breaker-open',
        { pdp: { type: 'breaker-open', address: '10.0.0.7', error: 'ConnectionError' } },
      ],
      ['info', 'pdp breaker-close', { pdp: { type: 'breaker-close', address: '10.0.0.7' } }],
      ['warn', 'pdp fallback', { pdp: { type: 'fallback', error: 'PdpTimeoutError' } }],
      ['info', 'pdp refreshed', { pdp: { type: 'refreshed', revision: 'r2' } }],
      [
        'error',
        'pdp refresh-refused',
        {
          pdp: {
            type: 'refresh-refused',
            revision: 'r2',
            error: 'InvalidBundleError',
            problem: 'not signed',
          },
        },
      ],
      [
        'warn',
        'pdp refresh-failed',
        { pdp: { type: 'refresh-failed', revision: 'r2', error: 'PdpUnavailableError', problem: 'away' } },
      ],
      ['info', 'pdp refresh-recovered', { pdp: { type: 'refresh-recovered', revision: 'r2' } }],
    ]);
  });

  test('of Powertools has the record beside the keys of the function', () => {
    const lines = linesOfLog();
    const logger = new Logger({ serviceName: 'notes' });
    logger.appendKeys({ tenant: 'acme' });
    const observer = observe({ logger, metrics: false });
    observer.onDecision(PERMIT);
    observer.onDecision(NO_ANSWER);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 'INFO', message: 'authorization decision', tenant: 'acme', authorization: PERMIT },
      { level: 'ERROR', message: 'authorization decision', tenant: 'acme', authorization: NO_ANSWER },
    ]);
  });
});

test('a logger or metrics that fail do not reach the caller', () => {
  const fail = () => {
    throw new Error('full');
  };
  const observer = observe({
    logger: { info: fail, warn: fail, error: fail },
    metrics: { addMetric: fail },
  });
  expect(() => observer.onDecision(DENY)).not.toThrow();
  expect(() => observer.onEvent({ type: 'breaker-open' })).not.toThrow();
});

test.each([
  [null, 'observe: the options must be an object'],
  [{ log: console }, 'observe: unknown option "log"; the options are logger, decisions, metrics'],
  [{ logger: {} }, 'observe: logger must have info, warn and error'],
  [{ logger: null }, 'observe: logger must have info, warn and error'],
  [{ decisions: 'none' }, 'observe: decisions must be "all" or "denied"'],
  [{ metrics: true }, 'observe: metrics: the options must be an object'],
  [{ metrics: { Namespace: 'x' } }, 'observe: metrics: unknown option "Namespace"'],
  [{ metrics: { namespace: 'AWS/Lambda' } }, 'observe: metrics.namespace must be'],
  [{ metrics: { namespace: 'nötes' } }, 'observe: metrics.namespace must be'],
  [{ metrics: { namespace: ' ' } }, 'observe: metrics.namespace must be'],
  [{ metrics: { dimensions: { Service: '' } } }, 'observe: metrics.dimensions.Service must be'],
  [{ metrics: { dimensions: { Service: 7 } } }, 'observe: metrics.dimensions.Service must be'],
  [{ metrics: { dimensions: { 'S\n': 'x' } } }, 'observe: metrics.dimensions has a name that'],
  [
    { metrics: { dimensions: Object.fromEntries(Array.from({ length: 31 }, (_, n) => [`D${n}`, 'x'])) } },
    'observe: metrics.dimensions are 31; CloudWatch takes 30',
  ],
])('%j is refused', (options, message) => {
  expect(() => observe(options as never)).toThrow(
    expect.objectContaining({ name: 'ConfigurationError', message: expect.stringContaining(message) }),
  );
});
