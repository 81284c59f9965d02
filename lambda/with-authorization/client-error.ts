import type { ProblemResponse } from '../middleware/problem.ts';

/** Of the ones that extractors have use for; `node:http` knows all of them and is a cold start's worth of modules. */
const PHRASES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  410: 'Gone',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
};

/**
 * The response to an error of an extractor that says the caller is at fault; `undefined` for any other error. Its
 * message is shown only when the error says that it may be (`expose`, as errors of `http-errors` and middy do).
 */
export function clientErrorResponse(error: unknown): ProblemResponse | undefined {
  if (!(error instanceof Error)) return undefined;
  const { statusCode: status, expose } = error as { statusCode?: unknown; expose?: unknown };
  if (typeof status !== 'number' || !(status >= 400 && status < 500)) return undefined;
  const title = PHRASES[status] ?? 'Request Refused';
  const detail = expose === true && error.message !== title ? { detail: error.message } : {};
  return {
    statusCode: status,
    headers: { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' },
    body: JSON.stringify({ type: 'about:blank', title, status, ...detail }),
  };
}
