import middy from '@middy/core';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Decision } from '../../../engine/contract.ts';
import { payloadOf } from '../../../lambda/middleware/payload.ts';
import {
  authorizeRecords,
  type BatchRecord,
  fromSqsSender,
  type RecordsOptions,
} from '../../../lambda/records/index.ts';
import {
  dynamoDbRecord,
  eventBridgeEvent,
  kinesisRecord,
  type Message,
  snsRecord,
  sqsRecord,
} from '../events/records.ts';
import { lambdaContext, NEVER, pdpThat } from '../middleware/fixtures.ts';

const user = (record: unknown) => (payloadOf(record) as Message).user;

/** A PDP that knows good users, bad ones, and those about whom it cannot be asked just now. */
function pdp() {
  return pdpThat(async ({ subject }): Promise<Decision> => {
    if (subject.id.startsWith('away')) {
      return { decision: false, context: { error: { status: 503, message: 'left unanswered' } } };
    }
    if (subject.id.startsWith('odd')) {
      return { decision: false, context: { error: { status: 400, message: 'cannot be evaluated' } } };
    }
    return { decision: subject.id.startsWith('good') };
  });
}

interface Outcome {
  /** What the handler was given: the subject that each record was permitted for. */
  handled?: string[];
  denied: string[];
  logged: unknown[];
  response?: unknown;
  error?: unknown;
}

type Options = Partial<RecordsOptions<BatchRecord>>;

async function run(
  event: unknown,
  options: Options = {},
  answer: () => unknown = () => undefined,
): Promise<Outcome> {
  const outcome: Outcome = { denied: [], logged: [] };
  const middleware = authorizeRecords<BatchRecord>({
    subject: (record) => ({ type: 'User', id: user(record) as string }),
    action: 'import',
    resource: { type: 'Folder', id: 'inbox' },
    pdp: pdp(),
    onDenied: (_record, denial) => {
      outcome.denied.push(denial.name);
    },
    logger: (error) => outcome.logged.push(error.cause),
    ...options,
  });
  const handler = middy()
    .use(middleware)
    .handler(async (given, { authorizations }) => {
      const records = 'Records' in given ? given.Records : [given];
      outcome.handled = records.map((record) => authorizations.get(record)?.subject.id ?? 'nobody');
      return answer();
    });
  try {
    outcome.response = await handler(event as never, lambdaContext() as never);
  } catch (error) {
    outcome.error = error;
  }
  return outcome;
}

const sqs = (...users: unknown[]) => ({
  Records: users.map((id, index) => sqsRecord(`m${index}`, { user: id })),
});
const fails = (...ids: string[]) => ({
  batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })),
});
const UNAVAILABLE = { name: 'ServiceUnavailableError', statusCode: 503 };

