import { createHash, createPublicKey } from 'node:crypto';
import type { KMS, SigningAlgorithmSpec } from '@aws-sdk/client-kms';
import { algorithmOf, DIGEST_OF, type SignatureAlgorithm, type Signer } from '../../compiler/sign.ts';
import { PdpError } from '../../engine/index.ts';
import { problemOfAws } from '../aws/problem.ts';
import { sdk } from '../aws/sdk.ts';
import { UsageError } from '../terminal/exit.ts';

const KEY = /^arn:aws[a-z-]*:kms:([a-z0-9-]+):\d{12}:(?:key|alias)\/.+$/;

/** Most that KMS signs without being given a digest instead, in bytes. */
const MAX_MESSAGE = 4_096;

/** What KMS calls the algorithms. */
const KMS_ALGORITHMS: Record<SignatureAlgorithm, SigningAlgorithmSpec> = {
  Ed25519: 'ED25519_SHA_512',
  ES256: 'ECDSA_SHA_256',
  ES384: 'ECDSA_SHA_384',
};

/**
 * Signs with a key that does not leave KMS. Needs kms:GetPublicKey and kms:Sign.
 *
 * @param arn of a key or of an alias; its region is where KMS is asked
 * @throws UsageError when there is no such key, it is of another kind, or KMS refuses
 */
export async function kmsSigner(arn: string): Promise<Signer> {
  const region = KEY.exec(arn)?.[1];
  if (region === undefined) {
    throw new UsageError(
      `signing key: ${arn} is not the ARN of a KMS key or alias, such as arn:aws:kms:eu-west-1:123456789012:alias/policies`,
    );
  }
  const { KMS } = await sdk('@aws-sdk/client-kms', () => import('@aws-sdk/client-kms'));
  const kms = new KMS({ region });
  const { KeyId, PublicKey } = await told(arn, () => kms.getPublicKey({ KeyId: arn }));
  const publicKey = createPublicKey({ key: Buffer.from(PublicKey ?? []), format: 'der', type: 'spki' });
  const algorithm = algorithmOf(publicKey);
  return {
    algorithm,
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    // By the key that was found: an alias may be given to another one meanwhile.
    sign: (data) => told(arn, () => signBy(kms, KeyId ?? arn, algorithm, data)),
  };
}

async function signBy(
  kms: KMS,
  KeyId: string,
  algorithm: SignatureAlgorithm,
  data: Uint8Array,
): Promise<Uint8Array> {
  const digest = DIGEST_OF[algorithm];
  if (digest === null && data.byteLength > MAX_MESSAGE) {
    throw new UsageError(
      `signing key: KMS signs ${MAX_MESSAGE} bytes with an Ed25519 key, and this manifest takes ${data.byteLength}; use a P-256 key (ECC_NIST_P256)`,
    );
  }
  const { Signature = new Uint8Array() } = await kms.sign({
    KeyId,
    SigningAlgorithm: KMS_ALGORITHMS[algorithm],
    ...(digest === null
      ? { MessageType: 'RAW', Message: data }
      : { MessageType: 'DIGEST', Message: createHash(digest).update(data).digest() }),
  });
  return digest === null ? Signature : joseSignature(Signature, algorithm === 'ES256' ? 32 : 48);
}

/**
 * An ECDSA signature as a JWS has it. KMS gives it as DER: a sequence of two integers, each with the fewest bytes
 * that leave its first bit 0, and none as long as to need more than a byte for its length.
 */
function joseSignature(der: Uint8Array, size: number): Uint8Array {
  const whole = Buffer.from(der);
  const jose = Buffer.alloc(2 * size);
  let at = 2;
  for (const end of [size, 2 * size]) {
    const length = whole.readUInt8(at + 1);
    const bytes = whole.subarray(at + 2, at + 2 + length);
    const digits = bytes.subarray(Math.max(0, bytes.length - size));
    digits.copy(jose, end - digits.length);
    at += 2 + length;
  }
  return jose;
}

async function told<T>(arn: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof UsageError || error instanceof PdpError) throw error;
    throw new UsageError(`signing key: ${problemOf(error, arn)}`);
  }
}

function problemOf(error: unknown, arn: string): string {
  switch ((error as Error).name) {
    case 'NotFoundException':
      return `there is no key ${arn}`;
    case 'DisabledException':
    case 'KMSInvalidStateException':
      return `the key ${arn} is disabled, or is to be deleted`;
    case 'UnsupportedOperationException':
    case 'InvalidKeyUsageException':
      return `the key ${arn} is not for signing: make one with the key usage SIGN_VERIFY, such as ECC_NIST_P256`;
  }
  return problemOfAws(error, 'KMS');
}
