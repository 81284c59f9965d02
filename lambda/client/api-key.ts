import { PdpUnavailableError } from '../../engine/errors.ts';
import { once } from '../lazy.ts';
import { type PdpClientSettings, parseKey } from './options.ts';

/** How long a key that was refused is kept before its source is asked again, in milliseconds. */
const KEPT_AT_LEAST_MS = 60_000;

/** Gives the key to send, and is told when the PDP refused it. */
export interface ApiKeySource {
  /** @throws PdpUnavailableError when the key cannot be read */
  get(): Promise<string | undefined>;
  /** The key was refused: it may have been rotated, so the next call reads it again, at most once a minute. */
  refused(): void;
}

export function apiKeySource(
  option: PdpClientSettings['apiKey'],
  now: () => number = Date.now,
): ApiKeySource {
  if (typeof option !== 'function') {
    return { get: async () => option, refused: () => {} };
  }
  let readAt = 0;
  const read = async () => {
    try {
      const key = parseKey(await option());
      readAt = now();
      return key;
    } catch (cause) {
      throw new PdpUnavailableError('the key for the PDP cannot be read', { cause });
    }
  };
  let get = once(read);
  return {
    get: () => get(),
    refused: () => {
      if (now() - readAt < KEPT_AT_LEAST_MS) return;
      get = once(read);
    },
  };
}
