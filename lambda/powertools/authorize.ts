import type { Middleware, RequestContext } from '@aws-lambda-powertools/event-handler/types';
import { asResponse } from '../frameworks/response.ts';
import { coreOptions, coreRequest, type Routed, type RouterEvent } from '../frameworks/routed.ts';
import { AuthorizationError } from '../middleware/errors.ts';
import { denialResponse } from '../middleware/on-deny.ts';
import { parseAuthorizeOptions } from '../middleware/options.ts';
import { requirePermit } from '../middleware/permit.ts';
import type { Authorization, AuthorizeOptions } from '../middleware/types.ts';

/** What {@link authorize} puts in the request's store: `new Router<AuthorizationEnv>()`. */
export type AuthorizationEnv<Loaded = unknown> = {
  store: { request: { authorization: Authorization<Loaded> } };
};

/** Options of `authorize`, whose functions get the event, and Powertools' request context besides it. */
export type RouterOptions<Event = RouterEvent, Loaded = unknown> = AuthorizeOptions<
  Routed<Event>,
  RequestContext,
  Loaded
>;

/**
 * `authorize` as a middleware of Powertools' event handler for HTTP: asks the PDP before a route's handler runs, which
 * finds the permit with `reqCtx.get('authorization')`. Anything else stops the request: problem details (RFC 9457) with
 * 400, 401, 403 or 503 as middy's `authorize` has them, or what `onDeny` makes of it: a `Response`, or an object with
 * `statusCode`, `headers` and `body`. With `respond: false` it is thrown, for the router's `errorHandler`. Errors of an
 * extractor with a `statusCode` of 400 to 499, such as Powertools' own `NotFoundError`, go to the router in either case.
 *
 * Extractors get the event with the `pathParameters` of the router's route. Give the middleware to routes: one for all
 * of the router (`app.use`) runs for paths that have no route, too.
 *
 * @example
 * const app = new Router<AuthorizationEnv>();
 * const mayView = authorize({
 *   subject: fromJwtClaims({ type: 'User' }),
 *   action: 'view',
 *   resource: fromPath('note', { type: 'Note' }),
 * });
 * app.get('/notes/:note', [mayView], (reqCtx) => ({ by: reqCtx.get('authorization')?.subject.id ?? '' }));
 * export const handler = async (event: unknown, context: Context) => app.resolve(event, context);
 *
 * @throws ConfigurationError when an option is wrong
 * @see https://docs.aws.amazon.com/powertools/typescript/latest/features/event-handler/http/
 */
export function authorize<Event = RouterEvent, Loaded = unknown>(
  options: RouterOptions<Event, Loaded>,
): Middleware<AuthorizationEnv<Loaded>> {
  const settings = parseAuthorizeOptions(coreOptions(options));
  return async ({ reqCtx, next }) => {
    const { event, params, context } = reqCtx;
    const request = coreRequest<Routed<Event>>(event, params, context, reqCtx);
    // One middleware after another: no permit of an earlier question may stay when this one fails.
    reqCtx.delete('authorization');
    try {
      reqCtx.set('authorization', await requirePermit<Routed<Event>, Loaded>(settings, request));
    } catch (error) {
      if (!settings.respond || !(error instanceof AuthorizationError)) throw error;
      return asResponse(await denialResponse(settings, error, request), error);
    }
    await next();
  };
}
