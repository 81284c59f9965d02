import { headerValues } from '../middleware/headers.ts';

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
  const { requestHeaders, authorizationToken } = (event ?? {}) as Record<string, unknown>;
  if (requestHeaders !== undefined && typeof authorizationToken === 'string') {
    return TOKEN.exec(authorizationToken)?.[1];
  }
  const values = headerValues(event, 'authorization');
  if (values.length !== 1 || typeof values[0] !== 'string') return undefined;
  return BEARER.exec(values[0])?.[1];
}
