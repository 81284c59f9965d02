import type { AuthorizationError } from '../middleware/errors.ts';
import { problemResponse } from '../middleware/problem.ts';

/**
 * What `onDeny` gave, or the problem details, as a router answers with it. What is no response leaves it at the problem
 * details: a router would make a success of it. A body without a status is a response with that of the denial.
 */
export function asResponse(given: unknown, error: AuthorizationError): Response {
  if (given instanceof Response) return given;
  const { statusCode, headers, body } = isLambdaResponse(given) ? given : problemResponse(error);
  return new Response(typeof body === 'object' ? JSON.stringify(body) : (body ?? null), {
    status: statusCode ?? error.statusCode,
    headers: headers ?? {},
  });
}

/** The part of a function's response that one of a router has, too. */
interface LambdaResponse {
  statusCode?: number;
  headers?: Record<string, string>;
  body?: string | object;
}

function isLambdaResponse(value: unknown): value is LambdaResponse {
  if (typeof value !== 'object' || value === null || !('statusCode' in value || 'body' in value))
    return false;
  const { statusCode = 400, headers = {}, body = '' } = value as Record<string, unknown>;
  const isStatus = Number.isInteger(statusCode) && Number(statusCode) >= 200 && Number(statusCode) <= 599;
  const isBody = typeof body === 'string' || (typeof body === 'object' && body !== null);
  return isStatus && isBody && typeof headers === 'object' && headers !== null;
}
