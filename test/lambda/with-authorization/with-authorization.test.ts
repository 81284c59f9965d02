import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { ConfigurationError, PdpUnavailableError } from '../../../engine/errors.ts';
import type { Authorization, AuthorizeOptions } from '../../../lambda/middleware/index.ts';
import { withAuthorization } from '../../../lambda/with-authorization/index.ts';
import { albEvent, functionUrlEvent, httpApiEvent, restApiEvent } from '../frameworks/events.ts';
import { lambdaContext, pdpThat, permitting } from '../middleware/fixtures.ts';

const SUBJECT = { type: 'User', id: 'alice' };
const QUESTION = {
  subject: SUBJECT,
  action: 'view',
  resource: { type: 'Note', id: 'one' },
  logger: false,
} as const;
const denying = () => pdpThat(async () => ({ decision: false, context: { policies: ['secret-policy'] } }));

/** What comes out for an event, and whether the handler ran. */
async function run(own: Partial<AuthorizeOptions>, event: unknown, context = lambdaContext()) {
  const handled: Authorization[] = [];
  const handler = withAuthorization({ ...QUESTION, ...own }, async (_event, { authorization }) => {
    handled.push(authorization);
    return 'handled';
  });
  try {
    return { response: await handler(event, context), handled };
  } catch (error) {
    return { error, handled };
  }
}

const failing = (fields: object) => () => {
  throw Object.assign(new Error('note 7 of acme'), fields);
};

const HTTP: [string, unknown][] = [
  ['an HTTP API', httpApiEvent({})],
  ['a REST API', restApiEvent({})],
  ['a function URL', functionUrlEvent({})],
  ['a load balancer', albEvent({})],
  [
    'a WebSocket API',
    { requestContext: { routeKey: 'send', connectionId: 'a=', eventType: 'MESSAGE' }, body: '{}' },
  ],
  [
    'VPC Lattice',
    { version: '2.0', path: '/', method: 'GET', requestContext: { serviceArn: 'arn:aws:vpc-lattice' } },
  ],
];

const OTHERS: [string, unknown][] = [
  ['SQS', { Records: [{ messageId: '1', body: '{"requestContext":{"http":{}}}', eventSource: 'aws:sqs' }] }],
  ['EventBridge', { version: '0', id: '1', 'detail-type': 'Order', detail: { httpMethod: 'GET' } }],
  ['a state machine', { note: 'one', httpMethod: 'GET' }],
  [
    'AppSync',
    { info: { fieldName: 'note', parentTypeName: 'Query' }, arguments: {}, request: { headers: {} } },
  ],
  ['nobody', undefined],
  ['a string', 'requestContext'],
];

