import middy from '@middy/core';
import { describe, expect, test, vi } from 'vitest';
import {
  type AuthorizeOptions,
  authorize,
  type DecisionRecord,
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
  const response = await handler({}, lambdaContext());
  return { records, response };
}

const NAMES = { subjectType: 'User', action: 'view', resourceType: 'Note' };
const record = (more: object) => ({ durationMs: expect.any(Number), coldStart: false, ...more });

describe('each question is told, with names and types alone', () => {
  test.each<[string, Partial<AuthorizeOptions>, object]>([
    ['a permit', {}, { decision: true, ...NAMES }],
    ['a deny', { pdp: pdpThat(async () => ({ decision: false })) }, { decision: false, ...NAMES }],
    ['no subject', { subject: () => undefined }, { decision: false, error: 'UnauthorizedError' }],
    [
      'no answer',
      { pdp: pdpThat(() => Promise.reject(new PdpTimeoutError('10.0.0.7'))) },
      { decision: false, error: 'PdpTimeoutError', ...NAMES },
    ],
    [
      'none in time',
      { pdp: pdpThat(() => NEVER), timeoutMs: 10 },
      { decision: false, error: 'PdpTimeoutError', ...NAMES },
    ],
    [
      'what is no error',
      { pdp: pdpThat(() => Promise.reject('x')) },
      { decision: false, error: 'Error', ...NAMES },
    ],
    [
      'a resource that fails',
      { resource: () => Promise.reject(new TypeError()) },
      { decision: false, error: 'TypeError' },
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
  expect(records).toEqual([record({ decision: false, error: 'PdpTimeoutError', ...NAMES })]);
});
