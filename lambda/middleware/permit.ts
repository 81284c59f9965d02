import { authorizationOf } from './authorization.ts';
import { decide } from './decide.ts';
import type { AuthorizationError } from './errors.ts';
import type { QuestionSettings } from './options.ts';
import { type ProblemResponse, problemResponse } from './problem.ts';
import type { Authorization, MiddyRequest } from './types.ts';

/**
 * Asks what an event poses, and gives what the handler gets of a permit.
 *
 * @throws ForbiddenError unless it is a permit
 * @throws whatever {@link decide} throws
 */
export async function requirePermit<Event, Loaded = unknown>(
  settings: QuestionSettings<Event>,
  request: MiddyRequest<Event>,
): Promise<Authorization<Loaded>> {
  return authorizationOf<Loaded>(settings, request.context, await decide(settings, request));
}

/** The response to a request that was stopped. Why there was no answer is logged; the caller is not told. */
export function refusal(
  { logger }: Pick<QuestionSettings<never>, 'logger'>,
  error: AuthorizationError,
): ProblemResponse {
  if (error.statusCode >= 500 && logger !== false) logger(error);
  return problemResponse(error);
}
