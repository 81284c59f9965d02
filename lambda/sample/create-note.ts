import { randomUUID } from 'node:crypto';
import middy from '@middy/core';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { authorize, fromJwtClaims, pdpFromEnvironment } from '../middleware/index.ts';
import { folderInPath, json, now, parseNote, pathName } from './note-request.ts';
import { saveNote } from './notes.ts';

/** POST /tenants/{tenant}/folders/{folder}/notes */
export const handler = middy<APIGatewayProxyEventV2>()
  .use(
    authorize({
      subject: fromJwtClaims({ type: 'User' }),
      action: 'create',
      resource: folderInPath,
      context: now,
      pdp: pdpFromEnvironment(),
    }),
  )
  .handler(async (event, { authorization }) => {
    const contents = parseNote(event);
    if (contents === undefined) return json(400, { message: 'The body must be {"title": "…", "text": "…"}' });
    const tenant = pathName(event, 'tenant');
    const note = { id: `${tenant}/${randomUUID()}`, tenant, author: authorization.subject.id, ...contents };
    return json(201, saveNote(note));
  });
