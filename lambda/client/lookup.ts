import { dns } from './node-http.ts';

/** The IP addresses of a host. */
export type Lookup = (host: string) => Promise<readonly string[]>;

/**
 * All addresses that the system knows for a host, as `getaddrinfo` gives them: hosts files and the VPC's resolver,
 * which keeps what it knows for as long as the record's TTL says. Those of a family that there is no route for are
 * among them: connecting fails at once, and another address is asked.
 */
export const systemLookup: Lookup = (host) =>
  new Promise((resolve, reject) => {
    dns().lookup(host, { all: true, order: 'verbatim' }, (error, found) =>
      error === null ? resolve(found.map(({ address }) => address)) : reject(error),
    );
  });

/** As much as is needed to tell an address from a name: no name ends in a number (RFC 1123) or has a colon. */
export function isIpAddress(host: string): boolean {
  return host.includes(':') || /^\d+\.\d+\.\d+\.\d+$/.test(host);
}
