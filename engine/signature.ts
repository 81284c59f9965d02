import type { CryptoKey } from 'jose';
import { BUILT, broken } from './built-files.ts';
import { ConfigurationError } from './errors.ts';

/** What a bundle may be signed with: Ed25519, or ECDSA on P-256 or P-384. */
export const SIGNATURE_ALGORITHMS = ['Ed25519', 'ES256', 'ES384'] as const;

/** A public key that bundles may be signed for. */
export interface VerificationKey {
  readonly algorithm: (typeof SIGNATURE_ALGORITHMS)[number];
  readonly key: CryptoKey;
}

const PEM = /-----BEGIN ([A-Z ]+)-----[^-]*-----END \1-----/g;

/**
 * Reads public keys, one or several, one after the other in PEM: what `openssl pkey -pubout` writes.
 *
 * @throws ConfigurationError when there is none, or one is private or of another kind
 */
export async function parseVerificationKeys(pem: string): Promise<readonly VerificationKey[]> {
  const blocks = [...pem.matchAll(PEM)];
  if (blocks.length === 0) throw new ConfigurationError('verification keys: there is no public key in PEM');
  return Promise.all(
    blocks.map(async ([block, label]) => {
      if (label !== 'PUBLIC KEY') {
        throw new ConfigurationError(`verification keys: a ${label} is not a PUBLIC KEY`);
      }
      return importKey(block);
    }),
  );
}

async function importKey(pem: string): Promise<VerificationKey> {
  const { importSPKI } = await import('./jws.ts');
  for (const algorithm of SIGNATURE_ALGORITHMS) {
    const key = await importSPKI(pem, algorithm).catch(() => undefined);
    if (key !== undefined) return { algorithm, key };
  }
  throw new ConfigurationError('verification keys: a key is of none of these kinds: Ed25519, P-256, P-384');
}

/**
 * Holds the manifest among the files of an archive to its signature: a JWS with detached content (RFC 7515, appendix
 * F) in `manifest.jws`. The algorithm is that of the key, whatever the signature says. Digests are checked elsewhere.
 *
 * @throws InvalidBundleError when it is not signed, or not for one of the keys
 */
export async function verifySignature(
  files: ReadonlyMap<string, Uint8Array>,
  keys: readonly VerificationKey[],
): Promise<void> {
  const manifest = files.get(BUILT.manifest);
  if (manifest === undefined) throw broken(BUILT.manifest, 'is missing: only a built bundle can be signed');
  const signature = files.get(BUILT.signature);
  if (signature === undefined) throw broken(BUILT.signature, 'is missing: the bundle is not signed');
  const [header, payload, bytes, ...more] = new TextDecoder().decode(signature).trim().split('.');
  if (header === undefined || payload !== '' || bytes === undefined || more.length > 0) {
    throw broken(BUILT.signature, 'is not a JWS with detached content');
  }
  const { base64url, compactVerify } = await import('./jws.ts');
  const whole = `${header}.${base64url.encode(manifest)}.${bytes}`;
  for (const { algorithm, key } of keys) {
    const verified = await compactVerify(whole, key, { algorithms: [algorithm] }).catch(() => undefined);
    if (verified !== undefined) return;
  }
  throw broken(BUILT.signature, 'is not a signature by one of the configured keys');
}
