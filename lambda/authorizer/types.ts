import type {
  APIGatewayAuthorizerWithContextResult,
  APIGatewayRequestAuthorizerEvent,
  APIGatewayRequestAuthorizerEventV2,
  APIGatewaySimpleAuthorizerWithContextResult,
  Context,
} from 'aws-lambda';
import type { QuestionOptions } from '../middleware/types.ts';

/** What API Gateway asks a Lambda authorizer of the kind REQUEST with: an HTTP API, a REST API or a WebSocket API. */
export type AuthorizerEvent = APIGatewayRequestAuthorizerEventV2 | APIGatewayRequestAuthorizerEvent;

/**
 * What the integration gets: `event.requestContext.authorizer.lambda` of an HTTP API, `event.requestContext.authorizer`
 * of the others, `$context.authorizer.subjectId` in an access log. REST APIs take text, numbers and booleans only.
 */
export type AuthorizerContext = {
  subjectType?: string;
  subjectId?: string;
  /** The revision of the policies that answered, when the PDP says it. */
  revision?: string;
  /** On a permit the ids of the policies that decided, as a JSON array. */
  policies?: string;
};

export type AuthorizerResult =
  | APIGatewaySimpleAuthorizerWithContextResult<AuthorizerContext>
  | APIGatewayAuthorizerWithContextResult<AuthorizerContext>;

export interface ApiGatewayAuthorizerOptions<Event = AuthorizerEvent> extends QuestionOptions<Event> {
  /**
   * What an HTTP API with payload format 2.0 is answered with: `simple` when simple responses are enabled for the
   * authorizer, `policy` when they are not. REST and WebSocket APIs always take a policy.
   *
   * @default 'simple'
   */
  response?: 'simple' | 'policy';
}

/** A Lambda handler. */
export type ApiGatewayAuthorizer<Event = AuthorizerEvent> = (
  event: Event,
  context: Context,
) => Promise<AuthorizerResult>;
