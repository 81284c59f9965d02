import middy from '@middy/core';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { authorize, fromJwtClaims, pdpFromEnvironment } from '../middleware/index.ts';
import { json, noteInPath, now, parseNote } from './note-request.ts';
import { findNote, saveNote } from './notes.ts';

/** PUT /tenants/{tenant}/notes/{note} */
export const handler = middy<APIGatewayProxyEventV2>()
  .use(
    authorize({
      subject: fromJwtClaims({ type: 'User' }),
      action: 'edit',
      resource: noteInPath,
      context: now,
      pdp: pdpFromEnvironment(),
    }),
  )
  .handler(async (event, { authorization }) => {
    const change = parseNote(event);
    if (change === undefined) return json(400, { message: 'The body must be {"title": "…", "text": "…"}' });
    const note = findNote(authorization.resource.id);
    if (note === undefined) return json(404, { message: 'There is no such note' });
    return json(200, saveNote({ ...note, ...change }));
  });
