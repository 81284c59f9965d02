import { dns } from './node-http.ts';

/** The IP addresses of a host. */
export type Lookup = (host: string) => Promise<readonly string[]>;

/**
 * All addresses that the system knows for a host, as `getaddrinfo` gives them: hosts files and the VPC's resolver,
 * which keeps what it knows for as long as the record's TTL says. Without a route for a family, none of it.
 */
export const systemLookup: Lookup = (host) =>
  new Promise((resolve, reject) => {
    const { lookup, ADDRCONFIG } = dns();
    lookup(host, { all: true, order: 'verbatim', hints: ADDRCONFIG }, (error, found) =>
      error === null ? resolve(found.map(({ address }) => address)) : reject(error),
    );
  });
