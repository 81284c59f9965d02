import type { Middleware, RequestContext } from '@aws-lambda-powertools/event-handler/types';
import { coreOptions, coreRequest, type Routed, type RouterEvent } from '../frameworks/routed.ts';
import { AuthorizationError } from '../middleware/errors.ts';
import { parseAuthorizeOptions } from '../middleware/options.ts';
import { refusal, requirePermit } from '../middleware/permit.ts';
import type { Authorization, AuthorizeOptions } from '../middleware/types.ts';

/** What {@link authorize} puts in the request's store: `new Router<AuthorizationEnv>()`. */
export type AuthorizationEnv = { store: { request: { authorization: Authorization } } };

/** Options of `authorize`, whose functions get the event, and Powertools' request context besides it. */
export type RouterOptions<Event = RouterEvent> = AuthorizeOptions<Routed<Event>, RequestContext>;

/**
 * `authorize` as a middleware of Powertools' event handler for HTTP: asks the PDP before a route's handler runs, which
 * finds the permit with `reqCtx.get('authorization')`. Anything else stops the request: problem details (RFC 9457) with
 * 401 without a subject, 403 on a deny, 503 when there is no answer in time or asking fails in any way. With
 * `respond: false` it is thrown, for the router's `errorHandler`. Errors of an extractor with a `statusCode` of 400 to
 * 499, such as Powertools' own `NotFoundError`, go to the router in either case.
 *
 * Extractors get the event with the `pathParameters` of the router's route. Give the middleware to routes: one for all
 * of the router (`app.use`) runs for paths that have no route, too.
 *
 * @example
 * const app = new Router<AuthorizationEnv>();
 * const mayView = authorize({
 *   subject: fromJwtClaims({ type: 'User' }),
 *   action: 'view',
 *   resource: ({ pathParameters }) => ({ type: 'Note', id: pathParameters.note ?? '' }),
 * });
 * app.get('/notes/:note', [mayView], (reqCtx) => ({ by: reqCtx.get('authorization')?.subject.id ?? '' }));
 * export const handler = async (event: unknown, context: Context) => app.resolve(event, context);
 *
 * @throws ConfigurationError when an option is wrong
 * @see https://docs.aws.amazon.com/powertools/typescript/latest/features/event-handler/http/
 */
export function authorize<Event = RouterEvent>(
  options: RouterOptions<NoInfer<Event>>,
): Middleware<AuthorizationEnv> {
  const settings = parseAuthorizeOptions(coreOptions(options));
  return async ({ reqCtx, next }) => {
    const { event, params, context } = reqCtx;
    // One middleware after another: no permit of an earlier question may stay when this one fails.
    reqCtx.delete('authorization');
    try {
      reqCtx.set(
        'authorization',
        await requirePermit(settings, coreRequest<Routed<Event>>(event, params, context, reqCtx)),
      );
    } catch (error) {
      if (!settings.respond || !(error instanceof AuthorizationError)) throw error;
      const { statusCode, headers, body } = refusal(settings, error);
      return new Response(body, { status: statusCode, headers });
    }
    await next();
  };
}
