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
export { authorize } from './authorize.ts';
export { type ClaimsOptions, fromCognito, fromJwtClaims, type SubjectExtractor } from './claims.ts';
export { AuthorizationError, ForbiddenError, ServiceUnavailableError, UnauthorizedError } from './errors.ts';
export { type PdpEnvironment, pdpFromEnvironment } from './from-environment.ts';
export type {
  Authorization,
  AuthorizationContext,
  AuthorizeMiddleware,
  AuthorizeOptions,
  FromEvent,
  MiddyRequest,
  QuestionOptions,
} from './types.ts';
