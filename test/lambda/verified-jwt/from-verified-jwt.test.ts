import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromVerifiedJwt, type VerifiedJwtOptions } from '../../../lambda/verified-jwt/index.ts';
import { encode, hmacToken, signer, token } from '../tokens.ts';

const ISSUER = 'https://id.example.com/';
const rsa = signer('rsa-1', 'RS256');
const ec = signer('ec-1', 'ES256');
const stranger = signer('rsa-1', 'RS256');
const jwks = { keys: [rsa.jwk, ec.jwk] };
const OPTIONS = { type: 'User', issuer: ISSUER, audience: 'notes', jwks };

const now = () => Math.floor(Date.now() / 1000);
const claims = (own: object = {}) => ({ iss: ISSUER, aud: 'notes', sub: 'alice', exp: now() + 60, ...own });
const bearer = (text: string) => ({ headers: { authorization: `Bearer ${text}` } });

const subjectOf = (event: unknown, own: Partial<VerifiedJwtOptions> = {}) =>
  fromVerifiedJwt({ ...OPTIONS, ...own })(event);

describe('a good token is a subject', () => {
  test.each([
    ['RS256', rsa],
    ['ES256', ec],
  ])('signed with %s', async (_name, key) => {
    expect(await subjectOf(bearer(token(key, claims())))).toEqual({ type: 'User', id: 'alice' });
  });

  test.each([
    ['for one of several audiences', claims({ aud: ['other', 'notes'] }), {}],
    ['for one of the audiences that are taken', claims({ aud: 'admin' }), { audience: ['notes', 'admin'] }],
    ['of a client, as access tokens of Cognito are', claims({ aud: undefined, client_id: 'notes' }), {}],
    ['that ended a moment ago, within the grace', claims({ exp: now() - 10 }), { graceSeconds: 60 }],
    ['that begins in a moment, within the grace', claims({ nbf: now() + 10 }), { graceSeconds: 60 }],
  ])('%s', async (_name, payload, own) => {
    expect(await subjectOf(bearer(token(rsa, payload)), own)).toEqual({ type: 'User', id: 'alice' });
  });

  test('with the claims that are asked for', async () => {
    const payload = claims({ username: 'al', level: 3, groups: ['a'], odd: { a: 1 } });
    const own = { type: 'App::User', claim: 'username', properties: ['level', 'groups', 'odd', 'missing'] };
    expect(await subjectOf(bearer(token(rsa, payload)), own)).toEqual({
      type: 'App::User',
      id: 'al',
      properties: { level: 3, groups: ['a'] },
    });
  });

  test('from where the user says it is', async () => {
    const subject = fromVerifiedJwt({
      ...OPTIONS,
      token: (event: { queryStringParameters: { token: string } }) => event.queryStringParameters.token,
    });
    const event = { queryStringParameters: { token: token(ec, claims()) } };
    expect(await subject(event)).toEqual({ type: 'User', id: 'alice' });
  });
});

