import { Router } from '@aws-lambda-powertools/event-handler/http';
import type { Context } from 'aws-lambda';
import { Hono } from 'hono';
import { handle, type LambdaEvent } from 'hono/aws-lambda';
import { authorize as honoAuthorize } from '../../../lambda/hono/index.ts';
import type { AuthorizeOptions, Denial } from '../../../lambda/middleware/index.ts';
import { type AuthorizationEnv, authorize as routerAuthorize } from '../../../lambda/powertools/index.ts';
import { type Authorization, withAuthorization } from '../../../lambda/with-authorization/index.ts';

/** Who may what, in the words of any event. */
export interface Question extends Pick<AuthorizeOptions, 'pdp' | 'timeoutMs' | 'logger' | 'respond'> {
  subject: (event: unknown) => ReturnType<Extract<AuthorizeOptions['subject'], (...args: never) => unknown>>;
  onDeny?: (denial: Denial) => unknown;
  /** The resource of a note. */
  resource: (note: string | undefined) => { type: string; id: string };
}

export interface Answer {
  statusCode: number;
  headers: Record<string, string>;
  body: string;
}

/** A function that answers `GET /notes/{note}` by a framework, and tells what its handler was given. */
export type Adapter = (
  question: Question,
  handled: (authorization: Authorization | undefined) => void,
) => (event: unknown, context: Context) => Promise<Answer>;

/** Each with the real framework around it. */
export const ADAPTERS: Record<string, Adapter> = {
  withAuthorization: ({ resource, ...question }, handled) => {
    const handler = withAuthorization(
      {
        ...question,
        action: 'view',
        // Without a router a handler reads the path.
        resource: (event: { rawPath?: string; path?: string }) =>
          resource(decodeURIComponent((event.rawPath ?? event.path ?? '').split('/')[2] ?? '')),
      },
      async (_event, { authorization }) => {
        handled(authorization);
        return { statusCode: 200, headers: {}, body: 'handled' };
      },
    );
    return (event, context) => handler(event as object, context);
  },

  Powertools: ({ resource, ...question }, handled) => {
    const app = new Router<AuthorizationEnv>();
    const mayView = routerAuthorize({
      ...question,
      action: 'view',
      resource: ({ pathParameters }) => resource(pathParameters.note),
    });
    app.get('/notes/:note', [mayView], (reqCtx) => {
      handled(reqCtx.get('authorization'));
      return { statusCode: 200, body: 'handled' };
    });
    return async (event, context) => {
      const { statusCode, headers, multiValueHeaders, body } = (await app.resolve(
        event,
        context,
      )) as Answer & {
        multiValueHeaders?: Record<string, string[]>;
      };
      const lists = Object.entries(multiValueHeaders ?? {}).map(([name, values]) => [name, String(values)]);
      return { statusCode, headers: { ...headers, ...Object.fromEntries(lists) }, body };
    };
  },

  Hono: ({ resource, ...question }, handled) => {
    const app = new Hono();
    const mayView = honoAuthorize({
      ...question,
      action: 'view',
      resource: ({ pathParameters }) => resource(pathParameters.note),
    });
    app.get('/notes/:note', mayView, (c) => {
      handled(c.var.authorization);
      return c.text('handled');
    });
    const handler = handle(app);
    return async (event, context) => {
      const { statusCode, headers, multiValueHeaders, body } = await handler(event as LambdaEvent, context);
      const lists = Object.entries(multiValueHeaders ?? {}).map(([name, values]) => [name, String(values)]);
      return { statusCode, headers: { ...(headers as object), ...Object.fromEntries(lists) }, body };
    };
  },
};
