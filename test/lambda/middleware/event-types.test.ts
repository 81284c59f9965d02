import middy from '@middy/core';
import type {
  ALBEvent,
  APIGatewayProxyEvent,
  APIGatewayProxyEventV2,
  APIGatewayProxyEventV2WithJWTAuthorizer,
  APIGatewayProxyWebsocketEventV2,
  AppSyncResolverEvent,
  EventBridgeEvent,
  LambdaFunctionURLEvent,
  SNSEventRecord,
  SQSEvent,
  SQSRecord,
} from 'aws-lambda';
import { expect, expectTypeOf, test } from 'vitest';
import {
  type Authorization,
  authorize,
  fromAppSyncIdentity,
  fromArguments,
  fromAuthorizerContext,
  fromBody,
  fromCognito,
  fromIamCaller,
  fromJwtClaims,
  fromPath,
} from '../../../lambda/middleware/index.ts';
import { authorizeRecords, fromSqsSender } from '../../../lambda/records/index.ts';
import { permitting } from './fixtures.ts';

const User = { type: 'User' };
const Note = { type: 'Note' };
const [action, pdp] = ['view', permitting()];
const resource = { type: 'Note', id: 'roadmap' };
const subject = { type: 'User', id: 'bob' };

const firstOf = ({ Records: [record] }: SQSEvent) => ({ type: 'Note', id: record?.body ?? '' });

// What is under `@ts-expect-error` is an error of `npx tsc`, or that is one itself.

test('what fits compiles', () => {
  const made = [
    authorize({ subject: fromJwtClaims(User), action, resource: fromPath('note', Note), pdp }),
    authorize<APIGatewayProxyEventV2>({
      subject: fromJwtClaims(User),
      action,
      resource: fromPath('note', Note),
      pdp,
    }),
    authorize<APIGatewayProxyEventV2WithJWTAuthorizer>({
      subject: fromJwtClaims(User),
      action,
      resource,
      pdp,
    }),
    authorize<LambdaFunctionURLEvent>({
      subject: fromIamCaller(User),
      action,
      resource: fromBody('note', Note),
      pdp,
    }),
    authorize<APIGatewayProxyEvent>({
      subject: fromCognito(User),
      action,
      resource: fromPath('note', Note),
      pdp,
    }),
    authorize<APIGatewayProxyWebsocketEventV2>({ subject: fromAuthorizerContext(), action, resource, pdp }),
    authorize<AppSyncResolverEvent<{ id: string }>>({
      subject: fromAppSyncIdentity(User),
      action,
      resource: ({ arguments: { id } }) => ({ type: 'Note', id }),
      pdp,
    }),
    authorize({ subject: fromAppSyncIdentity(User), action, resource: fromArguments('id', Note), pdp }),
    authorize({
      subject: fromJwtClaims(User),
      action: (event: APIGatewayProxyEventV2) => event.requestContext.http.method,
      resource: fromPath('note', Note),
      context: ({ rawPath }: APIGatewayProxyEventV2) => ({ rawPath }),
      pdp,
    }),
    authorizeRecords<SQSRecord>({
      subject: fromSqsSender(User),
      action,
      resource: fromBody('note', Note),
      pdp,
    }),
    authorizeRecords<SNSEventRecord>({ subject, action, resource: fromBody('note', Note), pdp }),
    authorizeRecords<EventBridgeEvent<'Note edited', { note: string }>>({
      subject,
      action,
      resource: ({ detail }) => ({ type: 'Note', id: detail.note }),
      pdp,
    }),
  ];
  expect(made.every(({ before }) => typeof before === 'function')).toBe(true);
});

test('an extractor on an event of another kind does not compile', () => {
  const made = [
    // @ts-expect-error: a REST API has no claims of a JWT authorizer
    authorize<APIGatewayProxyEvent>({ subject: fromJwtClaims(User), action, resource, pdp }),
    // @ts-expect-error: an HTTP API in format 2.0 has none of a Cognito authorizer
    authorize<APIGatewayProxyEventV2>({ subject: fromCognito(User), action, resource, pdp }),
    // @ts-expect-error: nobody has verified claims for a load balancer's function
    authorize<ALBEvent>({ subject: fromJwtClaims(User), action, resource, pdp }),
    // @ts-expect-error: a batch is nobody's request
    authorize<SQSEvent>({ subject: fromJwtClaims(User), action, resource, pdp }),
    // @ts-expect-error: a batch is nobody's request
    authorize<SQSEvent>({ subject: fromIamCaller(User), action, resource, pdp }),
    // @ts-expect-error: a batch has no path
    authorize<SQSEvent>({ subject, action, resource: fromPath('note', Note), pdp }),
    // @ts-expect-error: a batch has no body
    authorize<SQSEvent>({ subject, action, resource: fromBody('note', Note), pdp }),
    // @ts-expect-error: GraphQL has no path
    authorize<AppSyncResolverEvent<object>>({ subject, action, resource: fromPath('note', Note), pdp }),
    // @ts-expect-error: HTTP has no arguments
    authorize<APIGatewayProxyEventV2>({ subject, action, resource: fromArguments('note', Note), pdp }),
    // @ts-expect-error: one extractor is of HTTP, the other of AppSync
    authorize({ subject: fromAppSyncIdentity(User), action, resource: fromPath('note', Note), pdp }),
    // @ts-expect-error: one extractor is of HTTP, the other of a batch
    authorize({ subject: fromJwtClaims(User), action, resource: firstOf, pdp }),
    // @ts-expect-error: a message has no claims
    authorizeRecords<SQSRecord>({ subject: fromJwtClaims(User), action, resource, pdp }),
    // @ts-expect-error: a message has no path
    authorizeRecords<SQSRecord>({ subject, action, resource: fromPath('note', Note), pdp }),
    // @ts-expect-error: SNS does not say who sent it
    authorizeRecords<SNSEventRecord>({ subject: fromSqsSender(User), action, resource, pdp }),
    // @ts-expect-error: a request is no record
    authorizeRecords<APIGatewayProxyEventV2>({ subject, action, resource, pdp }),
  ];
  expect(made).toHaveLength(15);
});

test('nor does a handler of another kind behind it', () => {
  const ofHttpApi = authorize({ subject: fromJwtClaims(User), action, resource, pdp });
  middy<SQSEvent>()
    .use(ofHttpApi)
    .handler(async (event) => expectTypeOf(event).toBeNever());
  middy<APIGatewayProxyEvent>()
    .use(ofHttpApi)
    .handler(async (event) => expectTypeOf(event).toBeNever());
  middy<APIGatewayProxyEventV2>()
    .use(ofHttpApi)
    .handler(async (event) => expectTypeOf(event.rawPath).toBeString());
  middy<APIGatewayProxyEventV2>()
    .use(authorizeRecords<SQSRecord>({ subject, action, resource, pdp }))
    .handler(async (event) => expectTypeOf(event).toBeNever());
  middy<SQSEvent>()
    .use(authorizeRecords<SQSRecord>({ subject, action, resource, pdp }))
    .handler(async ({ Records }, { authorizations }) => {
      expectTypeOf(Records[0]).toExtend<SQSRecord | undefined>();
      expectTypeOf(authorizations).toEqualTypeOf<ReadonlyMap<SQSRecord, Authorization>>();
    });
});
