import type { PolicyDecisionPoint } from '../../engine/contract.ts';
import { ConfigurationError } from '../../engine/errors.ts';
import { nonEmptyString, parseOptions, positiveInteger } from '../options.ts';
import { type Emit, harmless, type PdpClientEvent } from './events.ts';
import { type Lookup, systemLookup } from './lookup.ts';

const OWNER = 'createPdpClient';

/** Where a remote PDP is and how long to wait for it. */
export interface PdpClientOptions {
  /** Base address, `http://` or `https://`; a path in it is kept. Without user, password, query or fragment. */
  url: string | URL;
  /**
   * The key sent as `Authorization: Bearer`. A function is called once and its answer kept; it is asked again
   * when the PDP refused the key, at most once a minute.
   *
   * @default - no key is sent
   */
  apiKey?: string | (() => string | Promise<string>);
  /**
   * Certificate authorities (PEM) to trust instead of the ones Node knows; `https://` only.
   *
   * @default - the ones Node knows
   */
  ca?: string | Uint8Array;
  /**
   * Milliseconds for one attempt: connecting, sending and the whole answer. A first attempt gets half of the time
   * that is left at most, so that there is some for a second one.
   *
   * @default 500
   */
  attemptTimeoutMs?: number;
  /**
   * Milliseconds for a call with its second attempt; less when the caller has less.
   *
   * @default 1000
   */
  timeoutMs?: number;
  /**
   * Largest answer that is read, in bytes.
   *
   * @default 4194304
   */
  maxResponseBytes?: number;
  /**
   * Connections open at the same time, to each address of the service.
   *
   * @default 64
   */
  maxConnections?: number;
  /**
   * Most questions in one request: a larger batch is sent as several. The server's own limit, or less.
   *
   * @default 1000
   */
  maxBatchItems?: number;
  /**
   * Largest request body of a batch, in bytes: a larger batch is sent as several. The server's own limit, or less.
   *
   * @default 1048576
   */
  maxRequestBytes?: number;
  /**
   * Whether a second address is asked when the first takes longer than 95 of 100 answers did. A decision has no side
   * effect, and at most one request in ten is asked twice for it.
   *
   * @default true
   */
  hedge?: boolean;
  /**
   * Finds the IP addresses of the host of `url`; asked by a call when its last answer is older than 10 seconds.
   *
   * @default - the system's resolver, A and AAAA records
   */
  lookup?: (host: string) => Promise<readonly string[]>;
  /**
   * Keeps decisions for a while in this function's memory. A change of policies or data shows when the time is over,
   * or an answer tells of a new revision; until then a permit that was taken back still permits.
   *
   * @default - every call asks the PDP
   */
  cache?: DecisionCacheOptions;
  /**
   * Answers when the PDP is away or too slow, an embedded PDP for example. Its decisions have `context.fallback`.
   * A key that was refused or a request that is wrong is not its business.
   *
   * @default - no answer is an error, which callers treat as a deny
   */
  fallback?: PolicyDecisionPoint;
  /** Told what happens while the client asks. What it throws is dropped. */
  onEvent?: (event: PdpClientEvent) => void;
}

/** What is kept of decisions, and for how long. */
export interface DecisionCacheOptions {
  /**
   * How long a decision is kept, in milliseconds.
   *
   * @default 5000
   */
  ttlMs?: number;
  /**
   * Most decisions kept; the one that was used longest ago makes room.
   *
   * @default 1000
   */
  maxEntries?: number;
}

export interface PdpClientSettings {
  base: URL;
  apiKey: string | (() => string | Promise<string>) | undefined;
  ca: string | undefined;
  attemptTimeoutMs: number;
  timeoutMs: number;
  maxResponseBytes: number;
  maxConnections: number;
  maxBatchItems: number;
  maxRequestBytes: number;
  hedge: boolean;
  lookup: Lookup;
  cache: Required<DecisionCacheOptions> | undefined;
  fallback: PolicyDecisionPoint | undefined;
  emit: Emit | undefined;
}

const KNOWN: (keyof PdpClientOptions)[] = [
  'url',
  'apiKey',
  'ca',
  'attemptTimeoutMs',
  'timeoutMs',
  'maxResponseBytes',
  'maxConnections',
  'maxBatchItems',
  'maxRequestBytes',
  'hedge',
  'lookup',
  'cache',
  'fallback',
  'onEvent',
];

