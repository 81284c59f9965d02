import { NotFoundError, Router } from '@aws-lambda-powertools/event-handler/http';
import { cors } from '@aws-lambda-powertools/event-handler/http/middleware';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { ConfigurationError } from '../../../engine/errors.ts';
import { ForbiddenError, fromJwtClaims, fromPath } from '../../../lambda/middleware/index.ts';
import { type AuthorizationEnv, authorize, type RouterOptions } from '../../../lambda/powertools/index.ts';
import { type Asked, httpApiEvent } from '../frameworks/events.ts';
import { lambdaContext, pdpThat, permitting } from '../middleware/fixtures.ts';

const denying = () => pdpThat(async () => ({ decision: false }));
const asAlice = (asked: Asked = {}) => httpApiEvent({ claims: { sub: 'alice' }, ...asked });
const QUESTION = {
  subject: { type: 'User', id: 'alice' },
  action: 'view',
  resource: { type: 'Note', id: 'one' },
  logger: false,
} as const;

/** An app with one route for a note. */
function appWith(...questions: Partial<RouterOptions>[]) {
  const app = new Router<AuthorizationEnv>();
  const handled: unknown[] = [];
  app.get(
    '/notes/:note',
    questions.map((own) => authorize({ ...QUESTION, ...own })),
    (reqCtx) => {
      handled.push(reqCtx.get('authorization'));
      return { by: 'handler' };
    },
  );
  const ask = async (event: unknown = asAlice()) => {
    const { statusCode, body, headers } = (await app.resolve(event, lambdaContext())) as {
      statusCode: number;
      body: string;
      headers: Record<string, string>;
    };
    return { statusCode, headers, body: JSON.parse(body || 'null') };
  };
  return { app, ask, handled };
}

test('extractors get the event, the parameters of the route and the request context', async () => {
  const pdp = permitting();
  const { ask } = appWith({
    pdp,
    subject: fromJwtClaims({ type: 'User' }) as never,
    resource: fromPath('note', { type: 'Note' }) as never,
    context: (_event, { route, req, context }) => ({
      route: String(route),
      method: req.method,
      function: context.functionName,
    }),
  });
  // API Gateway's own parameter of the same name says another thing.
  const event = {
    ...asAlice({ note: 'roadmap' }),
    pathParameters: { note: 'other', proxy: 'notes/roadmap' },
  };
  expect(await ask(event)).toMatchObject({ statusCode: 200 });
  expect(pdp.asked).toMatchObject([
    {
      request: {
        subject: { type: 'User', id: 'alice' },
        resource: { type: 'Note', id: 'roadmap' },
        context: { method: 'GET', function: 'test' },
      },
      options: { requestId: 'request-1' },
    },
  ]);
  expect(event.pathParameters.note).toBe('other');
});

test('the handler can ask more', async () => {
  const app = new Router<AuthorizationEnv>();
  const pdp = {
    ...permitting(),
    evaluateAll: async (requests: { action: { name: string } }[]) =>
      requests.map(({ action }) => ({ decision: action.name === 'view' })),
  };
  app.get('/notes/:note', [authorize({ ...QUESTION, pdp })], async (reqCtx) => ({
    actions: (await reqCtx.get('authorization')?.permittedActions(QUESTION.resource, ['view', 'edit'])) ?? [],
  }));
  const { body } = (await app.resolve(asAlice(), lambdaContext())) as { body: string };
  expect(JSON.parse(body)).toEqual({ actions: ['view'] });
});

describe('with respond: false', () => {
  test("the router's error handler answers", async () => {
    const { app, ask, handled } = appWith({ pdp: denying(), respond: false });
    app.errorHandler(ForbiddenError, async ({ name }) => ({ statusCode: 403, by: name }));
    expect(await ask()).toMatchObject({ statusCode: 403, body: { by: 'ForbiddenError' } });
    expect(handled).toEqual([]);
  });

  test('nobody is let in without one', async () => {
    const { ask, handled } = appWith({ pdp: denying(), respond: false });
    expect(await ask()).toMatchObject({ statusCode: 500 });
    expect(handled).toEqual([]);
  });
});

