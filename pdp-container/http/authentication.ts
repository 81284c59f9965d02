import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { ConfigurationError } from '../../engine/index.ts';

/** Whether a caller sent the key, and if not, what the 401 says. */
export type Authentication = { ok: true } | Refused;

export interface Refused {
  ok: false;
  /** Whether no key was sent at all. */
  missing: boolean;
  message: string;
  challenge: string;
}

export type Authenticate = (headers: IncomingHttpHeaders) => Authentication;

const OK: Authentication = { ok: true };

/** Has the key instead of `Authorization`, for proxies that pass on the user's own. */
export const KEY_HEADER = 'x-pdp-key';

/**
 * Checks `Authorization: Bearer` (RFC 6750), or `X-PDP-Key` where that is sent, in a time that does not depend on
 * the key.
 *
 * @param apiKey `undefined` lets everyone in
 * @throws ConfigurationError when the key is empty, or one that cannot be sent in a header
 */
export function bearerAuthentication(apiKey: string | undefined): Authenticate {
  if (apiKey === undefined) return () => OK;
  if (!/^[\x21-\x7e]+$/.test(apiKey)) {
    throw new ConfigurationError(
      apiKey === ''
        ? 'PDP_API_KEY is set but empty: set it to a key, or unset it to serve without one'
        : 'PDP_API_KEY must be printable ASCII without spaces or line ends',
    );
  }
  const expected = digest(apiKey);
  return ({ authorization: sent, [KEY_HEADER]: key }) => {
    const authorization = key === undefined ? sent : `Bearer ${key}`;
    if (authorization === undefined) {
      return {
        ok: false,
        missing: true,
        message: 'Authorization: Bearer header is missing',
        challenge: 'Bearer realm="pdp"',
      };
    }
    const bearer = /^bearer +(\S+)$/i.exec(authorization)?.[1];
    if (bearer === undefined) {
      return {
        ok: false,
        missing: false,
        message: 'Authorization must be of the Bearer scheme, with one key',
        challenge: 'Bearer realm="pdp"',
      };
    }
    if (timingSafeEqual(digest(bearer), expected)) return OK;
    return {
      ok: false,
      missing: false,
      message: 'the key is not the right one',
      challenge: 'Bearer realm="pdp", error="invalid_token"',
    };
  };
}

/** Equal lengths for {@link timingSafeEqual}, whatever the caller sent. */
function digest(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}
