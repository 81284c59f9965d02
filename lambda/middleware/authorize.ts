import { AuthorizationError } from './errors.ts';
import { takesNoResponse } from './event-kinds.ts';
import { denialResponse } from './on-deny.ts';
import { parseAuthorizeOptions } from './options.ts';
import { refusal, requirePermit } from './permit.ts';
import type { AuthorizeMiddleware, AuthorizeOptions, MiddyRequest } from './types.ts';

/**
 * A middy middleware that asks the PDP before the handler runs. A permit is put on `context.authorization`;
 * anything else stops the request: 400 when it does not say what is asked for, 401 without a subject, 403 on a deny, 503 when there is no answer in time or
 * asking fails in any way. An error with a `statusCode` of 400 to 499 that an extractor throws passes through.
 *
 * The response is given here unless another middleware has given one (see `respond`), so a caller gets the same
 * status with and without `@middy/http-error-handler`.
 *
 * @example
 * export const handler = middy<APIGatewayProxyEventV2>()
 *   .use(
 *     authorize({
 *       subject: fromJwtClaims({ type: 'User' }),
 *       action: 'view',
 *       resource: (event: APIGatewayProxyEventV2) => ({ type: 'Note', id: event.pathParameters?.note ?? '' }),
 *     }),
 *   )
 *   .handler(async (event, context) => ({ statusCode: 200, body: context.authorization.subject.id }));
 *
 * @throws ConfigurationError when an option is wrong
 */
export function authorize<Event = unknown, Loaded = unknown>(
  options: AuthorizeOptions<Event, MiddyRequest<Event>, Loaded>,
): AuthorizeMiddleware<Event, Loaded> {
  const settings = parseAuthorizeOptions(options);
  return {
    // Nothing is returned: middy would take it for the response and skip the handler.
    before: async (request) => {
      // A context object may be used again (tests, other hosts): no permit of an earlier request may stay on it.
      Reflect.deleteProperty(request.context, 'authorization');
      request.context.authorization = await requirePermit<Event, Loaded>(
        settings,
        request as MiddyRequest<Event>,
      );
      return undefined;
    },
    onError: async (request) => {
      const { error, event } = request;
      if (!settings.respond || request.response !== undefined || !(error instanceof AuthorizationError))
        return;
      // Unless it is asked for, a service that reads none gets none: it gets the error, once it is logged.
      if (options.respond === undefined && takesNoResponse(event)) refusal(settings, error);
      else request.response = await denialResponse(settings, error, request as MiddyRequest<Event>);
    },
  };
}