describe('no subject for a token', () => {
  const [header, payload, signature] = token(rsa, claims()).split('.') as [string, string, string];
  test.each([
    ['that has ended', token(rsa, claims({ exp: now() - 10 }))],
    ['that never ends', token(rsa, claims({ exp: undefined }))],
    ['that has not begun', token(rsa, claims({ nbf: now() + 10 }))],
    ['of another issuer', token(rsa, claims({ iss: 'https://id.example.org/' }))],
    ['of nearly the issuer', token(rsa, claims({ iss: ISSUER.slice(0, -1) }))],
    ['of no issuer', token(rsa, claims({ iss: undefined }))],
    ['for another audience', token(rsa, claims({ aud: 'other' }))],
    ['for no audience', token(rsa, claims({ aud: undefined }))],
    ['for another audience, with the client', token(rsa, claims({ aud: 'other', client_id: 'notes' }))],
    ['without a signature', `${encode({ alg: 'none', kid: 'rsa-1' })}.${encode(claims())}.`],
    ['whose algorithm is none, with a signature', token(rsa, claims(), { alg: 'none' })],
    ['signed with the public key as a secret', hmacToken(rsa, claims())],
    ['signed by somebody else', token(stranger, claims())],
    ['that names another key', token(rsa, claims(), { kid: 'ec-1' })],
    ['that names another algorithm', token(rsa, claims(), { alg: 'RS512' })],
    ['that names a key that is not there', token(rsa, claims(), { kid: 'rsa-2' })],
    ['that names no key', token(rsa, claims(), { kid: undefined })],
    ['with its key in it', token(stranger, claims(), { kid: 'own', jwk: stranger.jwk })],
    ['with a header that must be understood', token(rsa, claims(), { crit: ['exp'] })],
    ['whose claims were changed', `${header}.${encode(claims({ sub: 'bob' }))}.${signature}`],
    ['whose header was changed', `${encode({ alg: 'RS256', kid: 'rsa-1' })}.${payload}.${signature}`],
    ['whose signature was cut', `${header}.${payload}.${signature.slice(0, -4)}`],
    ['with a fourth part', `${header}.${payload}.${signature}.${signature}`],
    ['that is encrypted', `${encode({ alg: 'RSA-OAEP', enc: 'A256GCM', kid: 'rsa-1' })}.a.b.c.d`],
    ['that is text', 'alice'],
    ['without the claim', token(rsa, claims({ sub: undefined }))],
    ['with an empty claim', token(rsa, claims({ sub: '' }))],
  ])('%s', async (_name, text) => {
    expect(await subjectOf(bearer(text))).toBeUndefined();
  });

  test('of which one character is another', async () => {
    const good = token(ec, claims());
    const subject = fromVerifiedJwt(OPTIONS);
    // The last character of a part has bits that decode to nothing.
    const places = Array.from(good, (_character, at) => at).filter(
      (at) => good[at] !== '.' && (good[at + 1] ?? '.') !== '.',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...places),
        fc.constantFrom('A', 'b', '9', '_'),
        async (at, character) => {
          fc.pre(good[at] !== character);
          expect(await subject(bearer(good.slice(0, at) + character + good.slice(at + 1)))).toBeUndefined();
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('the header', () => {
  const good = token(ec, claims());
  test.each([
    ['as HTTP APIs have it', { headers: { authorization: `Bearer ${good}` } }],
    ['as it was sent, in a REST API', { headers: { AUTHORIZATION: `bearer ${good}` } }],
    [
      'in both forms that a REST API has',
      {
        headers: { Authorization: `Bearer ${good}` },
        multiValueHeaders: { Authorization: [`Bearer ${good}`] },
      },
    ],
    [
      'of a load balancer with multi-value headers',
      { multiValueHeaders: { authorization: [`Bearer ${good}`] } },
    ],
  ])('is read %s', async (_name, event) => {
    expect(await subjectOf(event)).toEqual({ type: 'User', id: 'alice' });
  });

  const other = token(rsa, claims({ sub: 'bob' }));
  test.each<[string, unknown]>([
    ['no event', undefined],
    ['no headers', {}],
    ['headers that are null', { headers: null, multiValueHeaders: null }],
    ['no such header', { headers: { 'x-authorization': `Bearer ${good}` } }],
    ['an empty one', { headers: { authorization: '' } }],
    ['no scheme', { headers: { authorization: good } }],
    ['another scheme', { headers: { authorization: `Basic ${good}` } }],
    ['a longer scheme', { headers: { authorization: `BearerX ${good}` } }],
    ['something after the token', { headers: { authorization: `Bearer ${good} x` } }],
    ['something before the scheme', { headers: { authorization: ` Bearer ${good}` } }],
    ['a line after the token', { headers: { authorization: `Bearer ${good}\n` } }],
    ['two tokens, as HTTP APIs join them', { headers: { authorization: `Bearer ${good},Bearer ${other}` } }],
    ['two tokens', { multiValueHeaders: { authorization: [`Bearer ${good}`, `Bearer ${other}`] } }],
    ['two spellings', { headers: { Authorization: `Bearer ${good}`, authorization: `Bearer ${other}` } }],
    ['something that is no text', { headers: { authorization: [{ length: 1 }] } }],
  ])('gives no subject with %s', async (_name, event) => {
    expect(await subjectOf(event)).toBeUndefined();
  });
});

test.each<[object, string]>([
  [{ issuer: '' }, 'issuer must be a string'],
  [{ audience: undefined }, 'audience must be a string'],
  [{ audience: [] }, 'audience must name at least one'],
  [{ audience: [null] }, 'audience must be a string'],
  [{ type: '' }, 'type must be a string'],
  [{ graceSeconds: -1 }, 'graceSeconds must be a whole number from 0 to 300'],
  [{ graceSeconds: 3600 }, 'graceSeconds must be a whole number from 0 to 300'],
  [{ jwksUri: 'https://id.example.com/keys' }, 'jwks and jwksUri are both given'],
  [{ jwks: undefined, issuer: 'http://id.example.com' }, 'issuer must be an https URL'],
  [{ jwks: undefined, issuer: 'example' }, 'issuer must be an https URL'],
  [{ jwks: undefined, jwksUri: 'http://id.example.com/keys' }, 'jwksUri must be an https URL'],
  [{ jwks: { keys: [] } }, 'jwks must be a key set'],
  [{ jwks: [rsa.jwk] }, 'jwks must be a key set'],
  [{ jwks: { keys: [{ ...rsa.jwk, kid: undefined }] } }, 'jwks.keys[0] must be a key with a kid'],
  [
    { jwks: { keys: [rsa.jwk, { kid: 'a', kty: 'oct', k: 'c2VjcmV0' }] } },
    'jwks.keys[1] must be a public key',
  ],
  [{ jwks: { keys: [{ ...ec.jwk, x: 'AA' }] } }, 'jwks.keys[0] must be a public key'],
  [{ jwks: { keys: [{ ...rsa.jwk, use: 'enc' }] } }, 'jwks.keys[0] must be a public key'],
  [
    { jwks: { keys: [{ ...ec.privateKey.export({ format: 'jwk' }), kid: 'a' }] } },
    'jwks.keys[0] is a private key',
  ],
  [{ token: 'authorization' }, 'token must be a function'],
  [{ aud: 'notes' }, 'unknown option "aud"'],
])('refuses the options %j', (own, message) => {
  expect(() => fromVerifiedJwt({ ...OPTIONS, ...own } as VerifiedJwtOptions)).toThrow(
    expect.objectContaining({
      name: 'ConfigurationError',
      message: expect.stringContaining(`fromVerifiedJwt: ${message}`),
    }),
  );
});
