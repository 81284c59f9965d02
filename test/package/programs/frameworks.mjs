import { Router } from '@aws-lambda-powertools/event-handler/http';
import { Hono } from 'hono';
import { handle } from 'hono/aws-lambda';
import { authorize as inHono } from 'serverless-pdp/hono';
import { fromJwtClaims } from 'serverless-pdp/middleware';
import { authorize as inRouter } from 'serverless-pdp/powertools';
import { withAuthorization } from 'serverless-pdp/with-authorization';

const question = {
  subject: fromJwtClaims({ type: 'User' }),
  action: 'view',
  pdp: {
    evaluate: async ({ subject, resource }) => ({
      decision: subject.id === 'alice' && resource.id === 'one',
    }),
  },
};
const resource = ({ pathParameters }) => ({ type: 'Note', id: pathParameters.note });

const app = new Router();
app.get('/notes/:note', [inRouter({ ...question, resource })], (c) => ({
  by: c.get('authorization').subject.id,
}));
const hono = new Hono();
hono.get('/notes/:note', inHono({ ...question, resource }), (c) =>
  c.json({ by: c.var.authorization.subject.id }),
);

const handlers = {
  withAuthorization: withAuthorization({ ...question, resource }, async (_event, { authorization }) => ({
    statusCode: 200,
    body: JSON.stringify({ by: authorization.subject.id }),
  })),
  powertools: (event, context) => app.resolve(event, context),
  hono: handle(hono),
};

const answers = {};
for (const [name, handler] of Object.entries(handlers)) {
  answers[name] = [];
  for (const sub of ['alice', 'bob', undefined]) {
    const http = { method: 'GET', path: '/notes/one', sourceIp: '192.0.2.1' };
    const event = {
      version: '2.0',
      routeKey: '$default',
      rawPath: '/notes/one',
      rawQueryString: '',
      headers: { host: 'api.example.com' },
      pathParameters: { note: 'one' },
      requestContext: { http, domainName: 'api.example.com', authorizer: { jwt: { claims: { sub } } } },
      isBase64Encoded: false,
    };
    const { statusCode, body } = await handler(event, { getRemainingTimeInMillis: () => 30_000 });
    const { by, title } = JSON.parse(body);
    answers[name].push([statusCode, by ?? title]);
  }
}
console.log(JSON.stringify(answers));
