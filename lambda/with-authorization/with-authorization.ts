import type { Context } from 'aws-lambda';
import { ConfigurationError } from '../../engine/errors.ts';
import { AuthorizationError } from '../middleware/errors.ts';
import { denialResponse } from '../middleware/on-deny.ts';
import { type AuthorizeSettings, parseAuthorizeOptions } from '../middleware/options.ts';
import { requirePermit } from '../middleware/permit.ts';
import type { ProblemResponse } from '../middleware/problem.ts';
import type {
  Authorization,
  AuthorizationContext,
  AuthorizeOptions,
  MiddyRequest,
} from '../middleware/types.ts';
import { clientErrorResponse } from './client-error.ts';
import { isHttpEvent } from './http-event.ts';

/** A Lambda handler that runs on a permit alone. */
export type AuthorizedHandler<Event, Result> = (
  event: Event,
  context: Context,
) => Promise<Result | ProblemResponse>;

/**
 * `authorize` for a handler without middy: asks the PDP, and runs the handler on a permit, which it finds on
 * `context.authorization`. For an event that is an HTTP request (API Gateway, a function URL, a load balancer) anything
 * else is answered with problem details (RFC 9457), or what `onDeny` makes of them: 401 without a subject, 403 on a deny,
 * 503 when there is no answer in time or asking fails in any way, and the `statusCode` of an extractor's error when it is
 * one of 400 to 499. For any other event it is thrown.
 *
 * What the handler throws is the handler's: it goes through as it is.
 *
 * @example
 * export const handler = withAuthorization(
 *   {
 *     subject: fromJwtClaims({ type: 'User' }),
 *     action: 'view',
 *     resource: (event: APIGatewayProxyEventV2) => ({ type: 'Note', id: event.pathParameters?.note ?? '' }),
 *   },
 *   async (event, { authorization }) => ({ statusCode: 200, body: authorization.subject.id }),
 * );
 *
 * @param options those of `authorize`. `respond` says whether to answer or to throw whatever the event is
 * (default: by the event)
 * @throws ConfigurationError when an option is wrong
 */
export function withAuthorization<Event = unknown, Result = unknown, Loaded = unknown>(
  options: AuthorizeOptions<Event, MiddyRequest<Event>, Loaded>,
  handler: (event: Event, context: Context & AuthorizationContext<Loaded>) => Result | PromiseLike<Result>,
): AuthorizedHandler<Event, Result> {
  const owner = 'withAuthorization';
  const settings = parseAuthorizeOptions(options, owner);
  const { respond } = options;
  if (typeof handler !== 'function') throw new ConfigurationError(`${owner}: the handler must be a function`);
  return async (event, context) => {
    // A context object may be used again (tests, other hosts): no permit of an earlier request may stay on it.
    Reflect.deleteProperty(context, 'authorization');
    const request: MiddyRequest<Event> = {
      event,
      context,
      response: undefined,
      error: undefined,
      internal: {},
    };
    let authorization: Authorization<Loaded>;
    try {
      authorization = await requirePermit<Event, Loaded>(settings, request);
    } catch (error) {
      const response =
        (respond ?? isHttpEvent(event)) ? await responseTo(error, settings, request) : undefined;
      if (response === undefined) throw error;
      return response;
    }
    return handler(event, Object.assign(context, { authorization }));
  };
}

async function responseTo<Event>(
  error: unknown,
  settings: AuthorizeSettings<Event>,
  request: MiddyRequest<Event>,
): Promise<ProblemResponse | undefined> {
  if (!(error instanceof AuthorizationError)) return clientErrorResponse(error);
  // What `onDeny` gives is for AWS to take, as what a handler gives is.
  return (await denialResponse(settings, error, request)) as ProblemResponse;
}
