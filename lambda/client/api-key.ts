import { PdpUnavailableError } from '../../engine/errors.ts';
import { once } from '../lazy.ts';
import { type PdpClientSettings, parseKey } from './options.ts';

/** How long a key that was refused is kept before its source is asked again, in milliseconds. */
const KEPT_AT_LEAST_MS = 60_000;

/** Gives the key to send, and is told when the PDP refused it. */
export interface ApiKeySource {
  /** @throws PdpUnavailableError when the key cannot be read */
  get(): Promise<string | undefined>;
  /** A key was refused: it may have been rotated, so the next call reads it again, at most once a minute. */
  refused(key: string | undefined): void;
}

export function apiKeySource(
  option: PdpClientSettings['apiKey'],
  now: () => number = Date.now,
): ApiKeySource {
  if (typeof option !== 'function') {
    return { get: async () => option, refused: () => {} };
  }
  let readAt = 0;
  let current: string | undefined;
  const read = async () => {
    try {
      const key = parseKey(await option());
      readAt = now();
      current = key;
      return key;
    } catch (cause) {
      throw new PdpUnavailableError('the key for the PDP cannot be read', { cause });
    }
  };
  let get = once(read);
  return {
    get: () => get(),
    refused: (key) => {
      // Another key than the last is of a question that was on its way when the key was read again.
      if (key !== current || now() - readAt < KEPT_AT_LEAST_MS) return;
      current = undefined;
      get = once(read);
    },
  };
}
