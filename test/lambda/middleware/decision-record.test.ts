import middy from '@middy/core';
import { describe, expect, test, vi } from 'vitest';
import {
  type AuthorizeOptions,
  authorize,
  type DecisionRecord,
  fromLoader,
  fromPath,
  InvalidRequestError,
  PdpTimeoutError,
} from '../../../lambda/middleware/index.ts';
import { lambdaContext, NEVER, pdpThat, permitting } from './fixtures.ts';

const OPTIONS: AuthorizeOptions = {
  subject: { type: 'User', id: 'bob', properties: { secret: 1 } },
  action: 'view',
  resource: { type: 'Note', id: 'roadmap' },
  pdp: permitting(),
  logger: false,
};

async function recorded(options: Partial<AuthorizeOptions>, work: (a: never) => unknown = () => 'done') {
  const records: DecisionRecord[] = [];
  const onDecision = (record: DecisionRecord) => records.push(record);
  const handler = middy()
    .use(authorize({ ...OPTIONS, onDecision, ...options }))
    .handler(async (_event, { authorization }) => work(authorization as never));
  const response: unknown = await handler({}, lambdaContext()).catch((error: unknown) => error);
  return { records, response };
}

const NAMES = { subjectType: 'User', action: 'view', resourceType: 'Note' };
const record = (more: object) => ({ durationMs: expect.any(Number), coldStart: false, ...more });

describe('each question is told, with names and types alone', () => {
  test.each<[string, Partial<AuthorizeOptions>, object]>([
    ['a permit', {}, { decision: true, ...NAMES }],
    ['a deny', { pdp: pdpThat(async () => ({ decision: false })) }, { decision: false, ...NAMES }],
    [
      'no subject',
      { subject: () => undefined },
      { decision: false, error: 'UnauthorizedError', statusCode: 401 },
    ],
    [
      'no answer',
      { pdp: pdpThat(() => Promise.reject(new PdpTimeoutError('10.0.0.7'))) },
      { decision: false, error: 'PdpTimeoutError', statusCode: 503, ...NAMES },
    ],
    [
      'none in time',
      { pdp: pdpThat(() => NEVER), timeoutMs: 10 },
      { decision: false, error: 'PdpTimeoutError', statusCode: 503, ...NAMES },
    ],
    [
      'what is no error',
      { pdp: pdpThat(() => Promise.reject('x')) },
      { decision: false, error: 'Error', statusCode: 503, ...NAMES },
    ],
    [
      'a resource that fails',
      { resource: () => Promise.reject(new TypeError()) },
      { decision: false, error: 'TypeError', statusCode: 503 },
    ],
    [
      'a request that does not say on what',
      { resource: fromPath('note', { type: 'Note' }) as never },
      { decision: false, error: 'BadRequestError', statusCode: 400 },
    ],
    [
      'what an extractor says is not there',
      { resource: () => Promise.reject(Object.assign(new RangeError(), { statusCode: 404 })) },
      { decision: false, error: 'RangeError', statusCode: 404 },
    ],
    [
      'a question that the PDP cannot evaluate, which is our fault',
      { pdp: pdpThat(() => Promise.reject(new InvalidRequestError('context', 'is wrong'))) },
      { decision: false, error: 'InvalidRequestError', statusCode: 503, ...NAMES },
    ],
    [
      'a resource that is not there, which is a deny',
      {
        resource: fromLoader(
          () => undefined,
          () => ({ type: 'Note', id: 'a' }),
        ),
      },
      { decision: false },
    ],
  ])('%s', async (_name, options, expected) => {
    // The first question of all is of a cold start.
    await recorded({});
    expect((await recorded(options)).records).toEqual([record(expected)]);
  });

  test('those of a handler, too', async () => {
    const pdp = pdpThat(async ({ resource }) => ({ decision: resource.id !== 'b' }));
    const { records } = await recorded(
      { pdp },
      (authorization: { filter: (...args: unknown[]) => unknown }) =>
        authorization.filter(['a', 'b'], (id: string) => ({ type: 'Folder', id })),
    );
    const folder = { ...NAMES, resourceType: 'Folder' };
    expect(records).toEqual([
      record({ decision: true, ...NAMES }),
      record({ decision: true, ...folder }),
      record({ decision: false, ...folder }),
    ]);
  });
});

test('an item of a batch that was left unanswered is no deny', async () => {
  const left = { decision: false, context: { error: { status: 503, message: 'left unanswered' } } };
  const pdp = { ...permitting(), evaluateAll: async () => [left] };
  const { records, response } = await recorded(
    { pdp },
    (authorization: { check: (question: object) => unknown }) => authorization.check({}),
  );
  expect(response).toMatchObject({ statusCode: 503 });
  expect(records[1]).toEqual(
    record({ decision: false, error: 'PdpUnavailableError', statusCode: 503, ...NAMES }),
  );
});

test('the first in an environment is of a cold start', async () => {
  vi.resetModules();
  const fresh = await import('../../../lambda/middleware/index.ts');
  const cold: boolean[] = [];
  const onDecision = ({ coldStart }: DecisionRecord) => cold.push(coldStart);
  const handler = middy()
    .use(fresh.authorize({ ...OPTIONS, onDecision }))
    .handler(async () => 'done');
  await handler({}, lambdaContext());
  await handler({}, lambdaContext());
  expect(cold).toEqual([true, false]);
});

test('a listener that throws changes nothing', async () => {
  const onDecision = () => {
    throw new Error('metrics');
  };
  expect((await recorded({ onDecision })).response).toBe('done');
  expect((await recorded({ onDecision, subject: () => undefined })).response).toMatchObject({
    statusCode: 401,
  });
});

test('a listener is a function', () => {
  expect(() => authorize({ ...OPTIONS, onDecision: {} as never })).toThrow('onDecision must be a function');
});

test('what ends after the deadline is not told again', async () => {
  let permit = (_decision: unknown) => {};
  const late = new Promise((resolve) => {
    permit = resolve;
  });
  const { records } = await recorded({ pdp: pdpThat(() => late), timeoutMs: 10 });
  permit({ decision: true });
  await new Promise((resolve) => setImmediate(resolve));
  expect(records).toEqual([record({ decision: false, error: 'PdpTimeoutError', statusCode: 503, ...NAMES })]);
});