describe('a batch of SQS', () => {
  test('is asked about at once, and the handler gets what is permitted', async () => {
    const asked = pdp();
    const { handled, denied, response, error } = await run(sqs('good-1', 'bad', 'good-2'), { pdp: asked });
    expect({ handled, denied, response, error }).toEqual({
      handled: ['good-1', 'good-2'],
      denied: ['ForbiddenError'],
      response: undefined,
      error: undefined,
    });
    expect(asked.batches.map((batch) => batch.map(({ subject }) => subject.id))).toEqual([
      ['good-1', 'bad', 'good-2'],
    ]);
    expect(asked.asked).toEqual([]);
  });

  test('hands back what nobody answered for, and nothing that is denied', async () => {
    const { handled, denied, response, logged } = await run(sqs('good', 'away', 'bad', 'odd'));
    expect(handled).toEqual(['good']);
    expect(denied).toEqual(['ForbiddenError', 'ForbiddenError']);
    expect(response).toEqual(fails('m1'));
    expect(logged).toEqual([expect.objectContaining({ name: 'PdpUnavailableError' })]);
  });

  test('adds to the failures that the handler reports', async () => {
    const answer = () => ({ ...fails('m0'), other: 1 });
    expect((await run(sqs('good', 'away'), {}, answer)).response).toEqual({ ...fails('m0', 'm1'), other: 1 });
  });

  test('leaves an answer alone that makes Lambda take the whole batch for failed', async () => {
    const broken = { batchItemFailures: 'all' };
    expect((await run(sqs('good', 'away'), {}, () => broken)).response).toBe(broken);
  });

  test('of which all is denied does not run the handler, and is done with', async () => {
    const { handled, denied, response } = await run(sqs('bad', undefined, 'bad'));
    expect({ handled, denied, response }).toEqual({
      handled: undefined,
      denied: ['ForbiddenError', 'UnauthorizedError', 'ForbiddenError'],
      response: fails(),
    });
  });

  test('of which nothing is permitted hands back the rest', async () => {
    expect(await run(sqs('bad', 'away'))).toMatchObject({ response: fails('m1') });
  });

  test('fails whole when nobody answered for any', async () => {
    const { handled, error, logged } = await run(sqs('away', 'away'));
    expect(handled).toBeUndefined();
    expect(error).toMatchObject(UNAVAILABLE);
    expect(logged).toHaveLength(1);
  });

  test.each([
    ['rejects', pdpThat(() => Promise.reject(new Error('refused')))],
    ['never answers', pdpThat(() => NEVER)],
    ['has too few answers', { ...pdp(), evaluateAll: async () => [{ decision: true }] }],
    ['has no answers', { ...pdp(), evaluateAll: async () => ({ decision: true }) as never }],
  ])('fails whole, and tells why, when the PDP %s', async (_name, broken) => {
    const { handled, denied, error, logged } = await run(sqs('good', 'good'), { pdp: broken, timeoutMs: 50 });
    expect({ handled, denied }).toEqual({ handled: undefined, denied: [] });
    expect(error).toMatchObject(UNAVAILABLE);
    expect(logged).toHaveLength(1);
  });

  test('fails whole for one record where the event source takes no partial answer', async () => {
    const options = { reportBatchItemFailures: false };
    expect(await run(sqs('good', 'away'), options)).toMatchObject({ error: UNAVAILABLE });
    const { handled, response } = await run(sqs('good', 'bad'), options);
    expect({ handled, response }).toEqual({ handled: ['good'], response: undefined });
  });

  test('a message that is not what it should be is denied; one that the code fails on is handed back', async () => {
    const noJson = { ...sqsRecord('m1', {}), body: '{"user":' };
    const failing = sqsRecord('m2', { user: 'fails' });
    const outcome = await run(
      { Records: [sqsRecord('m0', { user: 'good' }), noJson, failing] },
      {
        subject: (record) => {
          if (user(record) === 'fails') throw new TypeError('a bug');
          return { type: 'User', id: user(record) as string };
        },
      },
    );
    expect(outcome).toMatchObject({ handled: ['good'], denied: ['BadRequestError'], response: fails('m2') });
    expect(outcome.logged).toEqual([new TypeError('a bug')]);
  });

  test('a denied record that cannot be put aside is handed back', async () => {
    const onDenied = async () => {
      throw new Error('the other queue is full');
    };
    expect(await run(sqs('good', 'bad'), { onDenied })).toMatchObject({
      handled: ['good'],
      response: fails('m1'),
    });
  });

  test('without records is refused', async () => {
    expect(await run({ Records: [] })).toMatchObject({ error: { name: 'ConfigurationError' } });
    expect(await run({ requestContext: {} })).toMatchObject({ error: { name: 'ConfigurationError' } });
  });
});

describe('order is kept', () => {
  test('in each group of a FIFO queue', async () => {
    const records = [
      ['m0', 'good-1', 'a'],
      ['m1', 'away', 'a'],
      ['m2', 'good-2', 'b'],
      ['m3', 'good-3', 'a'],
      ['m4', 'bad', 'a'],
      ['m5', 'good-4', 'b'],
    ].map(([id = '', name, group]) => sqsRecord(id, { user: name }, group));
    const { handled, denied, response } = await run({ Records: records });
    expect(handled).toEqual(['good-1', 'good-2', 'good-4']);
    expect(denied).toEqual([]);
    expect(response).toEqual(fails('m1', 'm3', 'm4'));
  });

  test.each([
    ['Kinesis', (id: string, name: string) => kinesisRecord(id, { user: name })],
    ['DynamoDB', dynamoDbRecord],
  ])('in a stream of %s, which goes on from the first that is handed back', async (_name, record) => {
    const subject = (item: unknown) => {
      const image = (item as ReturnType<typeof dynamoDbRecord>).dynamodb?.NewImage;
      return { type: 'User', id: (image?.User?.S ?? user(item)) as string };
    };
    const Records = ['bad', 'good-1', 'away', 'good-2', 'bad'].map((name, index) => record(`${index}`, name));
    const { handled, denied, response } = await run({ Records }, { subject });
    expect(handled).toEqual(['good-1']);
    expect(denied).toEqual(['ForbiddenError']);
    expect(response).toEqual(fails('2', '3', '4'));
  });

  test('and a tumbling window keeps its state when the handler is not run', async () => {
    const event = { Records: [kinesisRecord('0', { user: 'bad' })], state: { sum: 3 }, window: {} };
    expect((await run(event)).response).toEqual({ ...fails(), state: { sum: 3 } });
  });
});

