import { createHash, generateKeyPairSync, verify } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { kmsSigner } from '../../bin/store/kms-signer.ts';
import { signManifest } from '../../compiler/index.ts';
import { readTarGz } from '../../engine/archive.ts';
import { parseVerificationKeys, verifySignature } from '../../engine/signature.ts';
import { directoryOf } from '../bundles.ts';
import { fakeKms, KMS_ALIAS, KMS_KEY } from '../fake-kms.ts';
import { keyPair, policyOf, TARGET, testStore } from './store.ts';

const SPKI = { type: 'spki', format: 'pem' } as const;

beforeEach(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'fake');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'fake');
});
afterEach(() => void vi.unstubAllEnvs());

async function signerOf(keys?: Parameters<typeof fakeKms>[0]) {
  const kms = await fakeKms(keys);
  vi.stubEnv('AWS_ENDPOINT_URL_KMS', kms.env.AWS_ENDPOINT_URL_KMS);
  return { kms, signer: await kmsSigner(KMS_ALIAS) };
}

describe('a key in KMS', () => {
  it.each([
    ['P-256', 'ES256', 'ECDSA_SHA_256', 'sha256'],
    ['P-384', 'ES384', 'ECDSA_SHA_384', 'sha384'],
  ])('%s signs by its digest, each time as a JWS has it', async (namedCurve, alg, algorithm, digest) => {
    const { kms, signer } = await signerOf(generateKeyPairSync('ec', { namedCurve }));
    expect(signer.algorithm).toBe(alg);
    const key = { key: kms.keys.publicKey, dsaEncoding: 'ieee-p1363' } as const;
    // The numbers are of different lengths, one in 128 of them shorter than the others.
    for (let index = 0; index < 300; index += 1) {
      const data = Buffer.from(`data ${index}`);
      const signature = await signer.sign(data);
      expect([index, signature.length, verify(digest, data, key, signature)]).toEqual([
        index,
        namedCurve === 'P-256' ? 64 : 96,
        true,
      ]);
    }
    // Found by its alias once, then asked for by its own name.
    expect(kms.calls.slice(0, 2)).toEqual([
      { action: 'GetPublicKey', input: { KeyId: KMS_ALIAS } },
      {
        action: 'Sign',
        input: {
          KeyId: KMS_KEY,
          SigningAlgorithm: algorithm,
          MessageType: 'DIGEST',
          Message: createHash(digest).update('data 0').digest('base64'),
        },
      },
    ]);
  });

  it('of Ed25519 signs what KMS takes, and says what to do with more', async () => {
    const { kms, signer } = await signerOf(generateKeyPairSync('ed25519'));
    const manifest = new TextEncoder().encode('{"format":1}');
    const jws = await signManifest(manifest, signer);
    const files = new Map([
      ['manifest.json', manifest],
      ['manifest.jws', jws],
    ]);
    const pem = kms.keys.publicKey.export(SPKI).toString();
    await verifySignature(files, await parseVerificationKeys(pem));
    expect(kms.calls[1]).toMatchObject({
      input: { SigningAlgorithm: 'ED25519_SHA_512', MessageType: 'RAW' },
    });
    await expect(signer.sign(new Uint8Array(4_097))).rejects.toThrow(
      'this manifest takes 4097; use a P-256 key',
    );
  });

  it('is held to its signature before anything is written', async () => {
    const { kms, signer } = await signerOf();
    kms.tamper = (signature) => {
      signature[signature.length - 1] = (signature.at(-1) ?? 0) ^ 1;
      return signature;
    };
    await expect(signManifest(new Uint8Array(1), signer)).rejects.toThrow('is not a signature by one of');
  });

  it.each([
    ['NotFoundException', /^signing key: there is no key arn:aws:kms:/],
    ['DisabledException', /^signing key: the key arn:\S+ is disabled, or is to be deleted$/],
    [
      'UnsupportedOperationException',
      /the key arn:\S+ is not for signing: make one with the key usage SIGN_VERIFY/,
    ],
    ['AccessDeniedException', /^signing key: AWS does not allow it: User is not authorized$/],
  ])('that KMS refuses (%s) is told in a line', async (type, message) => {
    const kms = await fakeKms();
    vi.stubEnv('AWS_ENDPOINT_URL_KMS', kms.env.AWS_ENDPOINT_URL_KMS);
    kms.refuse('GetPublicKey', type, 'User is not authorized');
    await expect(kmsSigner(KMS_KEY)).rejects.toThrow(message);
  });

  it('of another kind is refused', async () => {
    await expect(signerOf(generateKeyPairSync('rsa', { modulusLength: 2048 }))).rejects.toThrow(
      'signing key: it is rsa; bundles are signed with Ed25519, P-256 or P-384',
    );
  });
});

it('pdp publish signs with it, and takes what is there when it is signed by it', async () => {
  const [store, kms] = [await testStore(), await fakeKms()];
  const ann = await directoryOf(policyOf('ann'));
  const args = ['publish', ann, TARGET, '--sign-key', KMS_ALIAS];
  expect(await store.json(args, kms.env)).toMatchObject({ code: 0, outcome: 'published', signed: 'ES256' });
  const archive = await readTarGz(store.versions()[0]?.content ?? new Uint8Array());
  await verifySignature(archive, await parseVerificationKeys(keyPair(kms.keys).publicPem));
  expect(await store.json(args, kms.env)).toMatchObject({ outcome: 'unchanged', sequence: 1 });

  kms.refuse('GetPublicKey', 'AccessDeniedException', 'not authorized to perform kms:GetPublicKey');
  expect(await store.pdp(args, kms.env)).toMatchObject({
    code: 2,
    stdout: '',
    stderr: 'pdp: signing key: AWS does not allow it: not authorized to perform kms:GetPublicKey\n',
  });
});
