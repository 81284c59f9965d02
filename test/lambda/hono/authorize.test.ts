import { Hono, type MiddlewareHandler } from 'hono';
import { handle, type LambdaEvent } from 'hono/aws-lambda';
import { HTTPException } from 'hono/http-exception';
import { describe, expect, test, vi } from 'vitest';
import { ConfigurationError } from '../../../engine/errors.ts';
import { type AuthorizationEnv, authorize, type HonoOptions } from '../../../lambda/hono/index.ts';
import { fromJwtClaims, fromPath } from '../../../lambda/middleware/index.ts';
import { fromVerifiedJwt } from '../../../lambda/verified-jwt/index.ts';
import { type Asked, httpApiEvent } from '../frameworks/events.ts';
import { lambdaContext, pdpThat, permitting } from '../middleware/fixtures.ts';
import { signer, token } from '../tokens.ts';

const denying = () => pdpThat(async () => ({ decision: false }));
const asAlice = (asked: Asked = {}) => httpApiEvent({ claims: { sub: 'alice' }, ...asked });
/** Hono's own type of it wants an authorizer, which not every event has. */
const given = (event: object) => event as LambdaEvent;
const QUESTION = {
  subject: { type: 'User', id: 'alice' },
  action: 'view',
  resource: { type: 'Note', id: 'one' },
  logger: false,
} as const;

/** An app with one route for a note. */
function appWith(...questions: Partial<HonoOptions>[]) {
  const app = new Hono();
  const handled: unknown[] = [];
  const [first = {}, second = { pdp: permitting() }] = questions;
  app.get(
    '/notes/:note',
    authorize({ ...QUESTION, ...first }),
    authorize({ ...QUESTION, ...second }),
    (c) => {
      handled.push(c.var.authorization);
      return c.json({ by: 'handler' });
    },
  );
  const ask = async (event = asAlice()) => {
    const { statusCode, body } = await handle(app)(given(event), lambdaContext());
    return { statusCode, body: body.startsWith('{') ? JSON.parse(body) : body };
  };
  return { app, ask, handled };
}

test('extractors get the event, the parameters of the route and the context of Hono', async () => {
  const pdp = permitting();
  const { ask } = appWith({
    pdp,
    subject: fromJwtClaims({ type: 'User' }) as never,
    resource: fromPath('note', { type: 'Note' }) as never,
    context: async (_event, c) => ({ method: c.req.method, accept: c.req.header('accept') ?? '' }),
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
        context: { method: 'GET', accept: 'application/json' },
      },
      options: { requestId: 'request-1' },
    },
  ]);
});

test('the handler can ask more', async () => {
  const app = new Hono();
  const pdp = {
    ...permitting(),
    evaluateAll: async (requests: unknown[]) => requests.map(() => ({ decision: false })),
  };
  app.get('/notes/:note', authorize({ ...QUESTION, pdp }), async (c) =>
    c.json({ mayEdit: await c.var.authorization.check({ action: 'edit' }) }),
  );
  const { body } = await handle(app)(given(asAlice()), lambdaContext());
  expect(JSON.parse(body)).toEqual({ mayEdit: false });
});

describe('with respond: false', () => {
  test('onError answers', async () => {
    const { app, ask, handled } = appWith({ pdp: denying(), respond: false });
    app.onError(({ name }, c) => c.json({ by: name }, 403));
    expect(await ask()).toEqual({ statusCode: 403, body: { by: 'ForbiddenError' } });
    expect(handled).toEqual([]);
  });

  test('nobody is let in without one', async () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {});
    const { ask, handled } = appWith({ pdp: denying(), respond: false });
    expect(await ask()).toMatchObject({ statusCode: 500 });
    error.mockRestore();
    expect(handled).toEqual([]);
  });
});

test.each([
  [404, 404],
  [401, 401],
  [500, 503],
  [302, 503],
] as const)("an extractor's HTTPException of %i is a %i", async (status, answered) => {
  const resource = () => {
    throw new HTTPException(status as 404, { message: 'of the extractor' });
  };
  const { ask, handled } = appWith({ pdp: permitting(), resource });
  expect(await ask()).toMatchObject({ statusCode: answered });
  expect(handled).toEqual([]);
});

