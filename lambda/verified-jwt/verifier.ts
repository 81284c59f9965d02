import { assertStringArraysOverlap } from 'aws-jwt-verify/assert';
import {
  FetchError,
  JwksValidationError,
  JwkValidationError,
  JwtInvalidAudienceError,
} from 'aws-jwt-verify/error';
import type { Jwks } from 'aws-jwt-verify/jwk';
import type { Jwt, JwtPayload } from 'aws-jwt-verify/jwt-model';
import { JwtVerifier } from 'aws-jwt-verify/jwt-verifier';
import { PdpUnavailableError } from '../../engine/errors.ts';
import { freshKeys } from './fresh-keys.ts';
import type { VerifierSettings } from './options.ts';

/**
 * The claims of a token, or `undefined` when it is not good. Nothing says why: what the reason would name is the
 * caller's, and the caller's only.
 *
 * @throws PdpUnavailableError when the issuer's keys cannot be had, so that there is no telling
 */
export type Verify = (token: string) => Promise<JwtPayload | undefined>;

export function createVerifier({ jwks, ...settings }: VerifierSettings): Verify {
  const { issuer, jwksUri, graceSeconds } = settings;
  const verifier = JwtVerifier.create({
    issuer,
    jwksUri,
    graceSeconds,
    // Checked with the rest: the library does not know `client_id`.
    audience: null,
    customJwtCheck: (token) => checkClaims(token, settings),
  });
  if (jwks !== undefined) {
    verifier.cacheJwks(jwks as Jwks);
    // The asynchronous one would fetch keys for a token that names one that is not there.
    return async (token) => goodOrNot(() => verifier.verifySync(token));
  }
  const keys = freshKeys(() => verifier.hydrate());
  return (token) =>
    goodOrNot(async () => {
      await keys();
      return verifier.verify(token);
    });
}

async function goodOrNot(verify: () => JwtPayload | Promise<JwtPayload>): Promise<JwtPayload | undefined> {
  try {
    return await verify();
  } catch (error) {
    if (isAboutKeys(error)) {
      throw new PdpUnavailableError('the keys of the issuer of tokens cannot be had', { cause: error });
    }
    return undefined;
  }
}

/** The messages of these have the address and what is wrong with the answer, and nothing of a token. */
function isAboutKeys(error: unknown): boolean {
  return [FetchError, JwksValidationError, JwkValidationError].some((type) => error instanceof type);
}

/** What the library leaves to its users. Called when the signature is good. */
function checkClaims({ header, payload }: Jwt, { audience }: Pick<VerifierSettings, 'audience'>): void {
  // RFC 7515, section 4.1.11: a header that must be understood, and is not.
  if (header.crit !== undefined) throw new Error('crit');
  if (payload.exp === undefined) throw new Error('no exp');
  // As API Gateway does: access tokens of Cognito have no `aud`.
  assertStringArraysOverlap(
    'audience',
    payload.aud ?? payload.client_id,
    [...audience],
    JwtInvalidAudienceError,
  );
}
