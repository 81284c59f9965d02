import { decide } from './decide.ts';
import { type AuthorizationError, ForbiddenError } from './errors.ts';
import type { AuthorizeSettings, QuestionSettings } from './options.ts';
import { type ProblemResponse, problemResponse } from './problem.ts';
import type { Authorization, MiddyRequest } from './types.ts';

/**
 * What the handler gets of a permit.
 *
 * @throws ForbiddenError unless it is a permit
 * @throws whatever {@link decide} throws
 */
export async function requirePermit<Event>(
  settings: AuthorizeSettings<Event>,
  request: MiddyRequest<Event>,
): Promise<Authorization> {
  const { decision: answer, ...question } = await decide(settings, request);
  const { decision, context } = answer;
  if (!decision) throw new ForbiddenError();
  return { ...question, decision: context === undefined ? { decision } : { decision, context } };
}

/** The response to a request that was stopped. Why there was no answer is logged; the caller is not told. */
export function refusal(
  { logger }: Pick<QuestionSettings<never>, 'logger'>,
  error: AuthorizationError,
): ProblemResponse {
  if (error.statusCode >= 500 && logger !== false) logger(error);
  return problemResponse(error);
}
