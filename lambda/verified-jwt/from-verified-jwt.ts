import type { Subject } from '../../engine/contract.ts';
import { ConfigurationError } from '../../engine/errors.ts';
import { CLAIMS_OPTIONS, type ClaimsOptions, claimsMapping } from '../middleware/claims.ts';
import { parseOptions } from '../options.ts';
import { bearerToken } from './bearer.ts';
import { parseVerifierOptions, VERIFIER_OPTIONS, type VerifierOptions } from './options.ts';
import { createVerifier } from './verifier.ts';

export interface VerifiedJwtOptions<Event = unknown> extends ClaimsOptions, VerifierOptions {
  /**
   * Finds the token in the event, for callers that cannot set a header, such as a browser that opens a WebSocket.
   *
   * @default - the bearer token of the `Authorization` header, or the token of an event of AppSync's authorizer
   */
  token?: (event: Event) => string | undefined;
}

/** Gives the subject of an event whose token is good, or `undefined` when there is no good token. */
export type VerifiedJwtExtractor<Event = unknown> = (event: Event) => Promise<Subject | undefined>;

/**
 * The subject from a token (JWT) in the event that is verified here: its signature by a key of the issuer (RS256,
 * RS384, RS512, ES256, ES384, ES512, EdDSA), `iss`, `aud`, `exp` and `nbf`. For events that nobody has verified yet: in
 * a Lambda authorizer, behind a function URL or a load balancer. Behind a JWT or Cognito authorizer of API Gateway use
 * `fromJwtClaims` or `fromCognito`.
 *
 * A token that is missing, malformed, expired or not for this audience is no subject: 401. When the issuer's keys
 * cannot be fetched there is no telling, and the extractor fails: 503, or 500 from an authorizer. No error and no log
 * has the token or a claim.
 *
 * Keys are fetched when this is called, in Lambda's Init phase, and again when a token names one that is not known. In a
 * VPC without a way to the issuer pass `jwks`.
 *
 * @example
 * const subject = fromVerifiedJwt({ type: 'User', issuer: 'https://id.example.com', audience: 'notes' });
 *
 * @throws ConfigurationError when an option is wrong
 */
export function fromVerifiedJwt<Event = unknown>(
  options: VerifiedJwtOptions<Event>,
): VerifiedJwtExtractor<Event> {
  const owner = 'fromVerifiedJwt';
  const raw = parseOptions(owner, options, [...CLAIMS_OPTIONS, ...VERIFIER_OPTIONS, 'token']);
  const toSubject = claimsMapping(owner, raw);
  const verify = createVerifier(parseVerifierOptions(owner, raw));
  const tokenOf = options.token ?? bearerToken;
  if (typeof tokenOf !== 'function')
    throw new ConfigurationError(`${owner}: token must be a function of the event`);
  return async (event) => {
    const token = tokenOf(event);
    return token === undefined || token === '' ? undefined : toSubject(await verify(token));
  };
}
