import { Token } from 'aws-cdk-lib';
import type { PolicyStoreProps } from '../policy-store.ts';
import { SynthesisError } from '../synthesis-error.ts';

/** @throws SynthesisError when a value is wrong or values do not go together, naming one and what to do */
export function checkStoreProps(props: PolicyStoreProps): void {
  const { policies, signingKey, verifyKey, objectKey, keepVersions = 10, keepVersionsFor } = props;
  if (objectKey !== undefined) checkObjectKey(objectKey);
  if (verifyKey !== undefined) checkPublicKeys(verifyKey);
  if (policies !== undefined && (signingKey !== undefined || verifyKey !== undefined)) {
    const name = signingKey !== undefined ? 'signingKey' : 'verifyKey';
    throw new SynthesisError(
      `policies: with ${name} PDPs take only what a publisher has signed, and the first policies of a deployment are ` +
        'not; leave policies out, deploy the store, and publish with `pdp publish --sign-key` before the PDPs are',
    );
  }
  if (!Number.isInteger(keepVersions) || keepVersions < 1 || keepVersions > 100) {
    throw new SynthesisError(`keepVersions: ${keepVersions} is not a whole number from 1 to 100; use 10`);
  }
  if (keepVersionsFor !== undefined && keepVersionsFor.toDays({ integral: false }) < 1) {
    throw new SynthesisError(
      `keepVersionsFor: S3 counts days, and ${keepVersionsFor.toHumanString()} is less than one; use Duration.days(90)`,
    );
  }
}

/** Names that need no quoting in an address, and no pattern of a policy is. */
const OBJECT_KEY = /^[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+)*$/;

/** @throws SynthesisError when it is no key that `s3://bucket/key` and a policy name as it is */
export function checkObjectKey(objectKey: string): void {
  const isPath = OBJECT_KEY.test(objectKey) && !objectKey.split('/').some((part) => /^\.+$/.test(part));
  if (isPath && objectKey.length <= 1024) return;
  throw new SynthesisError(
    `objectKey: "${objectKey}" has other than letters, digits, "_", "-", "." and "/" between them; use bundle.tar.gz`,
  );
}

const PUBLIC_KEYS = /^(?:\s*-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----\s*)+$/;

/** Lambda has 4 KiB for all variables of a function, and a key of those that are used takes less than 300 bytes. */
const MAX_PEM = 2 * 1024;

/** @throws SynthesisError when it is anything but public keys in PEM, such as a private one */
export function checkPublicKeys(pem: string): void {
  if (Token.isUnresolved(pem)) return;
  if (!PUBLIC_KEYS.test(pem)) {
    throw new SynthesisError(
      'verifyKey: it is not a PUBLIC KEY in PEM; pass the text that `openssl pkey -pubout` writes, not a path',
    );
  }
  if (pem.length <= MAX_PEM) return;
  throw new SynthesisError(
    `verifyKey: ${pem.length} characters; a function has 4 KiB for all variables, so pass ${MAX_PEM} at most`,
  );
}
