import { Router } from '@aws-lambda-powertools/event-handler/http';
import type {
  APIGatewayProxyEventV2,
  APIGatewayProxyHandlerV2,
  APIGatewayProxyStructuredResultV2,
  Context,
  SQSEvent,
} from 'aws-lambda';
import { Hono } from 'hono';
import { expectTypeOf, test } from 'vitest';
import { authorize as honoAuthorize } from '../../../lambda/hono/index.ts';
import {
  fromArguments,
  fromCognito,
  fromJwtClaims,
  fromLoader,
  fromPath,
  type RoutedEvent,
} from '../../../lambda/middleware/index.ts';
import { type AuthorizationEnv, authorize as routerAuthorize } from '../../../lambda/powertools/index.ts';
import { fromVerifiedJwt } from '../../../lambda/verified-jwt/index.ts';
import {
  type Authorization,
  type ProblemResponse,
  withAuthorization,
} from '../../../lambda/with-authorization/index.ts';
import { permitting } from '../middleware/fixtures.ts';

const pdp = permitting();
const subject = fromJwtClaims({ type: 'User' });
const ACTION_AND_RESOURCE = { action: 'view', resource: { type: 'Note', id: 'one' }, pdp };

test('withAuthorization takes the event from an extractor', () => {
  const handler = withAuthorization(
    {
      subject,
      action: 'view',
      resource: (event: APIGatewayProxyEventV2) => ({ type: 'Page', id: event.rawPath }),
      pdp,
    },
    async (event, context) => {
      expectTypeOf(event).toEqualTypeOf<APIGatewayProxyEventV2>();
      expectTypeOf(context.authorization).toEqualTypeOf<Authorization>();
      expectTypeOf(context.awsRequestId).toEqualTypeOf<string>();
      return { statusCode: 200, body: event.rawPath };
    },
  );
  expectTypeOf(handler).toEqualTypeOf<
    (
      event: APIGatewayProxyEventV2,
      context: Context,
    ) => Promise<{ statusCode: number; body: string } | ProblemResponse>
  >();
});

test('withAuthorization takes the event from the handler, or from what it is declared as', () => {
  withAuthorization({ subject, ...ACTION_AND_RESOURCE }, async (event: APIGatewayProxyEventV2, context) => {
    expectTypeOf(context.authorization.decision.decision).toEqualTypeOf<true>();
    return event.rawPath;
  });
  const declared: APIGatewayProxyHandlerV2 = withAuthorization(
    {
      subject,
      action: 'view',
      resource: (event: APIGatewayProxyEventV2) => ({ type: 'Page', id: event.rawPath }),
      pdp,
    },
    async (event) => ({ statusCode: 200, body: event.rawPath }),
  );
  const named = withAuthorization<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>(
    { subject, action: 'view', resource: ({ rawPath }) => ({ type: 'Page', id: rawPath }), pdp },
    (event) => ({ statusCode: 200, body: event.rawPath }),
  );
  expectTypeOf(declared).toBeFunction();
  expectTypeOf(named).parameter(0).toEqualTypeOf<APIGatewayProxyEventV2>();
});

test('Powertools: extractors know the event with the parameters of the route, and the request context', () => {
  const mayView = routerAuthorize({
    subject,
    action: 'view',
    resource: (event, reqCtx) => {
      expectTypeOf(event.pathParameters.note).toEqualTypeOf<string | undefined>();
      expectTypeOf(reqCtx.params).toEqualTypeOf<Record<string, string>>();
      return { type: 'Note', id: event.pathParameters.note ?? '' };
    },
    pdp,
  });
  const ofHttpApi = routerAuthorize<APIGatewayProxyEventV2>({
    subject,
    action: 'view',
    resource: (event) => {
      expectTypeOf(event.rawPath).toEqualTypeOf<string>();
      return { type: 'Page', id: event.rawPath };
    },
    pdp,
  });
  const app = new Router<AuthorizationEnv>();
  app.get('/notes/:note', [mayView, ofHttpApi], (reqCtx) => {
    expectTypeOf(reqCtx.get('authorization')).toEqualTypeOf<Authorization | undefined>();
    return {};
  });
  const more = new Router<{ store: { request: { tenant: string; authorization: Authorization } } }>();
  more.use(mayView);
  const untyped = new Router();
  untyped.use(mayView);
});

test('Hono: handlers after it know the permit', () => {
  const mayView = honoAuthorize({
    subject,
    action: 'view',
    resource: (event, c) => {
      expectTypeOf(event.pathParameters.note).toEqualTypeOf<string | undefined>();
      return { type: 'Note', id: c.req.param('note') ?? '' };
    },
    pdp,
  });
  const app = new Hono();
  app.get('/notes/:note', mayView, (c) => {
    expectTypeOf(c.var.authorization).toEqualTypeOf<Authorization>();
    expectTypeOf(c.get('authorization').subject.id).toEqualTypeOf<string>();
    return c.text('');
  });
  const more = new Hono<{ Variables: { tenant: string } }>();
  more.get('/notes/:note', mayView, (c) => {
    expectTypeOf(c.var.tenant).toEqualTypeOf<string>();
    return c.text(c.var.authorization.subject.id);
  });
});

