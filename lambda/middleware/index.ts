export type {
  AccessRequest,
  Action,
  Decision,
  DecisionContext,
  JsonObject,
  JsonValue,
  PolicyDecisionPoint,
  Resource,
  Subject,
} from '../../engine/contract.ts';
export * from '../../engine/errors.ts';
export { fromAppSyncIdentity } from './appsync-identity.ts';
export { authorize } from './authorize.ts';
export { type AuthorizerContextOptions, fromAuthorizerContext } from './authorizer-context.ts';
export { type ClaimsOptions, fromCognito, fromJwtClaims, type SubjectExtractor } from './claims.ts';
export type { DecisionListener, DecisionRecord } from './decision-record.ts';
export {
  AuthorizationError,
  BadRequestError,
  ForbiddenError,
  ServiceUnavailableError,
  UnauthorizedError,
} from './errors.ts';
export type { AppSyncEvent, HttpApiEvent, HttpEvent, RestApiEvent, RoutedEvent } from './event-kinds.ts';
export { type PdpEnvironment, pdpFromEnvironment, type RemotePdpOptions } from './from-environment.ts';
export { fromIamCaller, type IamCallerOptions } from './iam-caller.ts';
export { fromLoader, type LoadingExtractor } from './loader.ts';
export type { PayloadEvent } from './payload.ts';
export type { ProblemResponse } from './problem.ts';
export {
  fromArguments,
  fromBody,
  fromHeader,
  fromPath,
  type ResourceExtractor,
  type ResourceOptions,
} from './resource-fields.ts';
export type {
  Authorization,
  AuthorizationContext,
  AuthorizeMiddleware,
  AuthorizeOptions,
  Denial,
  FromEvent,
  LoadedResource,
  MiddyRequest,
  MoreQuestion,
  MoreQuestions,
  QuestionOptions,
} from './types.ts';
