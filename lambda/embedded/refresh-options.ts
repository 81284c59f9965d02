import { ConfigurationError } from '../../engine/errors.ts';
import { nonEmptyString, parseOptions, positiveInteger } from '../options.ts';
import { type BundleSource, parseBundle } from './bundle-source.ts';
import type { EmbeddedPdpEvent } from './events.ts';
import { parseS3Address } from './s3-address.ts';
import type { StoreSettings } from './store-check.ts';

const OWNER = 'createRefreshedPdp';

/** What the evaluator in the function is made from, and where it gets what is newer. */
export interface RefreshedPdpOptions {
  /**
   * What answers until the store has been read: as for `createEmbeddedPdp`.
   *
   * @default - the first question waits for the store
   */
  bundle?: string | URL | Uint8Array;
  /**
   * Where `pdp publish` puts the bundle: `s3://bucket/key`, in the region of the function or another. It is read by
   * the AWS SDK that Lambda's Node runtimes bring along, with the function's role, which must have `s3:GetObject`.
   */
  source: string;
  /**
   * Milliseconds after which a question makes the function look into the store again. It is answered by what is there;
   * the next one after that is answered by what was found.
   *
   * @default 60000
   */
  afterMs?: number;
  /**
   * Milliseconds for which what the store had last is good. A question that comes later waits for the store, and has
   * no answer (PdpUnavailableError, a deny) when it cannot be read or has nothing that may be used. Not less than
   * `afterMs`. What the function was deployed with has not been compared with the store, so the first question waits.
   *
   * @default - without end
   */
  maxStaleMs?: number;
  /**
   * Public keys (PEM, one or several): what is in the store is taken only when it is signed for one of them. `bundle`
   * is not held to it: it came with the function.
   *
   * @default - no signature is asked for
   */
  verifyKey?: string;
  /**
   * Whether to take an older publication than the one that runs.
   *
   * @default false
   */
  allowOlder?: boolean;
  /**
   * Told what becomes of looking into the store. What it throws is dropped.
   *
   * @default - a line in the function's log for what was refused or failed
   */
  onEvent?: (event: EmbeddedPdpEvent) => void;
}

export interface RefreshedPdpSettings {
  bundle: BundleSource | undefined;
  store: StoreSettings;
  afterMs: number;
  maxStaleMs: number | undefined;
  onEvent: ((event: EmbeddedPdpEvent) => unknown) | undefined;
}

const KNOWN: (keyof RefreshedPdpOptions)[] = [
  'bundle',
  'source',
  'afterMs',
  'maxStaleMs',
  'verifyKey',
  'allowOlder',
  'onEvent',
];

/** @throws ConfigurationError */
export function parseRefreshedOptions(options: unknown): RefreshedPdpSettings {
  const raw = parseOptions(OWNER, options, KNOWN);
  const afterMs = positiveInteger(OWNER, 'afterMs', raw.afterMs, 60_000);
  return {
    bundle: raw.bundle === undefined ? undefined : parseBundle(OWNER, raw.bundle),
    store: {
      source: parseSource(raw.source),
      verifyKey: parseVerifyKey(raw.verifyKey),
      allowOlder: parseAllowOlder(raw.allowOlder),
    },
    afterMs,
    maxStaleMs: parseMaxStale(raw.maxStaleMs, afterMs),
    onEvent: parseListener(raw.onEvent),
  };
}

function parseSource(value: unknown): StoreSettings['source'] {
  const address = parseS3Address(nonEmptyString(OWNER, 'source', value));
  if (address !== undefined) return address;
  throw new ConfigurationError(
    `${OWNER}: source must be the address of an object, like s3://bucket/bundle.tar.gz`,
  );
}

function parseVerifyKey(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value.includes('-----BEGIN PUBLIC KEY-----')) return value;
  throw new ConfigurationError(`${OWNER}: verifyKey must be public keys in PEM form`);
}

function parseAllowOlder(value: unknown): boolean {
  if (value === undefined || typeof value === 'boolean') return value ?? false;
  throw new ConfigurationError(`${OWNER}: allowOlder must be true or false`);
}

function parseMaxStale(value: unknown, afterMs: number): number | undefined {
  if (value === undefined) return undefined;
  const maxStaleMs = positiveInteger(OWNER, 'maxStaleMs', value, afterMs);
  if (maxStaleMs >= afterMs) return maxStaleMs;
  throw new ConfigurationError(
    `${OWNER}: maxStaleMs is ${maxStaleMs}, less than afterMs (${afterMs}): no question could be answered at once`,
  );
}

function parseListener(value: unknown): RefreshedPdpSettings['onEvent'] {
  if (value === undefined || typeof value === 'function') return value as RefreshedPdpSettings['onEvent'];
  throw new ConfigurationError(`${OWNER}: onEvent must be a function`);
}
