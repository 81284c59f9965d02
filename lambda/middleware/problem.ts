import { type AuthorizationError, BadRequestError } from './errors.ts';

/** A response as API Gateway (REST and HTTP APIs), function URLs and load balancers take it from a function. */
export interface ProblemResponse {
  statusCode: number;
  headers: Record<string, string>;
  body: string;
}

/** The response to a request that was stopped: problem details (RFC 9457), with nothing of the inside. */
export function problemResponse(error: AuthorizationError): ProblemResponse {
  return {
    statusCode: error.statusCode,
    headers: { 'Content-Type': 'application/problem+json', ...error.headers },
    body: JSON.stringify({ type: 'about:blank', ...described(error), status: error.statusCode }),
  };
}

function described(error: AuthorizationError) {
  if (error instanceof BadRequestError) return { title: 'Bad Request', detail: error.message };
  return { title: error.message };
}
