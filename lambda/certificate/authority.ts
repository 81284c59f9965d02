import { createPrivateKey, X509Certificate } from 'node:crypto';
import { CertificateError } from './errors.ts';
import { DAY_MS, type KeyPair, makeAuthority } from './issue.ts';

/** What a deployment asks for. */
export interface Wanted {
  /** The DNS names that callers know the server by. */
  readonly serverNames: readonly string[];
  /** Another value than before makes a new authority. */
  readonly generation: string;
}

export interface Authority extends KeyPair {
  readonly generation: string;
}

/** What is in the authority's secret. The first authority of the bundle is the newest. */
export interface AuthorityState {
  readonly serverNames: readonly string[];
  /** Signs the server's certificate. */
  readonly current: Authority;
  /** Made by a rotation: callers are told to trust it, and it signs once they had the time to learn of it. */
  readonly next?: Authority & { readonly since: string };
  /** Certificates of authorities that signed before, without their keys. */
  readonly retired: readonly string[];
}

/** How long callers have to learn of a new authority before it signs, in days. */
export const SETTLING_DAYS = 1;

/** With what is left of Lambda's 4 kB of environment, a function can be told of so many authorities. */
const MOST_TRUSTED = 3;

/**
 * The state that a deployment asks for: the same when nothing changed. An authority in use is never replaced here;
 * another generation is made beside it. Back to the generation in use, as a rollback goes, drops the one beside it,
 * which has signed nothing.
 */
export async function deployed(
  state: AuthorityState | undefined,
  { serverNames, generation }: Wanted,
  now: Date,
): Promise<AuthorityState> {
  const make = async () => ({ generation, ...(await makeAuthority(now)) });
  if (state === undefined) return { serverNames, current: await make(), retired: [] };
  const { current, next } = state;
  const retired = state.retired.filter((certificate) => endOf(certificate) > now);
  if (current.generation === generation) return { serverNames, current, retired };
  if (next?.generation === generation) return { serverNames, current, next, retired };
  // One that ended is trusted by nobody: there is nothing to wait for.
  if (endOf(current.certificate) <= now) return { serverNames, current: await make(), retired };
  return { serverNames, current, next: { ...(await make()), since: now.toISOString() }, retired };
}

/** The state after a day: a new authority that callers had the time to learn of signs from now on. */
export function settled(state: AuthorityState, now: Date): AuthorityState {
  const { next, current } = state;
  if (next === undefined || now < signsFrom(next)) return state;
  const { since: _since, ...promoted } = next;
  return {
    serverNames: state.serverNames,
    current: promoted,
    retired: [current.certificate, ...state.retired].slice(0, MOST_TRUSTED - 1),
  };
}

/** When a new authority may begin to sign. */
export function signsFrom({ since }: { readonly since: string }): Date {
  return new Date(Date.parse(since) + SETTLING_DAYS * DAY_MS);
}

/** The state when no task runs with a certificate of an earlier authority: the next bundle is without them. */
export function withoutRetired(state: AuthorityState): AuthorityState {
  return { ...state, retired: [] };
}

/** The certificates that callers are to trust, in PEM, the newest first. */
export function bundle({ next, current, retired }: AuthorityState): string {
  return [...(next === undefined ? [] : [next.certificate]), current.certificate, ...retired]
    .slice(0, MOST_TRUSTED)
    .join('');
}

/** When a certificate (PEM) ends. */
export function endOf(certificate: string): Date {
  return new Date(new X509Certificate(certificate).validTo);
}

/**
 * Reads what `JSON.stringify` of a state wrote.
 *
 * @param text nothing is no state
 * @param replace whether anything else is no state either, and so is written over
 * @throws CertificateError when it is anything else. It is kept: callers trust what was in it.
 */
export function parseState(text: string | undefined, replace = false): AuthorityState | undefined {
  if (text === undefined) return undefined;
  try {
    return stateOf(JSON.parse(text));
  } catch {
    if (replace) return undefined;
    throw new CertificateError(
      "the authority's secret does not hold what this function wrote: deploy with another `certificateAuthority`, which makes " +
        'a new authority. Callers get no decisions until they are deployed with it',
    );
  }
}

type Fields = Record<string, unknown>;

/** Throws anything when it is no state: the caller says what to do about it. */
function stateOf(value: unknown): AuthorityState {
  const { serverNames, current, next, retired } = value as Fields;
  return {
    serverNames: list(serverNames).map(string),
    current: authorityOf(current),
    ...(next === undefined ? {} : { next: { ...authorityOf(next), since: date((next as Fields).since) } }),
    retired: list(retired).map(authorityCertificate),
  };
}

function authorityOf(value: unknown): Authority {
  const { generation, certificate, privateKey } = value as Fields;
  const pem = authorityCertificate(certificate);
  const key = string(privateKey);
  if (!new X509Certificate(pem).checkPrivateKey(createPrivateKey(key))) throw new TypeError('another key');
  return { generation: string(generation), certificate: pem, privateKey: key };
}

function authorityCertificate(value: unknown): string {
  const pem = string(value);
  if (!new X509Certificate(pem).ca) throw new TypeError('not an authority');
  return pem;
}

function date(value: unknown): string {
  return new Date(string(value)).toISOString();
}

function list(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  throw new TypeError('not a list');
}

function string(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new TypeError('not a string');
}
