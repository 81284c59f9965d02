import type { AuthorizationError } from '../middleware/errors.ts';
import { problemResponse } from '../middleware/problem.ts';

/**
 * What `onDeny` gave, or the problem details, as a router answers with it. What is no response leaves it at the problem
 * details: a router would make a success of it.
 */
export function asResponse(given: unknown, error: AuthorizationError): Response {
  if (given instanceof Response) return given;
  const { statusCode, headers, body } = isLambdaResponse(given) ? given : problemResponse(error);
  return new Response(body ?? null, { status: statusCode, headers: headers ?? {} });
}

/** The part of a function's response that one of a router has, too. */
interface LambdaResponse {
  statusCode: number;
  headers?: Record<string, string>;
  body?: string;
}

function isLambdaResponse(value: unknown): value is LambdaResponse {
  if (typeof value !== 'object' || value === null) return false;
  const { statusCode, headers = {}, body = '' } = value as Record<string, unknown>;
  const isStatus = Number.isInteger(statusCode) && Number(statusCode) >= 200 && Number(statusCode) <= 599;
  return isStatus && typeof headers === 'object' && headers !== null && typeof body === 'string';
}
