import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { ConfigurationError } from '../../engine/index.ts';
import { reasonOf } from '../errno.ts';
import type { TlsFiles } from '../options.ts';

/** A certificate chain and its private key, in PEM. */
export interface Credentials {
  cert: string;
  key: string;
}

/** @throws ConfigurationError when a file cannot be read, is not PEM, or the key is not the certificate's */
export async function readCredentials(files: TlsFiles): Promise<Credentials> {
  const cert = await read(files.cert, '--tls-cert');
  const key = await read(files.key, '--tls-key');
  try {
    createSecureContext({ cert, key, minVersion: 'TLSv1.2' });
  } catch {
    // OpenSSL's own words are about its internals.
    throw new ConfigurationError(
      `--tls-cert '${files.cert}' and --tls-key '${files.key}' must be a certificate and its private key, in PEM`,
    );
  }
  return { cert, key };
}

async function read(file: string, option: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new ConfigurationError(`${option} '${file}' cannot be read: ${reasonOf(error)}`);
  }
}
