import { generateKeyPairSync, sign } from 'node:crypto';
import { apiGatewayAuthorizer } from 'serverless-pdp/authorizer';
import { fromVerifiedJwt } from 'serverless-pdp/verified-jwt';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256' }] };
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

function bearer(sub) {
  const claims = { iss: 'issuer', aud: 'notes', exp: Math.floor(Date.now() / 1000) + 600, sub };
  const input = `${encode({ alg: 'ES256', kid: 'one' })}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `Bearer ${input}.${signature.toString('base64url')}`;
}

const handler = apiGatewayAuthorizer({
  subject: fromVerifiedJwt({ type: 'User', issuer: 'issuer', audience: 'notes', jwks }),
  action: 'view',
  resource: { type: 'Note', id: 'one' },
  pdp: { evaluate: async ({ subject }) => ({ decision: subject.id === 'alice' }) },
});

const answers = [];
for (const authorization of [bearer('alice'), bearer('bob'), 'Bearer x']) {
  const event = { version: '2.0', type: 'REQUEST', headers: { authorization } };
  answers.push(
    await handler(event, {}).then(
      ({ isAuthorized }) => isAuthorized,
      ({ message }) => message,
    ),
  );
}
console.log(JSON.stringify(answers));
