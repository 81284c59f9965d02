import middy from '@middy/core';
import type { APIGatewayProxyEventV2, SQSEvent, SQSRecord } from 'aws-lambda';
import { beforeAll, describe, expect, test } from 'vitest';
import { createPdpClient } from '../../../lambda/client/index.ts';
import {
  type AuthorizeOptions,
  authorize,
  fromBody,
  fromJwtClaims,
  fromLoader,
  fromPath,
  type PolicyDecisionPoint,
} from '../../../lambda/middleware/index.ts';
import { payloadOf } from '../../../lambda/middleware/payload.ts';
import { authorizeRecords } from '../../../lambda/records/index.ts';
import { whenDone } from '../../pdp-container/support/bundles.ts';
import { startServer } from '../../pdp-container/support/server.ts';
import { SAMPLE } from '../bundles.ts';
import { httpApiEvent } from '../events/http.ts';
import { sqsRecord } from '../events/records.ts';
import { lambdaContext } from './fixtures.ts';

// Bob is an editor of acme. Its note `old-plan` is archived, so that nobody edits it; globex is not his.
const NOTES = ['acme/roadmap', 'globex/roadmap', 'acme/old-plan'];
const toNote = (id: string) => ({ type: 'Note', id });

let pdp: PolicyDecisionPoint;

beforeAll(async () => {
  const { url } = await startServer({ source: SAMPLE });
  const client = createPdpClient({ url });
  whenDone(async () => client.close());
  pdp = client;
});

const asBob = (note: string) => ({
  ...httpApiEvent({ jwt: { claims: { sub: 'bob' }, scopes: null } }),
  pathParameters: { tenant: 'acme', note },
});

describe('over HTTP, with the policies of the sample', () => {
  test('a list, a screen and a second question', async () => {
    const handler = middy<APIGatewayProxyEventV2>()
      .use(
        authorize<APIGatewayProxyEventV2>({
          subject: fromJwtClaims({ type: 'User' }),
          action: 'view',
          resource: fromPath('{tenant}/{note}', { type: 'Note' }),
          pdp,
        }),
      )
      .handler(async (_event, { authorization }) => ({
        seen: await authorization.filter(NOTES, toNote),
        editable: await authorization.filter(NOTES, toNote, { action: 'edit' }),
        actions: await authorization.permittedActions(toNote('acme/roadmap'), [
          'view',
          'edit',
          'export',
          'archive',
        ]),
        isOther: await authorization.check({ resource: toNote('globex/roadmap') }),
      }));
    expect(await handler(asBob('roadmap'), lambdaContext())).toEqual({
      seen: ['acme/roadmap', 'acme/old-plan'],
      editable: ['acme/roadmap'],
      // It is his own note.
      actions: ['view', 'edit', 'archive'],
      isOther: false,
    });
  });

  test('what was loaded is judged, and the advice of a deny shapes the response', async () => {
    const onDeny: AuthorizeOptions['onDeny'] = ({ statusCode, advice }) => ({
      statusCode,
      body: advice.join(),
    });
    const handler = middy<APIGatewayProxyEventV2>()
      .use(
        authorize({
          subject: fromJwtClaims({ type: 'User' }),
          action: 'edit',
          resource: fromLoader(
            ({ pathParameters }: APIGatewayProxyEventV2) => ({
              archived: pathParameters?.note === 'finished',
              tenant: 'acme',
            }),
            ({ archived, tenant }) => ({
              type: 'Note',
              id: 'acme/not-stored',
              properties: { archived, tenant: { type: 'Tenant', id: tenant } },
            }),
          ),
          onDeny,
          pdp,
        }),
      )
      .handler(async (_event, { authorization }) => ({ statusCode: 200, body: authorization.loaded.tenant }));
    expect(await handler(asBob('draft'), lambdaContext() as never)).toEqual({
      statusCode: 200,
      body: 'acme',
    });
    expect(await handler(asBob('finished'), lambdaContext() as never)).toEqual({
      statusCode: 403,
      body: 'This note is archived. An admin or its author can take it out of the archive.',
    });
  });

  test('a batch', async () => {
    const denied: string[] = [];
    const handler = middy<SQSEvent>()
      .use(
        authorizeRecords<SQSRecord>({
          subject: (record) => ({ type: 'User', id: (payloadOf(record) as { user: string }).user }),
          action: 'edit',
          resource: fromBody('note', { type: 'Note' }),
          onDenied: ({ messageId }) => denied.push(messageId),
          pdp,
        }),
      )
      .handler(async ({ Records }) => ({
        batchItemFailures: [],
        done: Records.map(({ messageId }) => messageId),
      }));
    const Records = NOTES.map((note) => sqsRecord(note, { user: 'bob', note }));
    expect(await handler({ Records }, lambdaContext() as never)).toEqual({
      batchItemFailures: [],
      done: ['acme/roadmap'],
    });
    expect(denied).toEqual(['globex/roadmap', 'acme/old-plan']);
  });
});
