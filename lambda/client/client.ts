import type { Decision, EvaluateOptions, PolicyDecisionPoint } from '../../engine/contract.ts';
import { PdpError, PdpTimeoutError, PdpUnavailableError } from '../../engine/errors.ts';
import { type Deadline, withDeadline } from '../deadline.ts';
import { AddressBook } from './addresses.ts';
import { acceptBody, isRefusal, parseDecisionBody, parseDecisionsBody } from './answers.ts';
import { apiKeySource } from './api-key.ts';
import { type Asking, ask } from './ask.ts';
import { askInParts, split } from './batch.ts';
import { cached, DecisionCache } from './cache.ts';
import { AttemptTimeoutError } from './exchange.ts';
import { withFallback } from './fallback.ts';
import { Hedge } from './hedge.ts';
import { http, https } from './node-http.ts';
import { type PdpClientOptions, type PdpClientSettings, parseClientOptions } from './options.ts';
import { batchBody, serialize } from './wire.ts';

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
  const hedge = settings.hedge ? new Hedge() : undefined;
  let pdp = remote(settings, {
    addresses,
    hedge,
    attemptTimeoutMs: settings.attemptTimeoutMs,
    random,
    emit,
  });
  if (cache !== undefined) pdp = cached(pdp, new DecisionCache(cache, now), emit);
  if (fallback !== undefined) pdp = withFallback(pdp, fallback, emit);
  return { ...pdp, close: () => addresses.close() };
}

function remote(settings: PdpClientSettings, asking: Asking): PolicyDecisionPoint {
  const { base } = settings;
  const apiKey = apiKeySource(settings.apiKey);
  const evaluation = new URL('access/v1/evaluation', base);
  const evaluations = new URL('access/v1/evaluations', base);
  const host = hostOf(base);
  const fixed = {
    ca: settings.ca,
    maxResponseBytes: settings.maxResponseBytes,
    // An address has no name to tell the server (RFC 6066, section 3).
    servername: base.protocol === 'https:' && !/^[\d.]+$|:/.test(host) ? host : undefined,
  };

  function within<T>(call: EvaluateOptions, work: (deadline: Deadline) => Promise<T>): Promise<T> {
    const timeoutMs = Math.min(settings.timeoutMs, Math.floor(call.timeoutMs ?? settings.timeoutMs));
    return withDeadline(timeoutMs, call.signal, work).catch((error: unknown) => {
      throw unavailable(error, base.origin);
    });
  }

  async function send(url: URL, text: string, call: EvaluateOptions, deadline: Deadline): Promise<string> {
    const body = Buffer.from(text);
    const sendWith = (key: string | undefined) =>
      ask(asking, { ...fixed, url, body, headers: requestHeaders(key, call.requestId) }, deadline);
    const key = await apiKey.get();
    const answer = await sendWith(key);
    if (!isRefusal(answer.status)) return acceptBody(answer, base.origin);
    apiKey.refused(key);
    const next = await apiKey.get();
    return acceptBody(next === key ? answer : await sendWith(next), base.origin);
  }

  return {
    async evaluate(request, call = {}): Promise<Decision> {
      const text = serialize(request);
      return parseDecisionBody(await within(call, (deadline) => send(evaluation, text, call, deadline)));
    },
    async evaluateAll(requests, call = {}): Promise<Decision[]> {
      const { semantic = 'execute_all' } = call;
      // Without an item there is no part: an empty batch would be read as one evaluation (AuthZEN 1.0, section 7.1).
      const parts = split(requests.map(serialize), settings);
      if (parts.length === 0) return [];
      return within(call, (deadline) =>
        askInParts(parts, semantic, async (part) => {
          const body = await send(evaluations, batchBody(part, semantic), call, deadline);
          return parseDecisionsBody(body, part.length, semantic);
        }),
      );
    },
  };
}

/** The host as a name or an address, an IPv6 one without its brackets. */
function hostOf({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

function requestHeaders(key: string | undefined, requestId: string | undefined): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': 'application/json', accept: 'application/json' };
  if (key !== undefined) headers.authorization = `Bearer ${key}`;
  // An id that cannot be a header is left out: it only serves to find the log line.
  if (requestId !== undefined && /^[\x21-\x7e]{1,256}$/.test(requestId)) headers['x-request-id'] = requestId;
  return headers;
}

function unavailable(error: unknown, origin: string): PdpError {
  if (error instanceof PdpTimeoutError || error instanceof AttemptTimeoutError) {
    return new PdpTimeoutError(`PDP at ${origin}: ${error.message}`, { cause: error });
  }
  if (error instanceof PdpError) return error;
  const message = error instanceof Error ? error.message : 'failed';
  return new PdpUnavailableError(`PDP at ${origin}: ${message}`, { cause: error });
}
