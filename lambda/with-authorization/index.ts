export type { ProblemResponse } from '../middleware/problem.ts';
export type { Authorization, AuthorizationContext, AuthorizeOptions } from '../middleware/types.ts';
export { type AuthorizedHandler, withAuthorization } from './with-authorization.ts';
