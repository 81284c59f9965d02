import { InvalidBundleError } from './errors.ts';
import { parseJson } from './lossless-json.ts';

/** The files of a built bundle that evaluation reads. */
export const BUILT = {
  manifest: 'manifest.json',
  policies: 'built/policies.json',
  schema: 'built/schema.json',
  entities: 'built/entities.json',
  urlRules: 'built/urls.json',
} as const;

/** What is written in a file, or in a part of it. @throws InvalidBundleError when it is not JSON */
export function parseBuilt<T>(path: string, text: string): T {
  try {
    return parseJson(text) as T;
  } catch {
    // What the parser says of it quotes the text, which no message may.
    throw broken(path, 'is not JSON');
  }
}

export function broken(file: string, message: string): InvalidBundleError {
  return new InvalidBundleError([{ severity: 'error', file, line: 1, column: 1, message }]);
}
