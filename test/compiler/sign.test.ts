import { createPublicKey, generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto';
import { calculateJwkThumbprint, decodeProtectedHeader } from 'jose';
import { describe, expect, it } from 'vitest';
import { buildArchive, type Signer, signerOf } from '../../compiler/index.ts';
import { readTarGz } from '../../engine/archive.ts';
import { verify } from '../../engine/read-archive.ts';
import { parseVerificationKeys, verifySignature } from '../../engine/signature.ts';
import { bundleOf, files } from '../bundles.ts';

const SOURCES = { 'p.cedar': '@id("p") permit(principal, action, resource);' };

const pem = ({ privateKey }: KeyPairKeyObjectResult) =>
  privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

const ed25519 = generateKeyPairSync('ed25519');
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });

const build = async (signer: Signer) => buildArchive(await bundleOf(SOURCES), files(SOURCES), { signer });

describe.each([
  ['Ed25519', ed25519],
  ['ES256', p256],
  ['ES384', p384],
])('a key for %s', (alg, keys) => {
  const signer = signerOf(pem(keys));

  it('signs the manifest, which still holds, and names itself by its thumbprint', async () => {
    const archive = await readTarGz(await build(signer));
    expect([...archive.keys()].slice(0, 2)).toEqual(['manifest.json', 'manifest.jws']);
    await expect(verify(archive)).resolves.toMatchObject({ format: 1 });
    await verifySignature(archive, await parseVerificationKeys(signer.publicKey));
    const [header, payload] = new TextDecoder().decode(archive.get('manifest.jws')).split('.');
    expect(payload).toBe('');
    expect(decodeProtectedHeader({ protected: header })).toEqual({
      alg,
      kid: await calculateJwkThumbprint(createPublicKey(keys.privateKey)),
    });
  });

  it('gives the same bytes again only when it is Ed25519', async () => {
    const [first, second] = [await build(signer), await build(signer)];
    expect(Buffer.compare(first, second) === 0).toBe(alg === 'Ed25519');
  });
});

it('refuses what a reader would refuse', async () => {
  const broken: Signer = { ...signerOf(pem(p256)), sign: async () => new Uint8Array(64) };
  await expect(build(broken)).rejects.toThrow('is not a signature by one of the configured keys');
});

it.each([
  ['an RSA key', pem(generateKeyPairSync('rsa', { modulusLength: 2048 })), 'it is rsa; bundles are signed'],
  ['another curve', pem(generateKeyPairSync('ec', { namedCurve: 'secp256k1' })), 'it is ec secp256k1;'],
  ['a public key', signerOf(pem(p256)).publicKey, 'it is not a private key in PEM'],
  ['no key', 'key.pem', 'it is not a private key in PEM'],
  [
    'an encrypted one',
    p256.privateKey
      .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' })
      .toString(),
    'it is encrypted',
  ],
])('refuses %s', (_, text, message) => {
  expect(() => signerOf(text)).toThrow(`signing key: ${message}`);
});