/** @throws ConfigurationError */
export function parseClientOptions(options: unknown): PdpClientSettings {
  const raw = parseOptions(OWNER, options, KNOWN);
  const base = parseBase(raw.url);
  return {
    base,
    apiKey: parseKeyOption(raw.apiKey),
    ca: parseCa(raw.ca, base),
    attemptTimeoutMs: positiveInteger(OWNER, 'attemptTimeoutMs', raw.attemptTimeoutMs, 500),
    timeoutMs: positiveInteger(OWNER, 'timeoutMs', raw.timeoutMs, 1000),
    maxResponseBytes: positiveInteger(OWNER, 'maxResponseBytes', raw.maxResponseBytes, 4 * 2 ** 20),
    maxConnections: positiveInteger(OWNER, 'maxConnections', raw.maxConnections, 64),
    maxBatchItems: positiveInteger(OWNER, 'maxBatchItems', raw.maxBatchItems, 1000),
    maxRequestBytes: positiveInteger(OWNER, 'maxRequestBytes', raw.maxRequestBytes, 2 ** 20),
    hedge: parseHedge(raw.hedge),
    lookup: parseFunction<Lookup>('lookup', raw.lookup) ?? systemLookup,
    cache: parseCache(raw.cache),
    fallback: parseFallback(raw.fallback),
    emit: harmless(parseFunction<Emit>('onEvent', raw.onEvent)),
  };
}

/** The problem never shows the address: a password may be in it. */
function parseBase(value: unknown): URL {
  const text = value instanceof URL ? value.href : nonEmptyString(OWNER, 'url', value);
  const base = URL.parse(text);
  if (base === null || (base.protocol !== 'http:' && base.protocol !== 'https:')) {
    throw new ConfigurationError(
      `${OWNER}: url must be an http:// or https:// address, like http://pdp:7000`,
    );
  }
  if (base.username !== '' || base.password !== '') {
    throw new ConfigurationError(`${OWNER}: url must not hold a user or password; give the key as apiKey`);
  }
  if (base.search !== '' || base.hash !== '') {
    throw new ConfigurationError(`${OWNER}: url must not have a query or a fragment`);
  }
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  return base;
}

function parseKeyOption(value: unknown): PdpClientSettings['apiKey'] {
  if (value === undefined) return undefined;
  if (typeof value === 'function') return value as () => string | Promise<string>;
  return parseKey(value);
}

/**
 * A key that can be a header's value: visible ASCII, no spaces (RFC 6750, section 2.1).
 *
 * @throws ConfigurationError
 */
export function parseKey(value: unknown): string {
  if (typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)) return value;
  throw new ConfigurationError(`${OWNER}: apiKey must be visible ASCII characters without spaces`);
}

function parseCa(value: unknown, base: URL): string | undefined {
  if (value === undefined) return undefined;
  if (base.protocol !== 'https:') {
    throw new ConfigurationError(`${OWNER}: ca is given but url is http://; use an https:// address`);
  }
  const text =
    typeof value === 'string' ? value : value instanceof Uint8Array ? new TextDecoder().decode(value) : '';
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw new ConfigurationError(`${OWNER}: ca must be certificates in PEM form`);
}

function parseHedge(value: unknown): boolean {
  if (value === undefined || typeof value === 'boolean') return value ?? true;
  throw new ConfigurationError(`${OWNER}: hedge must be true or false`);
}

function parseFunction<F>(name: string, value: unknown): F | undefined {
  if (value === undefined || typeof value === 'function') return value as F | undefined;
  throw new ConfigurationError(`${OWNER}: ${name} must be a function`);
}

function parseCache(value: unknown): PdpClientSettings['cache'] {
  if (value === undefined) return undefined;
  const owner = `${OWNER}: cache`;
  const raw = parseOptions(owner, value, ['ttlMs', 'maxEntries']);
  return {
    ttlMs: positiveInteger(owner, 'ttlMs', raw.ttlMs, 5000),
    maxEntries: positiveInteger(owner, 'maxEntries', raw.maxEntries, 1000),
  };
}

function parseFallback(value: unknown): PolicyDecisionPoint | undefined {
  const pdp = value as PolicyDecisionPoint | null | undefined;
  if (pdp === undefined) return undefined;
  if (typeof pdp?.evaluate === 'function' && typeof pdp.evaluateAll === 'function') return pdp;
  throw new ConfigurationError(
    `${OWNER}: fallback must be a PolicyDecisionPoint, like createEmbeddedPdp() gives`,
  );
}