test("an extractor's error is the router's, when it says that the caller is at fault", async () => {
  const resource = () => {
    throw new NotFoundError('no such note');
  };
  const { ask, handled } = appWith({ pdp: permitting(), resource });
  expect(await ask()).toMatchObject({ statusCode: 404, body: { message: 'no such note' } });
  expect(handled).toEqual([]);
});

describe('onDeny', () => {
  test('shapes the response, of the kind of a router or of a function', async () => {
    const shapes = [
      new Response('{"by":"onDeny"}', { status: 404 }),
      { statusCode: 404, headers: { 'X-By': 'onDeny' }, body: '{"by":"onDeny"}' },
    ];
    for (const shape of shapes) {
      const { ask } = appWith({ pdp: denying(), onDeny: () => shape });
      expect(await ask()).toMatchObject({ statusCode: 404, body: { by: 'onDeny' } });
    }
  });

  test('is told of the denial and the request', async () => {
    const onDeny = vi.fn();
    const { ask } = appWith({ pdp: denying(), onDeny });
    expect(await ask()).toMatchObject({ statusCode: 403 });
    expect(onDeny).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ statusCode: 403 }),
      expect.objectContaining({ params: { note: 'roadmap' }, req: expect.any(Request) }),
    );
  });

  test.each([
    [{ error: 'denied' }],
    ['denied'],
    [{ statusCode: 99 }],
    [{ statusCode: 404, body: 7 }],
    [true],
  ])('is not followed when it gives no response: %j', async (shape) => {
    const { ask } = appWith({ pdp: denying(), onDeny: () => shape });
    expect(await ask()).toMatchObject({ statusCode: 403, body: { title: 'Forbidden' } });
  });

  test('leaves the response as it is when it fails', async () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {});
    onTestFinished(() => error.mockRestore());
    const onDeny = () => Promise.reject(new Error('of onDeny'));
    const { ask, handled } = appWith({ pdp: denying(), onDeny });
    expect(await ask()).toMatchObject({ statusCode: 403, body: { title: 'Forbidden' } });
    expect(handled).toEqual([]);
  });
});

test('the second of two questions must be permitted, too', async () => {
  const { ask, handled } = appWith({ pdp: permitting() }, { pdp: denying(), action: 'list' });
  expect(await ask()).toMatchObject({ statusCode: 403 });
  expect(handled).toEqual([]);
});

test('no permit of an earlier question is left when a later one fails', async () => {
  const app = new Router<AuthorizationEnv>();
  let left: unknown = 'nothing asked';
  app.use(async ({ reqCtx, next }) => {
    await next();
    left = reqCtx.get('authorization');
  });
  const questions = [permitting(), denying()].map((pdp) => authorize({ ...QUESTION, pdp }));
  app.get('/notes/:note', questions, () => ({}));
  expect(await app.resolve(asAlice(), lambdaContext())).toMatchObject({ statusCode: 403 });
  expect(left).toBeUndefined();
});

test('for all of an app it has no parameters, and lets nobody in who needs one', async () => {
  const app = new Router<AuthorizationEnv>();
  const pdp = permitting();
  app.use(
    authorize({ ...QUESTION, resource: (e) => ({ type: 'Note', id: e.pathParameters.note ?? '' }), pdp }),
  );
  app.get('/about', () => ({}));
  const about = { ...asAlice(), rawPath: '/about' };
  about.requestContext.http.path = '/about';
  expect(await app.resolve(about, lambdaContext())).toMatchObject({ statusCode: 503 });
  expect(pdp.asked).toEqual([]);
});

test('other middlewares have their say about a refusal', async () => {
  const { app, ask } = appWith({ pdp: denying() });
  app.use(cors({ origin: 'https://app.example.com' }));
  const event = asAlice();
  event.headers.origin = 'https://app.example.com';
  const { statusCode, headers } = await ask(event);
  expect({ statusCode, origin: headers['access-control-allow-origin'] }).toEqual({
    statusCode: 403,
    origin: 'https://app.example.com',
  });
});

test('options that are wrong are told at once', () => {
  for (const options of [undefined, {}, { ...QUESTION, timeout: 5 }]) {
    expect(() => authorize(options as unknown as RouterOptions)).toThrow(ConfigurationError);
  }
});
