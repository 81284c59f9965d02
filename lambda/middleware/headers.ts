import { own } from './own.ts';

/**
 * Every value that an event has for a header, however its name is written; the same one in `headers` and
 * `multiValueHeaders` counts once.
 *
 * @param name in lower case
 */
export function headerValues(event: unknown, name: string): unknown[] {
  const values = ['headers', 'multiValueHeaders'].flatMap((key) => valuesIn(own(event, key), name));
  return [...new Set(values)];
}

function valuesIn(headers: unknown, name: string): unknown[] {
  if (typeof headers !== 'object' || headers === null) return [];
  return Object.entries(headers)
    .filter(([key]) => key.toLowerCase() === name)
    .flatMap(([, value]: [string, unknown]) => value)
    .filter((value) => value !== undefined && value !== null);
}
