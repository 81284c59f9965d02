import type { Context as LambdaContext } from 'aws-lambda';
import type { Context, MiddlewareHandler } from 'hono';
import { coreOptions, coreRequest, type Routed, type RouterEvent } from '../frameworks/routed.ts';
import { AuthorizationError, ServiceUnavailableError } from '../middleware/errors.ts';
import { parseAuthorizeOptions } from '../middleware/options.ts';
import { refusal, requirePermit } from '../middleware/permit.ts';
import type { Authorization, AuthorizeOptions } from '../middleware/types.ts';

/** What {@link authorize} adds to Hono's context: `c.var.authorization`. */
export type AuthorizationEnv = { Variables: { authorization: Authorization } };

/** Options of `authorize`, whose functions get the event, and Hono's context besides it. */
export type HonoOptions<Event = RouterEvent> = AuthorizeOptions<Routed<Event>, Context>;

/**
 * `authorize` as a middleware of Hono: asks the PDP before a route's handler runs, which finds the permit in
 * `c.var.authorization`. Anything else stops the request: problem details (RFC 9457) with 401 without a subject, 403 on a
 * deny, 503 when there is no answer in time or asking fails in any way. With `respond: false` it is thrown, for
 * `app.onError`. An `HTTPException` of an extractor with a status of 400 to 499 goes to Hono in either case.
 *
 * Extractors get the Lambda event that `hono/aws-lambda` handles, with the `pathParameters` of Hono's route. Outside of
 * Lambda there is none, and they get `headers` alone, so that of all subjects only one of `fromVerifiedJwt` is there.
 * Give the middleware to routes: one for all of the app (`app.use`) has no path parameters.
 *
 * @example
 * const app = new Hono();
 * const mayView = authorize({
 *   subject: fromJwtClaims({ type: 'User' }),
 *   action: 'view',
 *   resource: ({ pathParameters }) => ({ type: 'Note', id: pathParameters.note ?? '' }),
 * });
 * app.get('/notes/:note', mayView, (c) => c.text(c.var.authorization.subject.id));
 * export const handler = handle(app);
 *
 * @throws ConfigurationError when an option is wrong
 * @see https://hono.dev/docs/getting-started/aws-lambda
 */
export function authorize<Event = RouterEvent>(
  options: HonoOptions<NoInfer<Event>>,
): MiddlewareHandler<AuthorizationEnv> {
  const settings = parseAuthorizeOptions(coreOptions(options));
  return async (c, next) => {
    // One middleware after another: no permit of an earlier question may stay when this one fails.
    c.set('authorization', undefined as never);
    const { event, lambdaContext } = bindings(c);
    const request = coreRequest<Routed<Event>>(
      event,
      c.req.param() as Record<string, string>,
      lambdaContext,
      c,
    );
    try {
      c.set('authorization', await requirePermit(settings, request));
    } catch (error) {
      if (error instanceof ServiceUnavailableError && isClientException(error.cause)) throw error.cause;
      if (!settings.respond || !(error instanceof AuthorizationError)) throw error;
      const { statusCode, headers, body } = refusal(settings, error);
      return new Response(body, { status: statusCode, headers });
    }
    await next();
  };
}

/** What `hono/aws-lambda` gives an app. */
function bindings(c: Context): { event: object; lambdaContext?: LambdaContext | undefined } {
  const { event, lambdaContext } = (c.env ?? {}) as { event?: unknown; lambdaContext?: LambdaContext };
  if (typeof event === 'object' && event !== null) return { event, lambdaContext };
  return { event: { headers: c.req.header() } };
}

/** An `HTTPException` of Hono, which has its status under another name than the core looks for. */
function isClientException(error: unknown): error is Error {
  if (!(error instanceof Error) || !('getResponse' in error)) return false;
  const { status } = error as { status?: unknown };
  return typeof status === 'number' && status >= 400 && status < 500;
}
