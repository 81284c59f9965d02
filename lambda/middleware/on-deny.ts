import { adviceOf } from './decision-context.ts';
import { type AuthorizationError, ForbiddenError } from './errors.ts';
import { problemResponse } from './problem.ts';
import type { AuthorizeOptions, MiddyRequest } from './types.ts';

/** What the application makes of a denial. Nothing that fails there turns it into anything else. */
export async function shapeResponse<Event>(
  onDeny: NonNullable<AuthorizeOptions<Event>['onDeny']>,
  error: AuthorizationError,
  request: MiddyRequest<Event>,
): Promise<undefined> {
  const decision = error instanceof ForbiddenError ? error.decision : undefined;
  const denial = {
    statusCode: error.statusCode,
    problem: problemResponse(error),
    advice: adviceOf(decision),
    ...(decision === undefined ? {} : { decision }),
  };
  try {
    request.response = (await onDeny(denial, request)) ?? request.response;
  } catch (failure) {
    console.error(failure);
  }
  return undefined;
}
