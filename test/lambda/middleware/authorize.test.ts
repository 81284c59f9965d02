import middy from '@middy/core';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { InvalidRequestError, PdpTimeoutError } from '../../../engine/errors.ts';
import {
  type Authorization,
  type AuthorizeOptions,
  authorize,
  fromJwtClaims,
} from '../../../lambda/middleware/index.ts';
import { lambdaContext, NEVER, pdpThat, permitting } from './fixtures.ts';

const SUBJECT = { type: 'User', id: 'bob' };
const RESOURCE = { type: 'Note', id: 'acme/roadmap' };

interface Outcome {
  response?: unknown;
  error?: unknown;
  handled: Authorization[];
}

/** Runs a handler behind the middleware and tells whether it ran. Errors come out as they are. */
async function run(
  options: Partial<AuthorizeOptions>,
  event: unknown = {},
  context = lambdaContext(),
): Promise<Outcome> {
  const handled: Authorization[] = [];
  const handler = middy()
    .use(authorize({ subject: SUBJECT, action: 'view', resource: RESOURCE, respond: false, ...options }))
    .handler(async (_event, { authorization }) => {
      handled.push(authorization);
      return 'handled';
    });
  try {
    return { response: await handler(event, context), handled };
  } catch (error) {
    return { error, handled };
  }
}

async function statusOf(options: Partial<AuthorizeOptions>, event?: unknown, context = lambdaContext()) {
  const { error, handled } = await run(options, event, context);
  expect(handled).toEqual([]);
  return (error as { statusCode?: number }).statusCode;
}

describe('a permit', () => {
  test('runs the handler with what was asked and answered', async () => {
    const pdp = permitting();
    const { response, handled } = await run({ pdp, context: { now: '2026-03-02T12:00:00Z' } });
    expect(response).toBe('handled');
    expect(handled).toEqual([
      {
        subject: SUBJECT,
        action: { name: 'view' },
        resource: RESOURCE,
        context: { now: '2026-03-02T12:00:00Z' },
        decision: { decision: true, context: { policies: ['p1'] } },
      },
    ]);
  });

  test('is asked for with the question that the event poses', async () => {
    const pdp = permitting();
    await run(
      {
        pdp,
        subject: (event) => ({ type: 'User', id: (event as { user: string }).user }),
        action: async () => ({ name: 'edit', properties: { fields: ['title'] } }),
        resource: async (_event, { context }) => ({ type: 'Function', id: context.functionName }),
        context: () => ({ ip: '127.0.0.1' }),
      },
      { user: 'carol' },
    );
    expect(pdp.asked).toEqual([
      {
        request: {
          subject: { type: 'User', id: 'carol' },
          action: { name: 'edit', properties: { fields: ['title'] } },
          resource: { type: 'Function', id: 'test' },
          context: { ip: '127.0.0.1' },
        },
        options: { signal: expect.any(AbortSignal), timeoutMs: expect.any(Number), requestId: 'request-1' },
      },
    ]);
  });

  test('has types in the handler, beside those of the event', () => {
    middy<APIGatewayProxyEventV2>()
      .use(
        authorize({
          subject: fromJwtClaims({ type: 'User' }),
          action: 'view',
          resource: ({ rawPath }: APIGatewayProxyEventV2) => ({ type: 'Page', id: rawPath }),
          pdp: permitting(),
        }),
      )
      .handler(async (event, context) => {
        expectTypeOf(event.rawPath).toEqualTypeOf<string>();
        expectTypeOf(context.awsRequestId).toEqualTypeOf<string>();
        expectTypeOf(context.authorization).toEqualTypeOf<Authorization>();
        expectTypeOf(context.authorization.subject.id).toEqualTypeOf<string>();
        expectTypeOf(context.authorization.decision.decision).toEqualTypeOf<true>();
      });
  });
});

describe('no subject is 401', () => {
  test.each([
    ['undefined', () => undefined],
    ['null', () => null],
    ['an empty id', () => ({ type: 'User', id: '' })],
    ['no id', () => ({ type: 'User' }) as never],
    ['later: undefined', async () => undefined],
  ])('%s', async (_name, subject) => {
    const pdp = permitting();
    const { error, handled } = await run({ pdp, subject });
    expect(error).toMatchObject({
      name: 'UnauthorizedError',
      statusCode: 401,
      status: 401,
      expose: true,
      message: 'Unauthorized',
      headers: { 'WWW-Authenticate': 'Bearer' },
    });
    expect(handled).toEqual([]);
    expect(pdp.asked).toEqual([]);
  });

  test('and the other extractors are not called', async () => {
    const resource = () => expect.fail('called');
    expect(await statusOf({ pdp: permitting(), subject: () => undefined, resource })).toBe(401);
  });
});

