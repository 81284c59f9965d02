import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** An issuer's key: what signs, and what verifies. */
export interface Signer {
  kid: string;
  alg: 'RS256' | 'ES256';
  privateKey: KeyObject;
  publicKey: KeyObject;
  jwk: Record<string, unknown>;
}

export function signer(kid: string, alg: Signer['alg']): Signer {
  const { privateKey, publicKey } =
    alg === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' };
  return { kid, alg, privateKey, publicKey, jwk };
}

export const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token; `header` is laid over what the key says. */
export function token(key: Signer, claims: object, header: object = {}): string {
  const input = `${encode({ alg: key.alg, kid: key.kid, typ: 'JWT', ...header })}.${encode(claims)}`;
  const options = { key: key.privateKey, dsaEncoding: 'ieee-p1363' } as const;
  return `${input}.${sign('sha256', Buffer.from(input), options).toString('base64url')}`;
}

/** A token with the public key as the secret: whoever lets the token choose the algorithm takes it for good. */
export function hmacToken(key: Signer, claims: object): string {
  const input = `${encode({ alg: 'HS256', kid: key.kid })}.${encode(claims)}`;
  const secret = key.publicKey.export({ format: 'pem', type: 'spki' });
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}
