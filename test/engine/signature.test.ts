import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { CompactSign } from 'jose';
import { expect, it } from 'vitest';
import { parseVerificationKeys, verifySignature } from '../../engine/signature.ts';

const MANIFEST = new TextEncoder().encode('{"format":1}');

const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();

async function signed(key: KeyObject, alg: string, payload = MANIFEST): Promise<Map<string, Uint8Array>> {
  const [header, , signature] = (await new CompactSign(payload).setProtectedHeader({ alg }).sign(key)).split(
    '.',
  );
  return new Map([
    ['manifest.json', MANIFEST],
    ['manifest.jws', new TextEncoder().encode(`${header}..${signature}\n`)],
  ]);
}

const ed25519 = generateKeyPairSync('ed25519');
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });

it.each([
  ['Ed25519', ed25519],
  ['ES256', p256],
  ['ES384', p384],
])('takes a signature by %s, for any of the configured keys', async (alg, { privateKey, publicKey }) => {
  const others = generateKeyPairSync('ed25519').publicKey;
  const keys = await parseVerificationKeys(`${pem(others)}${pem(publicKey)}`);
  expect(keys.map(({ algorithm }) => algorithm)).toEqual(['Ed25519', alg]);
  await expect(verifySignature(await signed(privateKey, alg), keys)).resolves.toBeUndefined();
});

it('refuses another key, another manifest, no signature and what is none', async () => {
  const keys = await parseVerificationKeys(pem(ed25519.publicKey));
  const refusal = 'manifest.jws:1:1: is not a signature by one of the configured keys';
  await expect(verifySignature(await signed(p256.privateKey, 'ES256'), keys)).rejects.toThrow(refusal);
  const other = await signed(ed25519.privateKey, 'Ed25519', new TextEncoder().encode('{"format":2}'));
  await expect(verifySignature(other, keys)).rejects.toThrow(refusal);
  await expect(verifySignature(new Map([['manifest.json', MANIFEST]]), keys)).rejects.toThrow(
    'manifest.jws:1:1: is missing: the bundle is not signed',
  );
  const attached = new Map([
    ['manifest.json', MANIFEST],
    ['manifest.jws', new TextEncoder().encode('a.b.c')],
  ]);
  await expect(verifySignature(attached, keys)).rejects.toThrow('is not a JWS with detached content');
  await expect(verifySignature(new Map(), keys)).rejects.toThrow('only a built bundle can be signed');
});

it('takes no HMAC that is keyed with the public key', async () => {
  const keys = await parseVerificationKeys(pem(p256.publicKey));
  const secret = new TextEncoder().encode(pem(p256.publicKey));
  const [header, , signature] = (
    await new CompactSign(MANIFEST).setProtectedHeader({ alg: 'HS256' }).sign(secret)
  ).split('.');
  const files = new Map([
    ['manifest.json', MANIFEST],
    ['manifest.jws', new TextEncoder().encode(`${header}..${signature}`)],
  ]);
  await expect(verifySignature(files, keys)).rejects.toThrow('one of the configured keys');
});

it('refuses keys that are private, of another kind, or none', async () => {
  const privatePem = ed25519.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  await expect(parseVerificationKeys(privatePem)).rejects.toThrow('a PRIVATE KEY is not a PUBLIC KEY');
  await expect(parseVerificationKeys(pem(rsa.publicKey))).rejects.toThrow('Ed25519, P-256, P-384');
  await expect(parseVerificationKeys('key.pem')).rejects.toThrow('there is no public key in PEM');
});
