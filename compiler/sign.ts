import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { BUILT } from '../engine/built-files.ts';
import { ConfigurationError } from '../engine/index.ts';
import { parseVerificationKeys, type SIGNATURE_ALGORITHMS, verifySignature } from '../engine/signature.ts';

export type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number];

/** Signs manifests: with a private key that is here, or one that never leaves where it is. */
export interface Signer {
  readonly algorithm: SignatureAlgorithm;
  /** In PEM, as readers are configured with it. */
  readonly publicKey: string;
  /** The signature over `data` as a JWS has it: for ECDSA both numbers, one after the other (RFC 7518, 3.4). */
  sign(data: Uint8Array): Promise<Uint8Array>;
}

/** The digest of what is signed; Ed25519 has its own inside. */
export const DIGEST_OF: Record<SignatureAlgorithm, 'sha256' | 'sha384' | null> = {
  Ed25519: null,
  ES256: 'sha256',
  ES384: 'sha384',
};

/**
 * Signs with a private key in PEM: what `openssl genpkey` writes for Ed25519, P-256 and P-384.
 *
 * @throws ConfigurationError when it is no such key
 */
export function signerOf(pem: string): Signer {
  const key = privateKeyOf(pem);
  const publicKey = createPublicKey(key);
  const algorithm = algorithmOf(publicKey);
  return {
    algorithm,
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    sign: async (data) => sign(DIGEST_OF[algorithm], data, { key, dsaEncoding: 'ieee-p1363' }),
  };
}

function privateKeyOf(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // What OpenSSL says of it is not for people, and it may quote.
    throw new ConfigurationError(
      /\bENCRYPTED\b/.test(pem)
        ? 'signing key: it is encrypted; give it decrypted, from a secret store'
        : 'signing key: it is not a private key in PEM, as `openssl genpkey -algorithm ed25519` writes it',
    );
  }
}

/** What a key signs by. @throws ConfigurationError for a key of a kind that bundles are not signed with */
export function algorithmOf({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject) {
  if (type === 'ed25519') return 'Ed25519';
  if (type === 'ec' && details?.namedCurve === 'prime256v1') return 'ES256';
  if (type === 'ec' && details?.namedCurve === 'secp384r1') return 'ES384';
  const kind = [type, details?.namedCurve].filter((part) => part !== undefined).join(' ');
  throw new ConfigurationError(`signing key: it is ${kind}; bundles are signed with Ed25519, P-256 or P-384`);
}

/**
 * The signature of a manifest: a JWS with detached content (RFC 7515, appendix F) whose `kid` is the thumbprint of the
 * public key (RFC 7638). What comes out has been verified as a reader does it.
 */
export async function signManifest(manifest: Uint8Array, signer: Signer): Promise<Uint8Array> {
  const { base64url } = await import('jose');
  const header = base64url.encode(
    JSON.stringify({ alg: signer.algorithm, kid: await thumbprint(signer.publicKey) }),
  );
  const input = new TextEncoder().encode(`${header}.${base64url.encode(manifest)}`);
  const signature = base64url.encode(await signer.sign(input));
  const jws = new TextEncoder().encode(`${header}..${signature}`);
  const files = new Map([
    [BUILT.manifest, manifest],
    [BUILT.signature, jws],
  ]);
  await verifySignature(files, await parseVerificationKeys(signer.publicKey));
  return jws;
}

async function thumbprint(publicKey: string): Promise<string> {
  const { calculateJwkThumbprint } = await import('jose');
  return calculateJwkThumbprint(createPublicKey(publicKey));
}
