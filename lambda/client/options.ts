import { ConfigurationError } from '../../engine/errors.ts';
import { nonEmptyString, parseOptions, positiveInteger } from '../options.ts';

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
   * Milliseconds for one attempt: connecting, sending and the whole answer.
   *
   * @default 500
   */
  attemptTimeoutMs?: number;
  /**
   * Milliseconds for a call with its second attempt.
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
   * Connections open at the same time.
   *
   * @default 64
   */
  maxConnections?: number;
}

export interface PdpClientSettings {
  base: URL;
  apiKey: string | (() => string | Promise<string>) | undefined;
  ca: string | undefined;
  attemptTimeoutMs: number;
  timeoutMs: number;
  maxResponseBytes: number;
  maxConnections: number;
}

const KNOWN: (keyof PdpClientOptions)[] = [
  'url',
  'apiKey',
  'ca',
  'attemptTimeoutMs',
  'timeoutMs',
  'maxResponseBytes',
  'maxConnections',
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
