import { readFile } from 'node:fs/promises';
import { Option } from 'commander';
import { type Signer, signerOf } from '../../compiler/index.ts';
import { parseVerificationKeys, type VerificationKey } from '../../engine/signature.ts';
import { UsageError } from '../terminal/exit.ts';

export interface SigningFlags {
  signKey?: string;
}

export interface VerifyingFlags {
  verifyKey?: string;
}

/** `--sign-key`, for commands that make bundles. */
export function signKeyOption(): Option {
  return new Option(
    '--sign-key <key>',
    'sign with this private key: a PEM file, its text, or the ARN of a KMS key or alias',
  ).env('PDP_SIGN_KEY');
}

/** `--verify-key`, for commands that read what others have published. */
export function verifyKeyOption(): Option {
  return new Option(
    '--verify-key <key>',
    'believe what is published only when it is signed for one of these public keys: a PEM file or its text',
  ).env('PDP_VERIFY_KEY');
}

/** @throws UsageError or ConfigurationError when it cannot be read, or is no such key */
export async function openSigner(key: string | undefined): Promise<Signer | undefined> {
  if (key === undefined) return undefined;
  if (key.startsWith('arn:')) {
    const { kmsSigner } = await import('./kms-signer.ts');
    return kmsSigner(key);
  }
  return signerOf(await pemOf(key, '--sign-key', true));
}

/** @throws UsageError or ConfigurationError when they cannot be read, or are none */
export async function openVerificationKeys(
  key: string | undefined,
): Promise<readonly VerificationKey[] | undefined> {
  return key === undefined ? undefined : parseVerificationKeys(await pemOf(key, '--verify-key'));
}

/**
 * The text itself, or that of a file. An empty one is a mistake, and not none: it is what a variable of CI is that
 * nobody has set, and nothing may go unsigned, or unverified, for it.
 *
 * @param isSecret it is not repeated: what is no file may be a key in another form
 * @throws UsageError
 */
export async function pemOf(value: string, option: string, isSecret = false): Promise<string> {
  if (value === '') throw new UsageError(`${option} is set but empty: set it to the key, or leave it out`);
  if (value.includes('-----BEGIN ')) return value;
  try {
    return await readFile(value, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(
      isSecret
        ? `${option}: it is not PEM text, and no file of that name can be read (${code})`
        : `${option}: ${value} cannot be read (${code})`,
    );
  }
}
