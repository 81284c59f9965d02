/** RFC 6750, section 2.1; the scheme is case-insensitive (RFC 9110, section 11.1). */
const BEARER = /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

/** AppSync wants the token without a scheme; clients that send one are understood. */
const TOKEN = /^(?:Bearer +)?([A-Za-z0-9\-._~+/]+=*)$/i;

/**
 * The bearer token in the `Authorization` header of an event of API Gateway, a function URL or a load balancer, or the
 * token that AppSync gives to its authorizer. `undefined` when there is none, or more than one: which of two a caller
 * meant is not for us to guess.
 */
export function bearerToken(event: unknown): string | undefined {
  const { headers, multiValueHeaders, requestHeaders, authorizationToken } = (event ?? {}) as Record<
    string,
    unknown
  >;
  if (requestHeaders !== undefined && typeof authorizationToken === 'string') {
    return TOKEN.exec(authorizationToken)?.[1];
  }
  const values = [...new Set([...authorizations(headers), ...authorizations(multiValueHeaders)])];
  if (values.length !== 1 || typeof values[0] !== 'string') return undefined;
  return BEARER.exec(values[0])?.[1];
}

/** Every value of the header, however its name is written. */
function authorizations(headers: unknown): unknown[] {
  if (typeof headers !== 'object' || headers === null) return [];
  return Object.entries(headers)
    .filter(([name]) => name.toLowerCase() === 'authorization')
    .flatMap(([, value]: [string, unknown]) => value)
    .filter((value) => value !== undefined && value !== null);
}
