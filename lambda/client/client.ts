import type { PolicyDecisionPoint } from '../../engine/contract.ts';
import { AddressBook } from './addresses.ts';
import { cached, DecisionCache } from './cache.ts';
import { withFallback } from './fallback.ts';
import { http, https } from './node-http.ts';
import { type PdpClientOptions, type PdpClientSettings, parseClientOptions } from './options.ts';
import { hostOf, remotePdp } from './remote.ts';

/** A PDP on the other side of a network, and the connections to it. */
export interface PdpClient extends PolicyDecisionPoint {
  /** Closes the connections that are open; the client stays usable and opens new ones. */
  close(): void;
}

/** What a client takes from the world, for tests to give. */
export interface Surroundings {
  /** Milliseconds of the wall clock, which goes on while a function is frozen. */
  now: () => number;
  /** At least 0, below 1. */
  random: () => number;
}

/**
 * A client for a PDP that speaks AuthZEN 1.0 over HTTP. It spreads requests over all addresses of the PDP, keeps
 * connections alive, and asks a second address when the first gives no answer or is slow: a decision has no side
 * effect, so asking twice is sound.
 *
 * @example
 * const pdp = createPdpClient({ url: 'http://pdp.internal:7000' });
 * const { decision } = await pdp.evaluate({
 *   subject: { type: 'User', id: 'alice' }, action: { name: 'view' }, resource: { type: 'Note', id: 'acme/roadmap' },
 * });
 *
 * @throws ConfigurationError when an option is wrong
 */
export function createPdpClient(options: PdpClientOptions): PdpClient {
  return connect(parseClientOptions(options), { now: Date.now, random: Math.random });
}

/** {@link createPdpClient}, of options that are right. */
export function connect(settings: PdpClientSettings, { now, random }: Surroundings): PdpClient {
  const { emit, cache, fallback } = settings;
  const addresses = new AddressBook({
    Agent: (settings.base.protocol === 'https:' ? https() : http()).Agent,
    maxConnections: settings.maxConnections,
    host: hostOf(settings.base),
    lookup: settings.lookup,
    now,
    emit,
  });
  let pdp = remotePdp(settings, { addresses, random });
  if (cache !== undefined) pdp = cached(pdp, new DecisionCache(cache, now), emit);
  if (fallback !== undefined) pdp = withFallback(pdp, fallback, emit);
  return { ...pdp, close: () => addresses.close() };
}
