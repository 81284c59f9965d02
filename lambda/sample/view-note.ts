import middy from '@middy/core';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { authorize, fromJwtClaims, pdpFromEnvironment } from '../middleware/index.ts';
import { json, noteInPath, now } from './note-request.ts';
import { findNote } from './notes.ts';

/** GET /tenants/{tenant}/notes/{note} */
export const handler = middy<APIGatewayProxyEventV2>()
  .use(
    authorize({
      subject: fromJwtClaims({ type: 'User' }),
      action: 'view',
      resource: noteInPath,
      context: now,
      pdp: pdpFromEnvironment(),
    }),
  )
  .handler(async (_event, { authorization }) => {
    const note = findNote(authorization.resource.id);
    return note === undefined ? json(404, { message: 'There is no such note' }) : json(200, note);
  });
