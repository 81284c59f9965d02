import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { ConfigurationError } from '../../engine/index.ts';
import { reasonOf } from '../errno.ts';
import type { TlsOptions } from '../options.ts';

/** A certificate chain and its private key, in PEM. */
export interface Credentials {
  cert: string;
  key: string;
}

/** Whether a value is PEM itself and not the name of a file. Such a value is in no message and no log. */
export function isPem(value: string): boolean {
  return value.includes('-----BEGIN') || value.includes('\n');
}

/** @throws ConfigurationError when a file cannot be read, is not PEM, or the key is not the certificate's */
export async function readCredentials(options: TlsOptions): Promise<Credentials> {
  const cert = await read(options.cert, '--tls-cert');
  const key = await read(options.key, '--tls-key');
  try {
    createSecureContext({ cert, key, minVersion: 'TLSv1.2' });
  } catch {
    // OpenSSL's own words are about its internals.
    throw new ConfigurationError(
      `${named('--tls-cert', options.cert)} and ${named('--tls-key', options.key)} must be a certificate and its ` +
        'private key, in PEM',
    );
  }
  return { cert, key };
}

async function read(value: string, option: string): Promise<string> {
  if (isPem(value)) return value;
  try {
    return await readFile(value, 'utf8');
  } catch (error) {
    // What is no file may be a private key in another form, such as base64.
    const name = option === '--tls-key' ? `${option} (a file)` : named(option, value);
    throw new ConfigurationError(`${name} cannot be read: ${reasonOf(error)}`);
  }
}

function named(option: string, value: string): string {
  return isPem(value) ? `${option} (PEM text)` : `${option} '${value}'`;
}
