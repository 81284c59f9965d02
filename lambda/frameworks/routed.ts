import type { ALBEvent, APIGatewayProxyEvent, APIGatewayProxyEventV2, Context } from 'aws-lambda';
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
export function coreOptions<Event, Request>(
  options: AuthorizeOptions<Event, Request>,
): AuthorizeOptions<Event> {
  const extractors = ['subject', 'action', 'resource', 'context']
    .map(
      (name) => [name, (options as unknown as Record<string, unknown> | null | undefined)?.[name]] as const,
    )
    .filter((entry): entry is [string, Extractor<Event>] => typeof entry[1] === 'function')
    .map(([name, extract]) => [name, inFramework(extract)] as const);
  return { ...options, ...Object.fromEntries(extractors) } as unknown as AuthorizeOptions<Event>;
}

type Extractor<Event> = (event: Event, request: unknown) => unknown;

function inFramework<Event>(extract: Extractor<Event>): Extractor<Event> {
  return (event, request) => extract(event, (request as MiddyRequest<Event>).internal[FRAMEWORK]);
}
