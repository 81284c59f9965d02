import { describe, expect, test } from 'vitest';
import { type ClaimsOptions, fromCognito, fromJwtClaims } from '../../../lambda/middleware/index.ts';

/** Both extractors alike, on events that the types of neither allow. */
type Extractor = (options: ClaimsOptions) => (event: unknown) => unknown;

const jwt = (claims: unknown) => ({ requestContext: { authorizer: { jwt: { claims, scopes: null } } } });
const cognito = (claims: unknown) => ({ requestContext: { authorizer: { claims } } });

describe.each([
  ['fromJwtClaims', fromJwtClaims as Extractor, jwt, cognito],
  ['fromCognito', fromCognito as Extractor, cognito, jwt],
] as const)('%s', (owner, from, event, other) => {
  test('takes the claim that is the id', () => {
    expect(from({ type: 'User' })(event({ sub: 'alice', email: 'a@acme.example' }))).toEqual({
      type: 'User',
      id: 'alice',
    });
    expect(from({ type: 'App::User', claim: 'username' })(event({ sub: '1', username: 'alice' }))).toEqual({
      type: 'App::User',
      id: 'alice',
    });
  });

  test('sends along the claims that are named, and only what a claim can be', () => {
    const claims = {
      sub: 'alice',
      level: 3,
      groups: ['a', 'b'],
      staff: true,
      odd: { a: 1 },
      other: 'not sent',
    };
    const properties = ['level', 'groups', 'staff', 'odd', 'missing', '__proto__', 'toString'];
    expect(from({ type: 'User', properties })(event(claims))).toEqual({
      type: 'User',
      id: 'alice',
      properties: { level: 3, groups: ['a', 'b'], staff: true },
    });
  });

  test.each([
    ['no event', undefined],
    ['no authorizer', { requestContext: {} }],
    ['a null authorizer', { requestContext: { authorizer: null } }],
    ['claims of the other kind', other({ sub: 'alice' })],
    ['claims that are text', event('{"sub":"alice"}')],
    ['no claims', event(undefined)],
    ['no such claim', event({ username: 'alice' })],
    ['an empty claim', event({ sub: '' })],
    ['a claim that is a number', event({ sub: 7 })],
    ['a claim that is a list', event({ sub: ['alice'] })],
    ['an inherited claim', event(Object.create({ sub: 'alice' }))],
    ['only a header', { headers: { authorization: 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.' } }],
  ])('gives no subject for %s', (_name, value) => {
    expect(from({ type: 'User' })(value)).toBeUndefined();
  });

  test.each<[unknown, string]>([
    [undefined, 'the options must be an object'],
    [{}, 'type must be a string'],
    [{ type: '' }, 'type must be a string'],
    [{ type: 'User', claim: '' }, 'claim must be a string'],
    [{ type: 'User', properties: 'email' }, 'properties must be an array'],
    [{ type: 'User', properties: [''] }, 'properties[0] must be a string'],
    [{ type: 'User', claims: 'sub' }, 'unknown option "claims"'],
  ])('refuses the options %j', (options, message) => {
    expect(() => from(options as ClaimsOptions)).toThrow(
      expect.objectContaining({
        name: 'ConfigurationError',
        message: expect.stringContaining(`${owner}: ${message}`),
      }),
    );
  });
});
