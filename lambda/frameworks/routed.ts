import type { ALBEvent, APIGatewayProxyEvent, APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { own } from '../middleware/own.ts';
import type { AuthorizeOptions, MiddyRequest } from '../middleware/types.ts';

/** Parameters in the path of a router's route. */
export type PathParameters = Readonly<Record<string, string | undefined>>;

/** What a router gets: an event of API Gateway, of a function URL or of a load balancer. */
export type RouterEvent = APIGatewayProxyEventV2 | APIGatewayProxyEvent | ALBEvent;

/**
 * An HTTP event as extractors get it behind a router: its `pathParameters` are those of the router's route, which the
 * handler acts on. The ones of API Gateway's own route, such as `{proxy+}`, are another thing: a question about them
 * would not be one about what the handler does.
 */
export type Routed<Event = RouterEvent> = Event & { pathParameters: PathParameters };

/** Where the framework's own request travels in the one that the core knows. */
const FRAMEWORK = 'framework';

/** A framework's request as the core knows it. */
export function coreRequest<Event>(
  event: object,
  pathParameters: PathParameters,
  context: Context | undefined,
  framework: unknown,
): MiddyRequest<Event> {
  return {
    event: { ...event, pathParameters } as Event,
    // Without one (outside of Lambda) there is no limit to the time, and no id of the request.
    context: context ?? ({} as Context),
    response: undefined,
    error: undefined,
    internal: { [FRAMEWORK]: framework },
  };
}

/** Options whose functions get the framework's own request besides the event, as the core knows them. */
export function coreOptions<Event, Request, Loaded>(
  options: AuthorizeOptions<Event, Request, Loaded>,
): AuthorizeOptions<Event, MiddyRequest<Event>, Loaded> {
  const functions = ['subject', 'action', 'resource', 'context', 'onDeny']
    .map((name) => [name, own(options, name)] as const)
    .filter((entry): entry is [string, OfRequest] => typeof entry[1] === 'function')
    .map(([name, work]) => [name, inFramework(work)] as const);
  return { ...options, ...Object.fromEntries(functions) } as unknown as AuthorizeOptions<
    Event,
    MiddyRequest<Event>,
    Loaded
  >;
}

/** An extractor, whose first argument is the event, or `onDeny`, whose first is the denial. */
type OfRequest = (first: unknown, request: unknown) => unknown;

function inFramework(work: OfRequest): OfRequest {
  return (first, request) => work(first, (request as MiddyRequest).internal[FRAMEWORK]);
}
