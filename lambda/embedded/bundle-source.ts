import { ConfigurationError, PdpUnavailableError } from '../../engine/errors.ts';
import { readBundle } from './read-bundle.ts';
import { openRevision, type Revision } from './revision.ts';

/** The path of a bundle, or its bytes. */
export type BundleSource = string | Uint8Array;

/** @throws PdpUnavailableError naming the bundle and what is wrong with it */
export async function openBundle(bundle: BundleSource): Promise<Revision> {
  try {
    return openRevision(await readBundle(bundle));
  } catch (cause) {
    const name = typeof bundle === 'string' ? ` ${bundle}` : '';
    const problem = cause instanceof Error ? cause.message : 'it cannot be read';
    throw new PdpUnavailableError(`the bundle${name} cannot be used: ${problem}`, { cause });
  }
}

/** @throws ConfigurationError */
export function parseBundle(owner: string, value: unknown): BundleSource {
  if (value instanceof Uint8Array && value.length > 0) return value;
  if (typeof value === 'string' && value !== '') return value;
  if (value instanceof URL && value.protocol === 'file:') {
    return process.getBuiltinModule('node:url').fileURLToPath(value);
  }
  throw new ConfigurationError(`${owner}: bundle must be the path of a file or its bytes`);
}