describe('a deny is 403', () => {
  test('with an error that is fit for the caller', async () => {
    const pdp = pdpThat(async () => ({ decision: false, context: { policies: ['secret-policy'] } }));
    const { error, handled } = await run({ pdp });
    expect(error).toMatchObject({
      name: 'ForbiddenError',
      statusCode: 403,
      status: 403,
      expose: true,
      message: 'Forbidden',
    });
    expect(JSON.stringify(error)).not.toContain('secret-policy');
    expect(handled).toEqual([]);
  });

  test('whatever is not the decision `true` itself never runs the handler', async () => {
    const almost = fc.oneof(
      fc.anything().map((decision) => ({ decision })),
      fc.constantFrom(
        { decision: 'true' },
        { decision: 1 },
        { decision: [true] },
        { decision: { valueOf: () => true } },
      ),
      fc.anything(),
    );
    await fc.assert(
      fc.asyncProperty(almost, async (answer) => {
        fc.pre((answer as { decision?: unknown } | null)?.decision !== true);
        expect([403, 503]).toContain(await statusOf({ pdp: pdpThat(async () => answer) }));
      }),
    );
  });
});

describe('no answer is 503', () => {
  const failing = (error: unknown) => () => {
    throw error;
  };
  test.each<[string, Partial<AuthorizeOptions>]>([
    ['a PDP that rejects', { pdp: pdpThat(() => Promise.reject(new Error('refused'))) }],
    ['a PDP that throws', { pdp: pdpThat(failing(new Error('broken'))) }],
    ['a PDP that throws undefined', { pdp: pdpThat(failing(undefined)) }],
    [
      'a PDP that cannot evaluate the request',
      { pdp: pdpThat(failing(new InvalidRequestError('context', 'is wrong'))) },
    ],
    [
      'a PDP whose error looks like the caller’s fault',
      { pdp: pdpThat(failing(Object.assign(new Error(), { statusCode: 404 }))) },
    ],
    ['a PDP that answers nothing', { pdp: pdpThat(async () => undefined) }],
    [
      'a decision that throws when read',
      { pdp: pdpThat(async () => Object.defineProperty({}, 'decision', { get: failing(1) })) },
    ],
    ['no PDP', { pdp: failing(new Error('no PDP')) }],
    ['something that is no PDP', { pdp: () => ({}) as never }],
    ['a PDP that rejects later', { pdp: () => Promise.reject(new Error('no PDP')) }],
    ['an extractor that fails', { subject: failing(new TypeError('x of undefined')) }],
    ['an extractor that fails later', { resource: () => Promise.reject(new Error('database')) }],
    ['an extractor with a 5xx', { resource: failing(Object.assign(new Error(), { statusCode: 502 })) }],
    ['a subject that is none', { subject: { type: 7, id: 'bob' } as never }],
    ['an id that is a number', { subject: { type: 'User', id: 7 } as never }],
    ['no resource', { resource: () => undefined as never }],
    ['a resource without id', { resource: { type: 'Note', id: '' } }],
    ['an action without name', { action: () => '' }],
    ['a context that is an array', { context: (() => []) as never }],
  ])('%s', async (_name, options) => {
    const { error, handled } = await run({ pdp: permitting(), ...options });
    expect(error).toMatchObject({
      name: 'ServiceUnavailableError',
      statusCode: 503,
      expose: true,
      message: 'Service Unavailable',
    });
    expect(error).toHaveProperty('cause');
    expect(handled).toEqual([]);
  });

  test.each<[string, Partial<AuthorizeOptions>]>([
    ['a PDP', { pdp: pdpThat(() => NEVER) }],
    // biome-ignore lint/suspicious/noThenProperty: a thenable that never settles is the point
    ['a thenable', { pdp: pdpThat(() => ({ then: () => {} })) }],
    ['a function that gives the PDP', { pdp: () => NEVER }],
    ['an extractor', { pdp: permitting(), resource: () => NEVER }],
  ])('%s that never settles', async (_name, options) => {
    const { error, handled } = await run({ timeoutMs: 20, ...options });
    expect(error).toMatchObject({
      statusCode: 503,
      cause: { name: 'PdpTimeoutError', message: 'no answer within 20 ms' },
    });
    expect(handled).toEqual([]);
  });

  test('time is up when Lambda’s is, less what answering takes', async () => {
    const context = lambdaContext({ getRemainingTimeInMillis: () => 130 });
    const { error } = await run({ pdp: pdpThat(() => NEVER), timeoutMs: 100_000 }, {}, context);
    expect(error).toMatchObject({ statusCode: 503, cause: { message: 'no answer within 30 ms' } });
  });

  test('without time nobody is asked', async () => {
    const pdp = permitting();
    const context = lambdaContext({ getRemainingTimeInMillis: () => 100 });
    const { error } = await run({ pdp }, {}, context);
    expect(error).toMatchObject({ statusCode: 503, cause: expect.any(PdpTimeoutError) });
    expect(pdp.asked).toEqual([]);
  });

  test('the PDP is told when time is up', async () => {
    const pdp = pdpThat(() => NEVER);
    await run({ pdp, timeoutMs: 20 });
    expect(pdp.asked[0]?.options?.signal?.aborted).toBe(true);
  });
});

