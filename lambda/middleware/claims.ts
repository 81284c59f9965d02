import type { JsonObject, JsonValue, Subject } from '../../engine/contract.ts';
import { ConfigurationError } from '../../engine/errors.ts';
import { nonEmptyString, parseOptions, type RawOptions } from '../options.ts';
import type { HttpApiEvent, RestApiEvent } from './event-kinds.ts';
import { own, ownAt } from './own.ts';

/** How verified claims become a subject. */
export interface ClaimsOptions {
  /** The subject's type: `User`. */
  type: string;
  /**
   * The claim that is the subject's id.
   *
   * @default 'sub'
   */
  claim?: string;
  /**
   * Claims to send along as `properties` of the subject, under their own names. One that the token does not
   * have is left out.
   *
   * @default - none
   */
  properties?: readonly string[];
}

/** Gives the subject of an event, or `undefined` when the event has none. */
export type SubjectExtractor<Event = unknown> = (event: Event) => Subject | undefined;

/**
 * The subject from the claims that an HTTP API's JWT authorizer has verified
 * (`event.requestContext.authorizer.jwt.claims`). No token is decoded here.
 *
 * @example
 * authorize({ subject: fromJwtClaims({ type: 'User' }), … })
 *
 * @throws ConfigurationError when an option is wrong
 */
export function fromJwtClaims(options: ClaimsOptions): SubjectExtractor<HttpApiEvent> {
  return extractor('fromJwtClaims', options, ['requestContext', 'authorizer', 'jwt', 'claims']);
}

/**
 * The subject from the claims that a REST API's Cognito user pool authorizer has verified
 * (`event.requestContext.authorizer.claims`). No token is decoded here. An HTTP API checks Cognito's tokens with
 * its JWT authorizer: use {@link fromJwtClaims} there.
 *
 * @throws ConfigurationError when an option is wrong
 */
export function fromCognito(options: ClaimsOptions): SubjectExtractor<RestApiEvent> {
  return extractor('fromCognito', options, ['requestContext', 'authorizer', 'claims']);
}

/** The subject from the claims that stand at a path of the event, where only AWS can have put them. */
export function extractor(
  owner: string,
  options: ClaimsOptions,
  path: readonly string[],
): SubjectExtractor<unknown> {
  const toSubject = claimsMapping(owner, parseOptions(owner, options, CLAIMS_OPTIONS));
  return (event) => toSubject(ownAt(event, path));
}

/** The names of {@link ClaimsOptions}. */
export const CLAIMS_OPTIONS = ['type', 'claim', 'properties'] as const;

/**
 * How claims that somebody has verified become a subject; `undefined` when they have none.
 *
 * @throws ConfigurationError when an option is wrong
 */
export function claimsMapping(owner: string, options: RawOptions): (claims: unknown) => Subject | undefined {
  const type = nonEmptyString(owner, 'type', options.type);
  const claim = options.claim === undefined ? 'sub' : nonEmptyString(owner, 'claim', options.claim);
  const properties = propertiesMapping(owner, options.properties);
  return (claims) => {
    const id = own(claims, claim);
    if (typeof id !== 'string' || id === '') return undefined;
    return { type, id, ...properties(claims) };
  };
}

/**
 * Picks the claims that become properties of the subject.
 *
 * @throws ConfigurationError when the names are not an array of strings
 */
export function propertiesMapping(
  owner: string,
  value: unknown,
): (claims: unknown) => Pick<Subject, 'properties'> {
  const names = parseNames(owner, value);
  return (claims) => (names.length === 0 ? {} : { properties: pick(claims, names) });
}

function parseNames(owner: string, value: unknown): string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value))
    throw new ConfigurationError(`${owner}: properties must be an array of claim names`);
  return value.map((name, index) => nonEmptyString(owner, `properties[${index}]`, name));
}

function pick(claims: unknown, names: readonly string[]): JsonObject {
  const found = names.map((name) => [name, own(claims, name)] as const);
  return Object.fromEntries(found.filter((entry): entry is [string, JsonValue] => isClaim(entry[1])));
}

/** What API Gateway gives for a claim: a scalar, or strings. */
function isClaim(value: unknown): value is JsonValue {
  const scalar = (item: unknown) => ['string', 'number', 'boolean'].includes(typeof item);
  return scalar(value) || (Array.isArray(value) && value.every(scalar));
}
