import middy from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyEventV2 } from 'aws-lambda';
import { expect, test } from 'vitest';
import '../../../lambda/testing/vitest.ts';
import { authorize, fromCognito, fromJwtClaims } from '../../../lambda/middleware/index.ts';
import {
  appSyncEvent,
  FakePdp,
  httpApiEvent,
  lambdaContext,
  restApiEvent,
  sqsEvent,
} from '../../../lambda/testing/index.ts';

const CLAIMS = { sub: 'alice', level: 3, staff: true, groups: ['editors', 'readers'] };

const resource = ({ pathParameters }: APIGatewayProxyEventV2 | APIGatewayProxyEvent) => ({
  type: 'Note',
  id: pathParameters?.note ?? '',
});
const request = { pathParameters: { note: 'roadmap' }, claims: CLAIMS };

test("an HTTP API's event has what its JWT authorizer verified, as text", async () => {
  const pdp = new FakePdp().permit({ action: 'view' });
  const subject = fromJwtClaims({ type: 'User', properties: ['level', 'staff', 'groups'] });
  const handler = middy<APIGatewayProxyEventV2>()
    .use(authorize<APIGatewayProxyEventV2>({ subject, action: 'view', resource, pdp }))
    .handler(async () => ({ statusCode: 200 }));
  expect(await handler(httpApiEvent(request), lambdaContext())).toEqual({ statusCode: 200 });
  expect(pdp.asked).toEqual([
    {
      subject: {
        type: 'User',
        id: 'alice',
        properties: { level: '3', staff: 'true', groups: '[editors readers]' },
      },
      action: { name: 'view' },
      resource: { type: 'Note', id: 'roadmap' },
    },
  ]);
  expect(await handler(httpApiEvent({ pathParameters: { note: 'roadmap' } }), lambdaContext())).toMatchObject(
    {
      statusCode: 401,
    },
  );
  expect(pdp).toHaveAskedTimes(1);
});

test("a REST API's event has what its Cognito authorizer verified, as text", async () => {
  const pdp = new FakePdp().permit({ action: 'view' });
  const subject = fromCognito({ type: 'User', properties: ['groups'] });
  const handler = middy<APIGatewayProxyEvent>()
    .use(authorize<APIGatewayProxyEvent>({ subject, action: 'view', resource, pdp }))
    .handler(async () => ({ statusCode: 200 }));
  expect(await handler(restApiEvent(request), lambdaContext())).toEqual({ statusCode: 200 });
  expect(pdp).toHaveAsked({ subject: { id: 'alice', properties: { groups: 'editors,readers' } } });
  expect(await handler(restApiEvent(), lambdaContext())).toMatchObject({ statusCode: 401 });
});

test('a request has method, path, query, headers and body where the API puts them', () => {
  const sent = {
    method: 'PUT',
    path: '/notes/roadmap',
    query: { draft: 'yes' },
    headers: { 'X-Tenant': 'acme' },
    body: { text: 'hello' },
  };
  expect(httpApiEvent(sent)).toMatchObject({
    rawPath: '/notes/roadmap',
    rawQueryString: 'draft=yes',
    queryStringParameters: { draft: 'yes' },
    headers: { 'x-tenant': 'acme' },
    body: '{"text":"hello"}',
    requestContext: { http: { method: 'PUT', path: '/notes/roadmap' } },
  });
  expect(restApiEvent(sent)).toMatchObject({
    httpMethod: 'PUT',
    path: '/notes/roadmap',
    queryStringParameters: { draft: 'yes' },
    multiValueQueryStringParameters: { draft: ['yes'] },
    headers: { 'X-Tenant': 'acme' },
    multiValueHeaders: { 'X-Tenant': ['acme'] },
    body: '{"text":"hello"}',
  });
  expect(httpApiEvent({ body: 'as it is' }).body).toBe('as it is');
  expect(httpApiEvent()).not.toHaveProperty('body');
  expect(restApiEvent()).toMatchObject({ body: null, pathParameters: null, queryStringParameters: null });
});

test('messages of SQS', () => {
  expect(sqsEvent('as it is', { note: 1 }).Records.map(({ messageId, body }) => [messageId, body])).toEqual([
    ['message-1', 'as it is'],
    ['message-2', '{"note":1}'],
  ]);
});

test('a field of AppSync, for a user or for nobody', () => {
  const claims = { sub: 'alice', 'cognito:groups': ['editors'] };
  expect(appSyncEvent({ field: 'note', arguments: { id: 'roadmap' }, claims })).toMatchObject({
    arguments: { id: 'roadmap' },
    identity: { sub: 'alice', username: 'alice', groups: ['editors'], claims },
    info: { parentTypeName: 'Query', fieldName: 'note' },
  });
  expect(appSyncEvent({ field: 'note' })).toMatchObject({ arguments: {}, identity: null });
});

test('the context of an invocation', () => {
  const context = lambdaContext({ getRemainingTimeInMillis: () => 50 });
  expect([context.awsRequestId.length, context.getRemainingTimeInMillis()]).toEqual([36, 50]);
});