describe.each([
  ['SNS', (name: string) => ({ Records: [snsRecord('s1', { user: name })] })],
  ['EventBridge', (name: string) => eventBridgeEvent('e1', { user: name })],
])('%s', (_name, event) => {
  test('runs the handler on a permit', async () => {
    expect(await run(event('good'), {}, () => 'done')).toMatchObject({ handled: ['good'], response: 'done' });
  });

  test('is done with on a deny, so that it is not tried again', async () => {
    const { handled, denied, error } = await run(event('bad'));
    expect({ handled, denied, error }).toEqual({
      handled: undefined,
      denied: ['ForbiddenError'],
      error: undefined,
    });
  });

  test('fails without an answer, so that it is', async () => {
    expect(await run(event('away'))).toMatchObject({ error: UNAVAILABLE });
  });
});

test('without a listener a denied record is in the log, by its id alone', async () => {
  const written = vi.spyOn(console, 'warn').mockImplementation(() => {});
  onTestFinished(() => written.mockRestore());
  await run(sqs('bad-secret'), { onDenied: undefined } as never);
  await run({ Records: [snsRecord('s1', { user: 'bad' })] }, { onDenied: undefined } as never);
  await run(eventBridgeEvent('e1', { user: 'bad' }), { onDenied: undefined } as never);
  expect(written.mock.calls).toEqual(
    ['m0', 's1', 'e1'].map((id) => [`ForbiddenError: the record ${id} is denied, and done with`]),
  );
});

test('each record is told to who counts decisions', async () => {
  const onDecision = vi.fn();
  await run(sqs('good', 'bad', undefined), { onDecision });
  expect(
    onDecision.mock.calls.map(([{ decision, error, subjectType }]) => [decision, error, subjectType]),
  ).toEqual([
    [false, 'UnauthorizedError', undefined],
    [true, undefined, 'User'],
    [false, undefined, 'User'],
  ]);
});

test('what was loaded for a record reaches the handler', async () => {
  const loaded: unknown[] = [];
  const handler = middy()
    .use(
      authorizeRecords({
        subject: (record: ReturnType<typeof sqsRecord>) => ({ type: 'User', id: record.messageId }),
        action: 'import',
        resource: async (record: ReturnType<typeof sqsRecord>) => ({
          resource: { type: 'Note', id: 'roadmap' },
          loaded: { title: record.messageId },
        }),
        pdp: pdpThat(async () => ({ decision: true })),
      }),
    )
    .handler(async ({ Records }, { authorizations }) => {
      for (const record of Records) loaded.push(authorizations.get(record)?.loaded.title);
    });
  await handler({ Records: [sqsRecord('m0', {}), sqsRecord('m1', {})] }, lambdaContext() as never);
  expect(loaded).toEqual(['m0', 'm1']);
});

test.each<[unknown, string]>([
  [undefined, 'the options must be an object'],
  [{ respond: true }, 'unknown option "respond"'],
  [{ onDenied: 'drop' }, 'onDenied must be a function'],
  [{ reportBatchItemFailures: 1 }, 'reportBatchItemFailures must be true or false'],
])('options %j are refused', (options, message) => {
  const subject = { type: 'User', id: 'a' };
  const given =
    options === undefined ? options : { subject, action: 'a', resource: subject, ...(options as object) };
  expect(() => authorizeRecords(given as RecordsOptions)).toThrow(`authorizeRecords: ${message}`);
});

describe('fromSqsSender', () => {
  test.each([
    ['AROAEXAMPLE:session', 'AROAEXAMPLE'],
    ['AIDAEXAMPLE', 'AIDAEXAMPLE'],
  ])('of %s is %s', (SenderId, id) => {
    expect(fromSqsSender({ type: 'Service' })({ attributes: { SenderId } })).toEqual({ type: 'Service', id });
  });

  test.each([[''], [':session'], [7], [null]])('of %j is nobody', (SenderId) => {
    expect(fromSqsSender({ type: 'Service' })({ attributes: { SenderId } } as never)).toBeUndefined();
  });
});
