import middy from '@middy/core';
import { authorize, fromJwtClaims } from 'serverless-pdp/middleware';

const asked = [];
const pdp = {
  evaluate: async (request) => {
    asked.push(request);
    return { decision: request.subject.id === 'alice' };
  },
};
const handler = middy()
  .use(
    authorize({
      subject: fromJwtClaims({ type: 'User' }),
      action: 'view',
      resource: (event) => ({ type: 'Note', id: event.pathParameters.note }),
      pdp,
    }),
  )
  .handler(async (_event, { authorization }) => ({ statusCode: 200, body: authorization.subject.id }));

const answers = [];
for (const sub of ['alice', 'bob', undefined]) {
  const event = {
    pathParameters: { note: 'one' },
    requestContext: { authorizer: { jwt: { claims: { sub } } } },
  };
  const { statusCode, body } = await handler(event, { getRemainingTimeInMillis: () => 30_000 });
  answers.push(statusCode === 200 ? [statusCode, body] : [statusCode]);
}
console.log(JSON.stringify({ asked, answers }));
