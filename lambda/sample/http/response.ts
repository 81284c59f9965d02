/** An HTTP response, ready to be written. */
export interface HttpResponse {
  statusCode: number;
  headers: Record<string, string | string[]>;
  body: Buffer;
}

/**
 * A function's result as API Gateway's HTTP API answers with it, payload format 2.0: with a `statusCode` it is
 * the response; without one it is the body of a 200, as JSON.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export function httpResponse(result: unknown): HttpResponse {
  if (typeof result !== 'object' || result === null || !('statusCode' in result)) return inferred(result);
  const { statusCode, headers, cookies, body, isBase64Encoded } = result as Record<string, unknown>;
  if (
    typeof statusCode !== 'number' ||
    !Number.isInteger(statusCode) ||
    statusCode < 200 ||
    statusCode > 599
  ) {
    return plainError(500, 'Internal Server Error');
  }
  const text =
    body === undefined || body === null ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  return {
    statusCode,
    headers: {
      'content-type': 'text/plain;charset=utf-8',
      ...lowerCased(headers),
      ...(Array.isArray(cookies) && cookies.length > 0 ? { 'set-cookie': cookies.map(String) } : {}),
    },
    body: Buffer.from(text, isBase64Encoded === true ? 'base64' : 'utf8'),
  };
}

/** An answer of the gateway itself. */
export function plainError(statusCode: number, message: string): HttpResponse {
  const headers = { 'content-type': 'application/json' };
  return { statusCode, headers, body: Buffer.from(JSON.stringify({ message })) };
}

function inferred(result: unknown): HttpResponse {
  // A string is taken for JSON already.
  const body = typeof result === 'string' ? result : JSON.stringify(result ?? null);
  return { statusCode: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from(body) };
}

function lowerCased(headers: unknown): Record<string, string> {
  if (typeof headers !== 'object' || headers === null) return {};
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
}
