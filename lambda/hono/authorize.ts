import type { Context as LambdaContext } from 'aws-lambda';
import type { Context, MiddlewareHandler } from 'hono';
import { asResponse } from '../frameworks/response.ts';
import { coreOptions, coreRequest, type Routed, type RouterEvent } from '../frameworks/routed.ts';
import { AuthorizationError, ServiceUnavailableError } from '../middleware/errors.ts';
import { denialResponse } from '../middleware/on-deny.ts';
import { parseAuthorizeOptions } from '../middleware/options.ts';
import { requirePermit } from '../middleware/permit.ts';
import type { Authorization, AuthorizeOptions } from '../middleware/types.ts';

/** What {@link authorize} adds to Hono's context: `c.var.authorization`. */
export type AuthorizationEnv<Loaded = unknown> = { Variables: { authorization: Authorization<Loaded> } };

/** Options of `authorize`, whose functions get the event, and Hono's context besides it. */
export type HonoOptions<Event = RouterEvent, Loaded = unknown> = AuthorizeOptions<
  Routed<Event>,
  Context,
  Loaded
>;

/**
 * `authorize` as a middleware of Hono: asks the PDP before a route's handler runs, which finds the permit in
 * `c.var.authorization`. Anything else stops the request: problem details (RFC 9457) with 400, 401, 403 or 503 as middy's
 * `authorize` has them, or what `onDeny` makes of it: a `Response`, or an object with `statusCode`, `headers` and `body`.
 * With `respond: false` it is thrown, for `app.onError`. An `HTTPException` of an extractor with a status of 400 to 499
 * goes to Hono in either case.
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
 *   resource: fromPath('note', { type: 'Note' }),
 * });
 * app.get('/notes/:note', mayView, (c) => c.text(c.var.authorization.subject.id));
 * export const handler = handle(app);
 *
 * @throws ConfigurationError when an option is wrong
 * @see https://hono.dev/docs/getting-started/aws-lambda
 */
export function authorize<Event = RouterEvent, Loaded = unknown>(
  options: HonoOptions<Event, Loaded>,
): MiddlewareHandler<AuthorizationEnv<Loaded>> {
  const settings = parseAuthorizeOptions(coreOptions(options));
  return async (c, next) => {
    const { event, lambdaContext } = bindings(c);
    const parameters: Record<string, string> = c.req.param();
    const request = coreRequest<Routed<Event>>(event, parameters, lambdaContext, c);
    // One middleware after another: no permit of an earlier question may stay when this one fails.
    c.set('authorization', undefined as never);
    try {
      c.set('authorization', await requirePermit<Routed<Event>, Loaded>(settings, request));
    } catch (error) {
      if (error instanceof ServiceUnavailableError && isClientException(error.cause)) throw error.cause;
      if (!settings.respond || !(error instanceof AuthorizationError)) throw error;
      return asResponse(await denialResponse(settings, error, request), error);
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
