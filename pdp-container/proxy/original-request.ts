import type { IncomingMessage } from 'node:http';
import type { UrlRequest } from '../../compiler/urls/url-map.ts';
import { InvalidRequestError } from '../../engine/index.ts';
import { headerValues, singleHeader } from './headers.ts';

/** The route that proxies ask; what comes after it may be the path of the original request. */
export const AUTHZ_PATH = '/authz/request';

/** Where a proxy tells of the request that it asks about. A request that has two of them is refused. */
const FAMILIES = {
  /** nginx and what is made of it. The URL has scheme and host, the URI has not. */
  original: ['x-original-method', 'x-original-uri', 'x-original-url'],
  /** Traefik, Caddy and others. */
  forwarded: ['x-forwarded-method', 'x-forwarded-uri'],
} as const;

/** Headers that make some applications take another method or path than the request's own. */
const OVERRIDES = ['x-http-method', 'x-http-method-override', 'x-method-override', 'x-rewrite-url'];

/** Headers that say what is asked: none of them may say who asks. */
export const REQUEST_HEADERS: ReadonlySet<string> = new Set([
  ...FAMILIES.original,
  ...FAMILIES.forwarded,
  ...OVERRIDES,
  'x-original-host',
  'x-forwarded-host',
  'host',
]);

/**
 * The request that a proxy asks about: from `X-Original-*`, from `X-Forwarded-*`, or the request itself with its
 * path after `/authz/request` (Envoy). Exactly one of these, since a client may have written the others.
 *
 * @throws InvalidRequestError saying what is missing or contradicts, without the values
 */
export function originalRequest(raw: IncomingMessage): UrlRequest {
  const one = (name: string) => singleHeader(raw, name);
  const has = (names: readonly string[]) => names.some((name) => headerValues(raw, name).length > 0);
  const tail = tailOf(raw.url ?? '');
  const told = [tail !== '', has(FAMILIES.original), has(FAMILIES.forwarded)];
  if (told.filter(Boolean).length > 1) {
    throw refused('it is told in two ways (X-Original-*, X-Forwarded-*, or a path after /authz/request)');
  }
  if (has(OVERRIDES)) throw refused(`it has a header that may override it (${OVERRIDES.join(', ')})`);
  const headers = (name: string) => headerValues(raw, name);
  if (told[0]) return { method: methodOf(raw.method ?? ''), url: tail, ...hostOf(one('host')), headers };
  if (told[1]) {
    const [uri, url] = [one('x-original-uri'), one('x-original-url')];
    if (uri !== undefined && url !== undefined) {
      throw refused('X-Original-URI and X-Original-URL are both there; send one');
    }
    const host = hostOf(one('x-original-host'));
    if (uri !== undefined && !uri.startsWith('/')) throw refused('X-Original-URI must begin with /');
    return {
      method: methodOf(needed(raw, 'X-Original-Method')),
      url: url ?? needed(raw, 'X-Original-URI'),
      ...host,
      headers,
    };
  }
  if (told[2]) {
    const url = needed(raw, 'X-Forwarded-Uri');
    if (!url.startsWith('/')) throw refused('X-Forwarded-Uri must begin with /');
    const method = methodOf(needed(raw, 'X-Forwarded-Method'));
    return { method, url, ...hostOf(one('x-forwarded-host')), headers };
  }
  throw refused('it is not told: send X-Original-Method and X-Original-URI, or X-Forwarded-Method and -Uri');
}

function needed(raw: IncomingMessage, name: string): string {
  const value = singleHeader(raw, name.toLowerCase());
  if (value === undefined || value === '') throw refused(`${name} is missing`);
  return value;
}

/** Methods are told apart by letter case: what an application takes `get` for, nobody knows. */
function methodOf(method: string): string {
  if (method !== method.toUpperCase()) throw refused('its method is not in upper case');
  return method;
}

function hostOf(host: string | undefined): { host?: string } {
  return host === undefined || host === '' ? {} : { host };
}

/** What comes after the route in a request's target; empty for nothing. */
function tailOf(target: string): string {
  if (!target.startsWith(AUTHZ_PATH)) throw refused(`the target does not begin with ${AUTHZ_PATH}`);
  const tail = target.slice(AUTHZ_PATH.length);
  return tail.startsWith('?') ? '' : tail;
}

function refused(problem: string): InvalidRequestError {
  return new InvalidRequestError('original request', problem);
}
