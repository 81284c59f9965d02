import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { assertIsJwk, assertIsSignatureJwk, type Jwk } from 'aws-jwt-verify/jwk';
import { ConfigurationError } from '../../engine/errors.ts';
import { nonEmptyString, type RawOptions } from '../options.ts';

export interface VerifierOptions {
  /** The `iss` claim, letter for letter. An `https` URL, unless `jwks` is given. */
  issuer: string;
  /** The `aud` claim, or `client_id` of a token that has no `aud`; one of them when there are several. */
  audience: string | readonly string[];
  /**
   * Where the issuer publishes its keys: an `https` URL.
   *
   * @default - `/.well-known/jwks.json` under the issuer, as with Cognito and Auth0
   */
  jwksUri?: string;
  /**
   * The issuer's public keys (RFC 7517), each with its `kid`. Nothing is fetched, and a key that the issuer rotates in
   * is known when the function is deployed anew.
   *
   * @default - fetched from `jwksUri`, and kept for up to two hours
   */
  jwks?: { readonly keys: readonly object[] };
  /**
   * Seconds by which clocks may differ: a token is good that much before `nbf` and after `exp`.
   *
   * @default 0
   */
  graceSeconds?: number;
}

export interface VerifierSettings {
  issuer: string;
  audience: readonly string[];
  jwksUri: string;
  jwks: { readonly keys: readonly Jwk[] } | undefined;
  graceSeconds: number;
}

/** The names of {@link VerifierOptions}. */
export const VERIFIER_OPTIONS = ['issuer', 'audience', 'jwksUri', 'jwks', 'graceSeconds'] as const;

/** @throws ConfigurationError */
export function parseVerifierOptions(owner: string, raw: RawOptions): VerifierSettings {
  const issuer = nonEmptyString(owner, 'issuer', raw.issuer);
  const audience = parseAudience(owner, raw.audience);
  const graceSeconds = parseGrace(owner, raw.graceSeconds);
  if (raw.jwks !== undefined) {
    if (raw.jwksUri !== undefined)
      throw new ConfigurationError(`${owner}: jwks and jwksUri are both given: keep one`);
    const jwks = parseKeys(owner, raw.jwks);
    // Names the keys in the library's cache; nothing is fetched from there.
    return { issuer, audience, graceSeconds, jwks, jwksUri: 'jwks:given' };
  }
  const jwksUri =
    raw.jwksUri === undefined
      ? httpsUrl(owner, 'issuer', `${issuer.replace(/\/$/, '')}/.well-known/jwks.json`)
      : httpsUrl(owner, 'jwksUri', nonEmptyString(owner, 'jwksUri', raw.jwksUri));
  return { issuer, audience, graceSeconds, jwks: undefined, jwksUri };
}

function parseAudience(owner: string, value: unknown): string[] {
  const values: unknown[] = Array.isArray(value) ? value : [value];
  if (values.length === 0) throw new ConfigurationError(`${owner}: audience must name at least one`);
  return values.map((item) => nonEmptyString(owner, 'audience', item));
}

function parseGrace(owner: string, value: unknown): number {
  if (value === undefined) return 0;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= 300) return value;
  throw new ConfigurationError(`${owner}: graceSeconds must be a whole number from 0 to 300`);
}

function httpsUrl(owner: string, name: string, text: string): string {
  if (URL.canParse(text) && new URL(text).protocol === 'https:') return text;
  throw new ConfigurationError(
    `${owner}: ${name} must be an https URL, from which keys are fetched; or give the keys as jwks`,
  );
}

/** Keys that cannot verify anything are found here, and not as a 401 to everybody. */
function parseKeys(owner: string, value: unknown): { keys: Jwk[] } {
  const keys: unknown =
    typeof value === 'object' && value !== null && 'keys' in value ? value.keys : undefined;
  if (!Array.isArray(keys) || keys.length === 0) {
    throw new ConfigurationError(`${owner}: jwks must be a key set with at least one key: {"keys": […]}`);
  }
  return { keys: keys.map((key, index) => parseKey(`${owner}: jwks.keys[${index}]`, key)) };
}

function parseKey(place: string, key: unknown): Jwk {
  if (typeof key !== 'object' || key === null || !('kid' in key) || typeof key.kid !== 'string')
    throw new ConfigurationError(`${place} must be a key with a kid`);
  if ('d' in key) throw new ConfigurationError(`${place} is a private key: give the public one`);
  try {
    const jwk = key as Jwk;
    assertIsJwk(jwk);
    assertIsSignatureJwk(jwk);
    createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
    return jwk;
  } catch {
    throw new ConfigurationError(`${place} must be a public key for signatures: RSA, EC or OKP`);
  }
}
