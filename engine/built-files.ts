import { InvalidBundleError } from './errors.ts';
import { parseJson } from './lossless-json.ts';
import { hasLines } from './sorted-lines.ts';

/** The files of a built bundle that evaluation reads. */
export const BUILT = {
  manifest: 'manifest.json',
  policies: 'built/policies.json',
  schema: 'built/schema.json',
  entities: 'built/entities.json',
  urlRules: 'built/urls.json',
  /** Over the manifest, and so not in it. */
  signature: 'manifest.jws',
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

/** @throws InvalidBundleError for a text that does not end as one that this version writes */
export function requireLines(path: string, text: string, after: string): void {
  if (hasLines(text, after)) return;
  throw broken(path, 'is cut off, or of another version: build the bundle with `pdp build`');
}

export function broken(file: string, message: string): InvalidBundleError {
  return new InvalidBundleError([{ severity: 'error', file, line: 1, column: 1, message }]);
}
