import { readFile } from 'node:fs/promises';
import type { CompileJob } from '../../compiler/index.ts';
import { ConfigurationError } from '../../engine/index.ts';
import { parseVerificationKeys } from '../../engine/signature.ts';
import { reasonOf } from '../errno.ts';
import { isPem } from '../http/tls.ts';
import { type BundleLimits, DEFAULT_BUNDLE_LIMITS, type ServeOptions } from '../options.ts';

/** What a bundle is held to before it is taken. */
export interface BundleRules extends Pick<CompileJob, 'limits' | 'verifyKeys'> {
  /** An older publication than what ran is taken too. */
  allowOlder: boolean;
}

/** @throws ConfigurationError when the keys cannot be read, or are none */
export async function bundleRules(options: ServeOptions): Promise<BundleRules> {
  const { archiveBytes, unpackedBytes, files } = bundleLimits(options);
  return {
    limits: { packedBytes: archiveBytes, bytes: unpackedBytes, files },
    verifyKeys: options.verifyKeys === undefined ? undefined : await readKeys(options.verifyKeys),
    allowOlder: options.allowOlder ?? false,
  };
}

export function bundleLimits({ bundleLimits: given }: Pick<ServeOptions, 'bundleLimits'>): BundleLimits {
  return { ...DEFAULT_BUNDLE_LIMITS, ...given };
}

async function readKeys(value: string): Promise<string> {
  const name = isPem(value) ? '--verify-key (PEM text)' : `--verify-key '${value}'`;
  const text = isPem(value)
    ? value
    : await readFile(value, 'utf8').catch((error: unknown) => {
        throw new ConfigurationError(`${name} cannot be read: ${reasonOf(error)}`);
      });
  try {
    await parseVerificationKeys(text);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw new ConfigurationError(`${name}: ${error.message}`);
  }
  return text;
}