describe.each(HTTP)('a request of %s', (_name, event) => {
  test('is answered when it is stopped', async () => {
    const { response, handled } = await run({ pdp: denying() }, event);
    expect(response).toEqual({
      statusCode: 403,
      headers: { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' },
      body: '{"type":"about:blank","title":"Forbidden","status":403}',
    });
    expect(handled).toEqual([]);
  });

  test('is an error when nobody is to answer', async () => {
    const { error, handled } = await run({ pdp: denying(), respond: false }, event);
    expect(error).toMatchObject({ name: 'ForbiddenError', statusCode: 403 });
    expect(handled).toEqual([]);
  });
});

describe.each(OTHERS)('an event of %s', (_name, event) => {
  test.each<[string, Partial<AuthorizeOptions>]>([
    ['ForbiddenError', { pdp: denying() }],
    ['UnauthorizedError', { pdp: permitting(), subject: () => undefined }],
    ['ServiceUnavailableError', { pdp: pdpThat(() => Promise.reject(new PdpUnavailableError('away'))) }],
    ['Error', { pdp: permitting(), resource: failing({ statusCode: 404 }) }],
  ])('is stopped with a %s', async (name, own) => {
    const { error, handled } = await run(own, event);
    expect((error as Error).name).toBe(name);
    expect(handled).toEqual([]);
  });

  test('is answered when it is told to', async () => {
    const { response } = await run({ pdp: denying(), respond: true }, event);
    expect(response).toMatchObject({ statusCode: 403 });
  });

  test('is handled on a permit', async () => {
    const { response, handled } = await run({ pdp: permitting() }, event);
    expect([response, handled[0]?.subject]).toEqual(['handled', SUBJECT]);
  });
});

describe("an extractor's error that says the caller is at fault", () => {
  const problem = (status: number, title: string, detail?: string) => ({
    type: 'about:blank',
    title,
    status,
    ...(detail === undefined ? {} : { detail }),
  });

  test.each([
    [{ statusCode: 404 }, problem(404, 'Not Found')],
    [{ statusCode: 404, expose: true }, problem(404, 'Not Found', 'note 7 of acme')],
    [{ statusCode: 404, expose: 'yes' }, problem(404, 'Not Found')],
    [{ statusCode: 418 }, problem(418, 'Request Refused')],
  ])('is answered, and tells what it may: %j', async (fields, body) => {
    const { response, handled } = await run(
      { pdp: permitting(), resource: failing(fields) },
      httpApiEvent({}),
    );
    expect(response).toMatchObject({
      statusCode: fields.statusCode,
      headers: { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' },
    });
    expect(JSON.parse((response as { body: string }).body)).toEqual(body);
    expect(handled).toEqual([]);
  });

  test.each([200, 302, 500, 503, '404', Number.NaN])('is no such error with %s', async (statusCode) => {
    const { response } = await run(
      { pdp: permitting(), resource: failing({ statusCode }) },
      httpApiEvent({}),
    );
    expect(response).toMatchObject({ statusCode: 503, body: expect.not.stringContaining('acme') });
  });
});

test('what the handler throws, or answers, is the handler’s', async () => {
  const failure = Object.assign(new Error('of the handler'), { statusCode: 404 });
  const handler = withAuthorization({ ...QUESTION, pdp: permitting() }, async () => {
    throw failure;
  });
  await expect(handler(httpApiEvent({}), lambdaContext())).rejects.toBe(failure);
  const plain = withAuthorization({ ...QUESTION, pdp: permitting() }, () => 7);
  expect(await plain(httpApiEvent({}), lambdaContext())).toBe(7);
});

test('the handler can ask more', async () => {
  const pdp = {
    ...permitting(),
    evaluateAll: async (requests: { resource: { id: string } }[]) =>
      requests.map(({ resource }) => ({ decision: resource.id !== 'two' })),
  };
  const handler = withAuthorization({ ...QUESTION, pdp }, (_event, { authorization }) =>
    authorization.filter(['one', 'two', 'three'], (id) => ({ type: 'Note', id })),
  );
  expect(await handler(httpApiEvent({}), lambdaContext())).toEqual(['one', 'three']);
});

test('onDeny shapes the answer, and its failure leaves it as it is', async () => {
  const shaped = { statusCode: 404, body: 'no such note' };
  const onDeny = vi.fn(() => shaped);
  const { response } = await run({ pdp: denying(), onDeny }, httpApiEvent({}));
  expect(response).toBe(shaped);
  expect(onDeny).toHaveBeenCalledExactlyOnceWith(
    expect.objectContaining({ statusCode: 403 }),
    expect.objectContaining({ event: httpApiEvent({}) }),
  );
  const error = vi.spyOn(console, 'error').mockImplementation(() => {});
  const broken = await run({ pdp: denying(), onDeny: failing({}) }, httpApiEvent({}));
  error.mockRestore();
  expect(broken.response).toMatchObject({ statusCode: 403, body: expect.stringContaining('Forbidden') });
});

test('no permit of an earlier request is left in a context that is used again', async () => {
  const context = lambdaContext();
  await run({ pdp: permitting() }, httpApiEvent({}), context);
  expect(context.authorization.subject).toEqual(SUBJECT);
  await run({ pdp: denying() }, httpApiEvent({}), context);
  expect('authorization' in context).toBe(false);
});

test('requests of one environment at the same time get their own answers', async () => {
  const pdp = pdpThat(async ({ subject }) => ({ decision: subject.id === 'alice' }));
  const handler = withAuthorization(
    {
      ...QUESTION,
      subject: async ({ user }: { user: string }) => ({ type: 'User', id: user }),
      pdp,
      respond: true,
    },
    async (_event, { authorization }) => authorization.subject.id,
  );
  const users = ['alice', 'bob', 'alice', 'carol'];
  const answers = await Promise.all(users.map((user) => handler({ user }, lambdaContext())));
  const denied = expect.objectContaining({ statusCode: 403 });
  expect(answers).toEqual(['alice', denied, 'alice', denied]);
});

test('whatever the event is, nobody is let in without a permit', async () => {
  await fc.assert(
    fc.asyncProperty(fc.anything(), async (event) => {
      const { response, error, handled } = await run({ pdp: denying() }, event);
      expect(handled).toEqual([]);
      expect(error ?? response).toMatchObject({ statusCode: 403 });
    }),
  );
});

test.each<[object, RegExp]>([
  [{ subject: undefined }, /^withAuthorization: subject is missing/],
  [{ timeout: 5 }, /^withAuthorization: unknown option "timeout"/],
  [{ respond: 'http' }, /^withAuthorization: respond must be true or false/],
])('options that are wrong are told at once: %j', (own, message) => {
  const make = () => withAuthorization({ ...QUESTION, ...own } as AuthorizeOptions, () => 0);
  expect(make).toThrow(ConfigurationError);
  expect(make).toThrow(message);
});

test('a handler that is none is told at once', () => {
  expect(() => withAuthorization(QUESTION, undefined as never)).toThrow(/the handler must be a function/);
});
