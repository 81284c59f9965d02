import type { Decision } from '../../engine/contract.ts';
import { PdpUnavailableError } from '../../engine/errors.ts';
import { type Deadline, withDeadline } from '../deadline.ts';
import { accessRequest } from './ask.ts';
import { AuthorizationError, ForbiddenError, ServiceUnavailableError } from './errors.ts';
import { type AuthorizeSettings, parseAuthorizeOptions } from './options.ts';
import { problemResponse } from './problem.ts';
import type { Authorization, AuthorizeMiddleware, AuthorizeOptions, MiddyRequest } from './types.ts';

/** What is left to a function for answering when the time-out is bound by Lambda's own, in milliseconds. */
const ANSWERING_MS = 100;

/**
 * A middy middleware that asks the PDP before the handler runs. A permit is put on `context.authorization`;
 * anything else stops the request: 401 without a subject, 403 on a deny, 503 when there is no answer in time or
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
export function authorize<Event = unknown>(options: AuthorizeOptions<Event>): AuthorizeMiddleware<Event> {
  const settings = parseAuthorizeOptions(options);
  return {
    // Nothing is returned: middy would take it for the response and skip the handler.
    before: async (request) => {
      // A context object may be used again (tests, other hosts): no permit of an earlier request may stay on it.
      Reflect.deleteProperty(request.context, 'authorization');
      request.context.authorization = await decide(settings, request);
      return undefined;
    },
    onError: (request) => {
      const { error } = request;
      if (!settings.respond || request.response !== undefined || !(error instanceof AuthorizationError))
        return;
      if (error.statusCode >= 500 && settings.logger !== false) settings.logger(error);
      request.response = problemResponse(error);
    },
  };
}

async function decide<Event>(
  settings: AuthorizeSettings<Event>,
  request: MiddyRequest<Event>,
): Promise<Authorization> {
  let extracting = true;
  try {
    const budget = Math.min(settings.timeoutMs, timeLeft(request.context));
    return await withDeadline(budget, undefined, async (deadline) => {
      const question = await accessRequest(settings, request);
      extracting = false;
      const pdp = await settings.pdp();
      const answer: unknown = await pdp.evaluate(question, askOptions(deadline, request));
      return { ...question, decision: permit(answer) };
    });
  } catch (error) {
    // The PDP's own errors have a `statusCode` too: only an extractor may say that the caller is at fault.
    if (error instanceof AuthorizationError || (extracting && isClientError(error))) throw error;
    throw new ServiceUnavailableError(error);
  }
}

function askOptions({ signal }: Deadline, request: MiddyRequest<unknown>) {
  const { awsRequestId } = request.context;
  return typeof awsRequestId === 'string' ? { signal, requestId: awsRequestId } : { signal };
}

/** @throws ForbiddenError unless the decision is `true` itself, and not something like it */
function permit(answer: unknown): Authorization['decision'] {
  if (typeof answer !== 'object' || answer === null)
    throw new PdpUnavailableError('the PDP gave no decision');
  const { decision, context } = answer as Partial<Decision>;
  if (decision !== true) throw new ForbiddenError();
  return context === undefined ? { decision } : { decision, context };
}

/** Milliseconds that Lambda leaves for asking; without a limit outside of Lambda. */
function timeLeft(context: unknown): number {
  const lambda = context as { getRemainingTimeInMillis?: unknown; lambdaContext?: unknown } | undefined;
  // A durable function has the Lambda context inside of its own, as middy knows too.
  for (const owner of [lambda, lambda?.lambdaContext as typeof lambda]) {
    if (typeof owner?.getRemainingTimeInMillis === 'function') {
      const left: unknown = owner.getRemainingTimeInMillis();
      if (typeof left === 'number' && Number.isFinite(left)) return left - ANSWERING_MS;
    }
  }
  return Number.POSITIVE_INFINITY;
}

function isClientError(error: unknown): boolean {
  const status = error instanceof Error ? (error as { statusCode?: unknown }).statusCode : undefined;
  return typeof status === 'number' && status >= 400 && status < 500;
}
