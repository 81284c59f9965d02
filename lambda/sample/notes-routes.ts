import { handler as createNote } from './create-note.ts';
import { handler as editNote } from './edit-note.ts';
import type { Route } from './http/routes.ts';
import { handler as viewNote } from './view-note.ts';

/** The sample's handlers by the routes of its API, for fronts that run them in one process. */
export const NOTES: readonly Route[] = [
  { routeKey: 'GET /tenants/{tenant}/notes/{note}', handler: viewNote },
  { routeKey: 'PUT /tenants/{tenant}/notes/{note}', handler: editNote },
  { routeKey: 'POST /tenants/{tenant}/folders/{folder}/notes', handler: createNote },
];
