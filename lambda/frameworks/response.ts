/**
 * What `onDeny` gave, or the problem details, as a router answers with it: a `Response` is one already.
 *
 * @param status when nothing else is given: a denial is no success
 */
export function asResponse(given: unknown, status: number): Response {
  if (given instanceof Response) return given;
  const { statusCode, headers, body } = (given ?? {}) as Partial<LambdaResponse>;
  const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
  return new Response(text ?? null, {
    status: statusCode ?? status,
    ...(headers === undefined ? {} : { headers }),
  });
}

interface LambdaResponse {
  statusCode: number;
  headers: Record<string, string>;
  body: unknown;
}