test('the extractors of the kit serve in every adapter, and what they loaded has its type', () => {
  const resource = fromPath('note', { type: 'Note' });
  const verified = () =>
    fromVerifiedJwt({ type: 'User', issuer: 'https://id.example.com', audience: 'notes' });
  const loading = fromLoader(
    async ({ pathParameters }: RoutedEvent) => ({
      id: pathParameters?.note ?? '',
      words: 1,
    }),
    ({ id }) => ({ type: 'Note', id }),
  );
  const handlers = () => [
    routerAuthorize({ subject, action: 'view', resource, pdp }),
    routerAuthorize({ subject: verified(), action: 'view', resource, pdp }),
    honoAuthorize({ subject: fromCognito({ type: 'User' }), action: 'view', resource, pdp }),
    withAuthorization({ subject: verified(), action: 'view', resource, pdp }, () => 0),
  ];
  expectTypeOf(handlers).toBeFunction();
  const mayView = honoAuthorize({ subject, action: 'view', resource: loading, pdp });
  new Hono().get('/notes/:note', mayView, (c) => {
    expectTypeOf(c.var.authorization.loaded.words).toEqualTypeOf<number>();
    return c.text('');
  });
  const inRouter = routerAuthorize({ subject, action: 'view', resource: loading, pdp });
  const app = new Router<AuthorizationEnv<{ id: string; words: number }>>();
  app.get('/notes/:note', [inRouter], (reqCtx) => {
    expectTypeOf(reqCtx.get('authorization')?.loaded.words).toEqualTypeOf<number | undefined>();
    return {};
  });
  withAuthorization({ subject, action: 'view', resource: loading, pdp }, (_event, { authorization }) => {
    expectTypeOf(authorization.loaded.words).toEqualTypeOf<number>();
    return { statusCode: 200 };
  });
});

test('wrong combinations do not compile', () => {
  const ask = { subject, ...ACTION_AND_RESOURCE };
  const open = { subject, action: 'view', pdp };
  const ofHttpApi = ({ rawPath }: APIGatewayProxyEventV2) => ({ type: 'Page', id: rawPath });
  const answer = async () => ({ statusCode: 200 });
  const ofQueue = async (event: SQSEvent) => event.Records;
  const wrong = () => {
    // @ts-expect-error: no resource
    withAuthorization(open, answer);
    // @ts-expect-error: no handler
    withAuthorization(ask);
    // @ts-expect-error: a misspelt option
    withAuthorization({ ...ask, timeout: 100 }, answer);
    // @ts-expect-error: an extractor of one kind of event, a handler of another
    withAuthorization({ ...open, resource: ofHttpApi }, ofQueue);
    const handler = withAuthorization({ ...open, resource: ofHttpApi }, answer);
    // @ts-expect-error: a function of HTTP requests for a queue
    const queue: (event: SQSEvent, context: Context) => Promise<unknown> = handler;

    // @ts-expect-error: no subject
    routerAuthorize(ACTION_AND_RESOURCE);
    // @ts-expect-error: extractors of two kinds of events
    routerAuthorize({ ...open, subject: fromCognito({ type: 'User' }), resource: ofHttpApi });
    // @ts-expect-error: a message is no request of a router
    routerAuthorize<SQSEvent>({ ...open, resource: fromPath('note', { type: 'Note' }) });
    // @ts-expect-error: fields of AppSync are not in a path
    routerAuthorize({ ...open, resource: fromArguments('note', { type: 'Note' }) });
    // @ts-expect-error: a parameter may be missing
    routerAuthorize({ ...open, resource: (e) => ({ type: 'Note', id: e.pathParameters.note }) });
    const other = new Router<{ store: { request: { authorization: string } } }>();
    // @ts-expect-error: a store that has another thing by this name
    other.use(routerAuthorize(ask));

    // @ts-expect-error: no resource
    honoAuthorize(open);
    // @ts-expect-error: Hono's context is the second argument
    honoAuthorize({ ...open, resource: (c) => ({ type: 'Note', id: c.req.path }) });
    // @ts-expect-error: no middleware, no permit
    new Hono().get('/', (c) => c.text(c.var.authorization.subject.id));
    // @ts-expect-error: a middleware of one framework in another
    new Hono().get('/', routerAuthorize(ask), (c) => c.text(''));
    // @ts-expect-error: a middleware of one framework in another
    new Router().use(honoAuthorize(ask));
    return queue;
  };
  expectTypeOf(wrong).toBeFunction();
});
