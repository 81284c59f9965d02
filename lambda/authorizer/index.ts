export {
  type AppSyncAuthorizer,
  type AppSyncAuthorizerOptions,
  appSyncAuthorizer,
  type FieldQuestion,
} from './app-sync.ts';
export { apiGatewayAuthorizer } from './authorizer.ts';
export type {
  ApiGatewayAuthorizer,
  ApiGatewayAuthorizerOptions,
  AuthorizerContext,
  AuthorizerEvent,
  AuthorizerResult,
} from './types.ts';
