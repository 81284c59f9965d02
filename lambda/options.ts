import { ConfigurationError } from '../engine/errors.ts';

/** Options as a caller gave them, known to be an object that has no other keys than the ones asked for. */
export type RawOptions = Readonly<Record<string, unknown>>;

/**
 * Checks that options are an object and have no key that is not known: a misspelt option would otherwise be
 * left out in silence.
 *
 * @throws ConfigurationError
 */
export function parseOptions(owner: string, options: unknown, known: readonly string[]): RawOptions {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new ConfigurationError(`${owner}: the options must be an object`);
  }
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      throw new ConfigurationError(`${owner}: unknown option "${key}"; the options are ${known.join(', ')}`);
    }
  }
  return options as RawOptions;
}

/** A positive whole number of milliseconds or bytes. @throws ConfigurationError */
export function positiveInteger(owner: string, name: string, value: unknown, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0 && value <= 2 ** 31 - 1)
    return value;
  throw new ConfigurationError(`${owner}: ${name} must be a positive whole number below 2^31`);
}

/** A string that is not empty. @throws ConfigurationError */
export function nonEmptyString(owner: string, name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new ConfigurationError(`${owner}: ${name} must be a string that is not empty`);
}
