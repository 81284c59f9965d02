import { adviceOf } from './decision-context.ts';
import { type AuthorizationError, ForbiddenError } from './errors.ts';
import type { AuthorizeSettings } from './options.ts';
import { refusal } from './permit.ts';
import type { MiddyRequest } from './types.ts';

/**
 * The response to a request that was stopped, as the application shapes it. Nothing that fails there makes anything else
 * of it than the problem details. Why there was no answer is logged.
 */
export async function denialResponse<Event>(
  settings: Pick<AuthorizeSettings<Event>, 'logger' | 'onDeny'>,
  error: AuthorizationError,
  request: MiddyRequest<Event>,
): Promise<unknown> {
  const problem = refusal(settings, error);
  if (settings.onDeny === undefined) return problem;
  const decision = error instanceof ForbiddenError ? error.decision : undefined;
  const denial = {
    statusCode: error.statusCode,
    problem,
    advice: adviceOf(decision),
    ...(decision === undefined ? {} : { decision }),
  };
  try {
    return (await settings.onDeny(denial, request)) ?? problem;
  } catch (failure) {
    console.error(failure);
    return problem;
  }
}
