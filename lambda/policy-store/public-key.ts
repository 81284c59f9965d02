import { createPublicKey } from 'node:crypto';
import { GetPublicKeyCommand, type KMSClient } from '@aws-sdk/client-kms';
import { CustomResourceError } from '../custom-resource/errors.ts';
import { awsError } from './errors.ts';

/** What bundles are signed with: engine/signature.ts. */
const KEY_SPECS = ['ECC_NIST_P256', 'ECC_NIST_P384', 'ECC_NIST_EDWARDS25519'];

/**
 * The public half of a key in KMS, in PEM.
 *
 * @throws CustomResourceError when KMS refuses, or bundles cannot be signed with such a key
 */
export async function publicKeyOf(kms: KMSClient, keyId: string): Promise<string> {
  const { PublicKey, KeySpec, KeyUsage } = await ask(kms, keyId);
  if (KeyUsage !== 'SIGN_VERIFY' || !KEY_SPECS.includes(KeySpec ?? '')) {
    throw new CustomResourceError(
      `${keyId} is a key of kind ${KeySpec} for ${KeyUsage}; bundles are signed with one for SIGN_VERIFY of kind ` +
        KEY_SPECS.join(', '),
    );
  }
  const key = createPublicKey({ key: Buffer.from(PublicKey ?? []), format: 'der', type: 'spki' });
  return key.export({ format: 'pem', type: 'spki' }).toString();
}

async function ask(kms: KMSClient, KeyId: string) {
  try {
    return await kms.send(new GetPublicKeyCommand({ KeyId }));
  } catch (error) {
    throw awsError(`cannot read the public key of ${KeyId}`, error);
  }
}