test('an error of an extractor that blames the caller passes through', async () => {
  const notFound = Object.assign(new Error('no such note'), { statusCode: 404, expose: true });
  const { error, handled } = await run({ pdp: permitting(), resource: () => Promise.reject(notFound) });
  expect(error).toBe(notFound);
  expect(handled).toEqual([]);
});

describe('the PDP', () => {
  test('is made once, at the first request, for all middlewares of one function', async () => {
    const pdp = permitting();
    let made = 0;
    const factory = async () => {
      made += 1;
      return pdp;
    };
    const handlers = [1, 2].map(() =>
      middy()
        .use(authorize({ subject: SUBJECT, action: 'view', resource: RESOURCE, pdp: factory }))
        .handler(async () => 'handled'),
    );
    expect(made).toBe(0);
    const outcomes = await Promise.all(
      handlers.flatMap((handler) => [handler({}, lambdaContext()), handler({}, lambdaContext())]),
    );
    expect(outcomes).toEqual(['handled', 'handled', 'handled', 'handled']);
    expect(made).toBe(1);
  });

  test('is made again when that failed', async () => {
    let made = 0;
    const factory = () => {
      made += 1;
      if (made === 1) throw new Error('not yet');
      return permitting();
    };
    expect(await statusOf({ pdp: factory })).toBe(503);
    expect((await run({ pdp: factory })).response).toBe('handled');
    expect(made).toBe(2);
  });
});

describe('requests do not mix', () => {
  test('many at the same time get their own answers', async () => {
    const pdp = pdpThat(async ({ subject }) => {
      await new Promise((resolve) => setImmediate(resolve));
      return { decision: subject.id.startsWith('good') };
    });
    const handler = middy()
      .use(
        authorize({
          subject: (event) => ({ type: 'User', id: String(event) }),
          action: 'view',
          resource: RESOURCE,
          pdp,
        }),
      )
      .handler(async (_event, { authorization }) => authorization.subject.id);
    const ids = Array.from({ length: 40 }, (_, index) => `${index % 2 === 0 ? 'good' : 'bad'}-${index}`);
    const outcomes = await Promise.all(ids.map((id) => handler(id, lambdaContext())));
    expect(outcomes.map((outcome) => (typeof outcome === 'string' ? outcome : outcome.statusCode))).toEqual(
      ids.map((id) => (id.startsWith('good') ? id : 403)),
    );
  });

  test('a context that is used again does not keep the permit of the request before', async () => {
    const context = lambdaContext();
    await run({ pdp: permitting() }, {}, context);
    expect(context).toHaveProperty('authorization');
    await run({ pdp: pdpThat(async () => ({ decision: false })) }, {}, context);
    expect(context).not.toHaveProperty('authorization');
  });
});

describe('options that are wrong are refused when the middleware is made', () => {
  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'the options must be an object'],
    [
      'a misspelt option',
      { subject: SUBJECT, action: 'view', resource: RESOURCE, ressource: 1 },
      'unknown option "ressource"',
    ],
    ['no subject', { action: 'view', resource: RESOURCE }, 'subject is missing'],
    ['no action', { subject: SUBJECT, resource: RESOURCE }, 'action is missing'],
    ['no resource', { subject: SUBJECT, action: 'view' }, 'resource is missing'],
    [
      'no PDP',
      { subject: SUBJECT, action: 'view', resource: RESOURCE, pdp: {} },
      'pdp must be a PolicyDecisionPoint',
    ],
    [
      'a null PDP',
      { subject: SUBJECT, action: 'view', resource: RESOURCE, pdp: null },
      'pdp must be a PolicyDecisionPoint',
    ],
    [
      'no time',
      { subject: SUBJECT, action: 'view', resource: RESOURCE, timeoutMs: -1 },
      'timeoutMs must be a positive',
    ],
    [
      'respond in words',
      { subject: SUBJECT, action: 'view', resource: RESOURCE, respond: 'no' },
      'respond must be true or false',
    ],
    [
      'a logger that is none',
      { subject: SUBJECT, action: 'view', resource: RESOURCE, logger: console },
      'logger must be a function',
    ],
  ])('%s', (_name, options, message) => {
    expect(() => authorize(options as AuthorizeOptions)).toThrow(
      expect.objectContaining({ name: 'ConfigurationError', message: expect.stringContaining(message) }),
    );
  });
});
