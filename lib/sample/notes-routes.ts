import { HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';

/** A route of the sample, and the handler behind it. */
export interface NotesRoute {
  readonly id: string;
  readonly description: string;
  /** The handler's module in the kit, without its extension. */
  readonly handler: string;
  readonly method: HttpMethod;
  readonly path: string;
}

export const NOTES_ROUTES: readonly NotesRoute[] = [
  {
    id: 'ViewNote',
    description: 'Notes: shows a note',
    handler: 'lambda/sample/view-note',
    method: HttpMethod.GET,
    path: '/tenants/{tenant}/notes/{note}',
  },
  {
    id: 'EditNote',
    description: 'Notes: changes a note',
    handler: 'lambda/sample/edit-note',
    method: HttpMethod.PUT,
    path: '/tenants/{tenant}/notes/{note}',
  },
  {
    id: 'CreateNote',
    description: 'Notes: creates a note in a folder',
    handler: 'lambda/sample/create-note',
    method: HttpMethod.POST,
    path: '/tenants/{tenant}/folders/{folder}/notes',
  },
];
