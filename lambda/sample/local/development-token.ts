const TOKEN = /^Bearer dev-([A-Za-z0-9_-]{1,64})$/i;

/**
 * The claims of a development token, `Authorization: Bearer dev-alice`: whoever writes it is believed. It stands
 * in for API Gateway's JWT authorizer, which verifies real tokens, and exists only in the local front; no code
 * that is deployed knows it.
 */
export function developmentClaims(authorization: string | undefined): Record<string, string> | undefined {
  const user = TOKEN.exec(authorization ?? '')?.[1];
  return user === undefined ? undefined : { sub: user, iss: 'development', token_use: 'development' };
}
