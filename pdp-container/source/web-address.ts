import { ConfigurationError } from '../../engine/index.ts';

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Whether what is read from an address is what its host sent: by https, or from this machine. */
export function isTrustworthy({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname));
}

/**
 * Reads an `https://` address, or an `http://` one of this machine.
 *
 * @throws ConfigurationError that repeats no credentials
 */
export function parseWebAddress(address: string): URL {
  if (!URL.canParse(address)) throw new ConfigurationError('an https source is not a well-formed address');
  const url = new URL(address);
  const wrong = (problem: string) => new ConfigurationError(`source '${webName(url)}': ${problem}`);
  if (url.username !== '' || url.password !== '') {
    throw wrong('has credentials in it: leave them out, and set PDP_SOURCE_TOKEN to the token');
  }
  if (!isTrustworthy(url)) throw wrong('is not encrypted: use https (http is for a server on this machine)');
  if (url.hash !== '') throw wrong('has a # part, which a server never sees: leave it out');
  return url;
}

/** For people: without credentials, and without a query, which may be a signature. */
export function webName({ protocol, host, pathname, search }: URL): string {
  return `${protocol}//${host}${pathname}${search === '' ? '' : '?…'}`;
}
