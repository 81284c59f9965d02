import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { Resource } from '../middleware/index.ts';
import { findNote } from './notes.ts';

/**
 * The note that the path names: `/tenants/{tenant}/notes/{note}`. Whose it is comes from the stored note, never
 * from the path: the PDP's data knows the notes it was built with, and the row speaks for those made since.
 */
export function noteInPath(event: APIGatewayProxyEventV2): Resource {
  const id = `${pathName(event, 'tenant')}/${pathName(event, 'note')}`;
  const note = findNote(id);
  if (note === undefined) return { type: 'Note', id };
  const properties = {
    tenant: { type: 'Tenant', id: note.tenant },
    author: { type: 'User', id: note.author },
  };
  return { type: 'Note', id, properties };
}

/** The folder that the path names: `/tenants/{tenant}/folders/{folder}/notes`. */
export function folderInPath(event: APIGatewayProxyEventV2): Resource {
  return { type: 'Folder', id: `${pathName(event, 'tenant')}/${pathName(event, 'folder')}` };
}

/**
 * A name in the path. One that is not a plain name is empty, which no entity's id has in it: a slash in a name
 * could make it read as that of another tenant.
 */
export function pathName({ pathParameters }: APIGatewayProxyEventV2, parameter: string): string {
  const name = pathParameters?.[parameter] ?? '';
  return /^[\w-]+$/.test(name) ? name : '';
}

/** The time, for the policies that look at it. */
export function now(): { now: string } {
  return { now: new Date().toISOString() };
}

/** Title and text of a note in a JSON body, or `undefined` when it is not one. */
export function parseNote(event: APIGatewayProxyEventV2): { title: string; text: string } | undefined {
  const body = event.isBase64Encoded ? Buffer.from(event.body ?? '', 'base64').toString('utf8') : event.body;
  try {
    const { title, text } = JSON.parse(body ?? '') as { title?: unknown; text?: unknown };
    return typeof title === 'string' && typeof text === 'string' ? { title, text } : undefined;
  } catch {
    return undefined;
  }
}

export function json(statusCode: number, body: unknown): APIGatewayProxyStructuredResultV2 {
  return { statusCode, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
