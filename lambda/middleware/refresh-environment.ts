import { ConfigurationError } from '../../engine/errors.ts';
import type { RefreshedPdpOptions } from '../embedded/index.ts';
import { parseS3Address } from '../embedded/s3-address.ts';

/** The variables that say where the evaluator in the function gets newer policies from. */
export interface RefreshEnvironment {
  /** `s3://bucket/key`: where `pdp publish` puts the bundle. */
  PDP_SOURCE?: string | undefined;
  /** Seconds after which a question makes the function look there again. */
  PDP_REFRESH_INTERVAL?: string | undefined;
  /** Seconds for which what was there is good; after that nothing is decided until it has been read again. */
  PDP_MAX_STALE?: string | undefined;
  /** Public keys (PEM): only what is signed for one of them is taken from there. */
  PDP_VERIFY_KEY?: string | undefined;
  /** `true`: an older publication is taken, too. */
  PDP_ALLOW_OLDER?: string | undefined;
}

/**
 * What the variables say, or undefined when there is nothing to refresh from.
 *
 * @throws ConfigurationError naming the variable
 */
export function refreshOptions(
  env: RefreshEnvironment,
): Omit<RefreshedPdpOptions, 'bundle' | 'onEvent'> | undefined {
  const source = env.PDP_SOURCE;
  if (source === undefined) {
    const idle = Object.entries(env).find(([, value]) => value !== undefined && value !== '');
    if (idle === undefined) return undefined;
    throw new ConfigurationError(`${idle[0]} is set without PDP_SOURCE, the address that it is about`);
  }
  if (parseS3Address(source) === undefined) {
    throw new ConfigurationError(
      'PDP_SOURCE must be the address of an object, like s3://bucket/bundle.tar.gz',
    );
  }
  const { PDP_VERIFY_KEY: verifyKey } = env;
  if (verifyKey?.includes('-----BEGIN PUBLIC KEY-----') === false) {
    throw new ConfigurationError('PDP_VERIFY_KEY must be public keys in PEM form');
  }
  const afterMs = milliseconds('PDP_REFRESH_INTERVAL', env);
  const maxStaleMs = milliseconds('PDP_MAX_STALE', env);
  if (maxStaleMs !== undefined && maxStaleMs < (afterMs ?? 60_000)) {
    throw new ConfigurationError(
      'PDP_MAX_STALE must not be less than PDP_REFRESH_INTERVAL (60 when it is not set)',
    );
  }
  return {
    source,
    ...(afterMs === undefined ? {} : { afterMs }),
    ...(maxStaleMs === undefined ? {} : { maxStaleMs }),
    ...(verifyKey === undefined ? {} : { verifyKey }),
    allowOlder: isTrue('PDP_ALLOW_OLDER', env),
  };
}

function milliseconds(name: keyof RefreshEnvironment, env: RefreshEnvironment): number | undefined {
  const text = env[name];
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text) * 1_000;
  throw new ConfigurationError(`${name} must be a whole number of seconds, from 1 to 999999`);
}

function isTrue(name: keyof RefreshEnvironment, env: RefreshEnvironment): boolean {
  const text = env[name];
  if (text === undefined || text === 'false' || text === '0') return false;
  if (text === 'true' || text === '1') return true;
  throw new ConfigurationError(`${name} must be true or false`);
}