describe('onDeny', () => {
  test('shapes the response with the context of Hono', async () => {
    const { ask, handled } = appWith({
      pdp: denying(),
      onDeny: ({ statusCode }, c) => c.json({ by: 'onDeny', was: statusCode }, 404),
    });
    expect(await ask()).toEqual({ statusCode: 404, body: { by: 'onDeny', was: 403 } });
    expect(handled).toEqual([]);
  });

  test('is not followed when it gives no response', async () => {
    const { ask } = appWith({ pdp: denying(), onDeny: () => ({ error: 'denied' }) });
    expect(await ask()).toMatchObject({ statusCode: 403, body: { title: 'Forbidden' } });
  });
});

test('the second of two questions must be permitted, too', async () => {
  const { ask, handled } = appWith({ pdp: permitting() }, { pdp: denying(), action: 'list' });
  expect(await ask()).toMatchObject({ statusCode: 403 });
  expect(handled).toEqual([]);
});

test('no permit of an earlier question is left when a later one fails', async () => {
  const app = new Hono<AuthorizationEnv>();
  let left: unknown = 'nothing asked';
  app.use(async (c, next) => {
    await next();
    left = c.var.authorization;
  });
  const [first, second] = [permitting(), denying()].map((pdp) => authorize({ ...QUESTION, pdp }));
  app.get('/notes/:note', first as MiddlewareHandler, second as MiddlewareHandler, (c) => c.text('handled'));
  expect(await handle(app)(given(asAlice()), lambdaContext())).toMatchObject({ statusCode: 403 });
  expect(left).toBeUndefined();
});

test('for all of an app it has no parameters, and lets nobody in who needs one', async () => {
  const app = new Hono();
  const pdp = permitting();
  app.use(
    authorize({ ...QUESTION, resource: (e) => ({ type: 'Note', id: e.pathParameters.note ?? '' }), pdp }),
  );
  app.get('/notes/:note', (c) => c.text('handled'));
  expect(await handle(app)(given(asAlice()), lambdaContext())).toMatchObject({ statusCode: 503 });
  expect(pdp.asked).toEqual([]);
});

describe('outside of Lambda', () => {
  const key = signer('one', 'ES256');
  const claims = { iss: 'issuer', aud: 'notes', sub: 'alice', exp: 4102444800 };
  const verified = fromVerifiedJwt({
    type: 'User',
    issuer: 'issuer',
    audience: 'notes',
    jwks: { keys: [key.jwk] },
  });
  const bearer = (by = key) => ({ headers: { authorization: `Bearer ${token(by, claims)}` } });

  test('a verified token is a subject', async () => {
    const pdp = permitting();
    const { app } = appWith({ pdp, subject: verified });
    expect((await app.request('/notes/roadmap', bearer())).status).toBe(200);
    expect(pdp.asked).toMatchObject([{ request: { subject: { type: 'User', id: 'alice' } } }]);
    const stranger = await app.request('/notes/roadmap', bearer(signer('one', 'ES256')));
    expect([stranger.status, pdp.asked.length]).toEqual([401, 1]);
  });

  test('nothing of a request is taken for what API Gateway has verified', async () => {
    const pdp = permitting();
    const { app } = appWith({ pdp, subject: fromJwtClaims({ type: 'User' }) as never });
    const event = JSON.stringify(asAlice());
    const headers = { requestContext: event, 'x-amzn-request-context': event, event };
    const answer = await app.request('/notes/roadmap?requestContext=1', { headers });
    expect([answer.status, pdp.asked]).toEqual([401, []]);
  });
});

test('options that are wrong are told at once', () => {
  for (const options of [undefined, {}, { ...QUESTION, timeout: 5 }]) {
    expect(() => authorize(options as unknown as HonoOptions)).toThrow(ConfigurationError);
  }
});
