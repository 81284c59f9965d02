import { ConfigurationError } from '../../engine/errors.ts';
import { decide } from '../middleware/decide.ts';
import { ServiceUnavailableError, UnauthorizedError } from '../middleware/errors.ts';
import { parseQuestionOptions, type QuestionSettings } from '../middleware/options.ts';
import { answerTo } from './answer.ts';
import type {
  ApiGatewayAuthorizer,
  ApiGatewayAuthorizerOptions,
  AuthorizerEvent,
  AuthorizerResult,
} from './types.ts';

const OWNER = 'apiGatewayAuthorizer';

/**
 * A handler for a Lambda authorizer (REQUEST) of API Gateway: it asks the PDP before a request reaches the integration.
 * It serves HTTP APIs (payload format 2.0 with a simple response or a policy, and 1.0), REST APIs and WebSocket APIs.
 *
 * | | The authorizer | The caller gets |
 * |---|---|---|
 * | a permit | `isAuthorized: true`, or a policy that allows this method and path | what the integration answers |
 * | a deny, or an error of an extractor with a `statusCode` of 400 to 499 | `isAuthorized: false`, or a policy that denies | 403 |
 * | no subject, or an extractor's error with the `statusCode` 401 | fails with `Unauthorized`, which API Gateway knows | 401 |
 * | no answer in time, or any other failure | fails, and says why in its log | 500 |
 *
 * Failures, those with `Unauthorized` too, count as errors in the metrics of the function.
 *
 * **Keeping results.** API Gateway keeps results for 300 seconds unless told otherwise, under the values of the
 * authorizer's identity sources, and uses them for *every* route of the authorizer: a kept `isAuthorized: true` lets
 * the same token do anything. The identity sources must therefore have everything that the question is made of: the
 * token, the method and the path (`$context.httpMethod` and `$context.path`; a REST API: `context.httpMethod` and
 * `context.path`), and each query parameter and header that is in `action`, `resource` or `context`. Otherwise keep
 * nothing: a time to live of 0, which `PdpAuthorizer` sets. A policy names the method and path that were asked for, so
 * that one which is kept allows nothing else; a change of policies takes effect when it ends.
 *
 * @example
 * export const handler = apiGatewayAuthorizer({
 *   subject: fromVerifiedJwt({ type: 'User', issuer: 'https://id.example.com/', audience: 'notes' }),
 *   action: (event: APIGatewayRequestAuthorizerEventV2) => event.requestContext.http.method,
 *   resource: (event: APIGatewayRequestAuthorizerEventV2) => ({ type: 'Note', id: event.pathParameters?.note ?? '' }),
 * });
 *
 * @throws ConfigurationError when an option is wrong
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
 */
export function apiGatewayAuthorizer<Event = AuthorizerEvent>(
  options: ApiGatewayAuthorizerOptions<Event>,
): ApiGatewayAuthorizer<Event> {
  const settings = parseQuestionOptions(OWNER, options, ['response']);
  const response = parseResponse(options.response);
  return async (event, context) => {
    const answer = answerTo(event, response);
    try {
      const request = { event, context, response: undefined, error: undefined, internal: {} };
      const { subject, decision } = await decide(settings, request);
      return answer(decision, subject);
    } catch (error) {
      return refuse(error, settings, () => answer({ decision: false }));
    }
  };
}

/** @throws UnauthorizedError or ServiceUnavailableError, which API Gateway answers with 401 and 500 */
function refuse(
  error: unknown,
  { logger }: Pick<QuestionSettings<never>, 'logger'>,
  deny: () => AuthorizerResult,
): AuthorizerResult {
  if (error instanceof ServiceUnavailableError) {
    // Lambda logs what a handler throws, but not the cause of it.
    if (logger !== false) logger(error);
    throw error;
  }
  // What is left is the caller's fault: there is no subject, or an extractor says so. API Gateway looks at the message.
  if ((error as { statusCode?: unknown }).statusCode === 401) throw new UnauthorizedError();
  return deny();
}

function parseResponse(value: unknown): 'simple' | 'policy' {
  if (value === undefined || value === 'simple' || value === 'policy') return value ?? 'simple';
  throw new ConfigurationError(`${OWNER}: response must be "simple" or "policy"`);
}
