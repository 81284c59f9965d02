export { apiGatewayAuthorizer } from './authorizer.ts';
export type {
  ApiGatewayAuthorizer,
  ApiGatewayAuthorizerOptions,
  AuthorizerContext,
  AuthorizerEvent,
  AuthorizerResult,
} from './types.ts';
