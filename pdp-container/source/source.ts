import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type CompileResult, compileInWorker } from '../../compiler/index.ts';
import { ConfigurationError } from '../../engine/index.ts';
import { reasonOf } from '../errno.ts';
import { directoryFingerprint, fileFingerprint } from './fingerprint.ts';

/** Where a bundle comes from. */
export interface BundleSource {
  /** The absolute path, for people. */
  readonly path: string;
  /** Differs when what {@link load} reads may have changed. Rejects while the source cannot be read. */
  fingerprint(): Promise<string>;
  /** Reads, checks and parses the bundle, in a thread of its own. */
  load(): Promise<CompileResult<Uint8Array[]>>;
}

/**
 * Finds what kind of source a SOURCE argument names: a directory, or a `.tar.gz` file.
 *
 * @throws ConfigurationError when there is no such thing, or it is of a kind this version does not read
 */
export async function openSource(source: string): Promise<BundleSource> {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(source)?.[1];
  if (scheme !== undefined) {
    throw new ConfigurationError(
      `source '${source}': ${scheme} sources are not supported in this version; give a directory or a .tar.gz file`,
    );
  }
  const path = resolve(source);
  const stats = await stat(path).catch((error: unknown) => {
    throw new ConfigurationError(`source '${source}' cannot be read: ${reasonOf(error)}`);
  });
  if (stats.isDirectory()) {
    return {
      path,
      fingerprint: () => directoryFingerprint(path),
      load: () => compileInWorker({ directory: path }),
    };
  }
  if (!/\.(?:tar\.gz|tgz)$/i.test(path)) {
    throw new ConfigurationError(`source '${source}' is neither a directory nor a .tar.gz file`);
  }
  return {
    path,
    fingerprint: () => fileFingerprint(path),
    load: async () => compileInWorker({ archive: await readFile(path) }),
  };
}
