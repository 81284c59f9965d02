import { createECDH, type KeyObject, randomBytes } from 'node:crypto';

/** Orders of the curves (SEC 2). */
const CURVES = {
  'P-256': { name: 'prime256v1', n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n },
  'P-384': {
    name: 'secp384r1',
    n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
};

/**
 * An ECDSA signature over a digest, as DER. Node signs messages only, and KMS is given digests; the point is
 * computed by Node, and the rest as FIPS 186-5, 6.4.1 has it.
 */
export function signDigest(privateKey: KeyObject, digest: Uint8Array): Buffer {
  const { crv, d = '' } = privateKey.export({ format: 'jwk' });
  const { name, n } = CURVES[crv as keyof typeof CURVES];
  const size = crv === 'P-256' ? 32 : 48;
  const k = Buffer.concat([Buffer.alloc(1), randomBytes(size - 1)]);
  const ecdh = createECDH(name);
  ecdh.setPrivateKey(k);
  const r = number(ecdh.getPublicKey().subarray(1, 1 + size)) % n;
  const s = (inverse(number(k), n) * (number(digest) + r * number(Buffer.from(d, 'base64url')))) % n;
  const numbers = Buffer.concat([integer(r), integer(s)]);
  return Buffer.concat([Buffer.from([0x30, numbers.length]), numbers]);
}

function number(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

function integer(value: bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  const positive = (bytes[0] ?? 0) > 0x7f ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes;
  return Buffer.concat([Buffer.from([0x02, positive.length]), positive]);
}

/** By Fermat's little theorem: the order is prime. */
function inverse(value: bigint, n: bigint): bigint {
  let [result, base] = [1n, value % n];
  for (let exponent = n - 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % n;
    base = (base * base) % n;
  }
  return result;
}
