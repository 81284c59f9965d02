/** A request to a function behind an API. */
export interface HttpRequest {
  /** @default 'GET' */
  method?: string;
  /** @default '/' */
  path?: string;
  /** @default - none */
  pathParameters?: Record<string, string>;
  /** @default - none */
  query?: Record<string, string>;
  /** Names in any case. @default - none */
  headers?: Record<string, string>;
  /** A string is sent as it is, anything else as JSON. @default - none */
  body?: unknown;
  /**
   * The claims of the token that the authorizer has verified.
   *
   * @default - there is no authorizer
   */
  claims?: Claims;
}

/** Claims as a token has them. */
export type Claims = Record<string, string | number | boolean | readonly string[]>;

/** Claims as an authorizer gives them to a function: text, with lists in a form of its own. */
export function asText(claims: Claims, list: (items: readonly string[]) => string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(claims).map(([name, claim]) => [
      name,
      typeof claim === 'object' ? list(claim) : String(claim),
    ]),
  );
}

export function bodyText(body: unknown): string | undefined {
  return body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
}

export function lowerCase(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
