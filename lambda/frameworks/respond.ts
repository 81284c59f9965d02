import type { AuthorizationError } from '../middleware/errors.ts';
import { shapeResponse } from '../middleware/on-deny.ts';
import type { AuthorizeSettings } from '../middleware/options.ts';
import { refusal } from '../middleware/permit.ts';
import type { ProblemResponse } from '../middleware/problem.ts';
import type { MiddyRequest } from '../middleware/types.ts';

/** The response to a request that was stopped, as `onDeny` shapes it, if there is one. */
export async function refuse<Event>(
  settings: AuthorizeSettings<Event>,
  error: AuthorizationError,
  request: MiddyRequest<Event>,
): Promise<{ problem: ProblemResponse; shaped: unknown }> {
  const problem = refusal(settings, error);
  request.response = problem;
  if (settings.onDeny !== undefined) await shapeResponse(settings.onDeny, error, request);
  return { problem, shaped: request.response };
}

/** The same for a router. Whatever is no response leaves it at the problem details, and never at a status of 200. */
export async function refuseInRouter<Event>(
  settings: AuthorizeSettings<Event>,
  error: AuthorizationError,
  request: MiddyRequest<Event>,
): Promise<Response> {
  const { problem, shaped } = await refuse(settings, error, request);
  if (shaped instanceof Response) return shaped;
  const { statusCode, headers, body } = isLambdaResponse(shaped) ? shaped : problem;
  return new Response(body ?? null, { status: statusCode, headers: headers ?? {} });
}

/** The part that one of a function's responses and one of a router have in common. */
function isLambdaResponse(
  value: unknown,
): value is { statusCode: number; headers?: Record<string, string>; body?: string } {
  if (typeof value !== 'object' || value === null) return false;
  const { statusCode, headers = {}, body = '' } = value as Record<string, unknown>;
  return (
    Number.isInteger(statusCode) &&
    (statusCode as number) >= 200 &&
    (statusCode as number) <= 599 &&
    typeof headers === 'object' &&
    headers !== null &&
    typeof body === 'string'
  );
}
