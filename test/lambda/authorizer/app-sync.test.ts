import type { AppSyncAuthorizerEvent, AppSyncAuthorizerHandler } from 'aws-lambda';
import { describe, expect, expectTypeOf, onTestFinished, test, vi } from 'vitest';
import type { PolicyDecisionPoint } from '../../../engine/contract.ts';
import { ConfigurationError, PdpUnavailableError } from '../../../engine/errors.ts';
import {
  type AppSyncAuthorizerOptions,
  type AuthorizerContext,
  appSyncAuthorizer,
} from '../../../lambda/authorizer/index.ts';
import { createPdpClient } from '../../../lambda/client/index.ts';
import { createEmbeddedPdp } from '../../../lambda/embedded/index.ts';
import { fromVerifiedJwt } from '../../../lambda/verified-jwt/index.ts';
import { startServer } from '../../pdp-container/support/server.ts';
import { bundleFile, temporaryDirectory } from '../bundles.ts';
import { lambdaContext, NEVER, pdpThat, permitting } from '../middleware/fixtures.ts';
import { freePort } from '../servers.ts';
import { signer, token } from '../tokens.ts';

const ISSUER = 'https://id.example.com';
const key = signer('one', 'ES256');
const jwt = (sub: string, own: object = {}, by = key) =>
  token(by, { iss: ISSUER, aud: 'notes', sub, exp: 4102444800, ...own });

const subject = fromVerifiedJwt({
  type: 'User',
  issuer: ISSUER,
  audience: 'notes',
  jwks: { keys: [key.jwk] },
});
const QUESTION = { subject, action: 'view', resource: { type: 'Api', id: 'notes' }, logger: false } as const;

/** @see https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html#aws-lambda-authorization */
function event(authorizationToken: string, headers: Record<string, string> = {}): AppSyncAuthorizerEvent {
  return {
    authorizationToken,
    requestContext: {
      apiId: 'giy7kumfmvcqvbedntjwjvagii',
      accountId: '123456789012',
      requestId: 'b80ed838-14c6-4500-b4c3-b694c7bef086',
      queryString: 'query Notes { notes { id history } }',
      operationName: 'Notes',
      variables: {},
    },
    requestHeaders: { authorization: authorizationToken, host: 'api.example.com', ...headers },
  };
}

type Own = Partial<AppSyncAuthorizerOptions>;
const ask = (asked: AppSyncAuthorizerEvent, own: Own) =>
  appSyncAuthorizer({ ...QUESTION, ...own } as AppSyncAuthorizerOptions)(asked, lambdaContext());

const REFUSED = { isAuthorized: false, resolverContext: {}, deniedFields: [], ttlOverride: 0 };

/** Alice may view everything, and audit the notes of the API. */
const POLICIES = `
  @id("view") permit(principal == User::"alice", action == Action::"view", resource);
  @id("audit") permit(principal == User::"alice", action == Action::"audit", resource == Api::"notes");
`;

const PLACEMENTS: Record<string, () => Promise<PolicyDecisionPoint>> = {
  embedded: async () => createEmbeddedPdp({ bundle: await bundleFile(await temporaryDirectory(), 'alice') }),
  remote: async () => {
    const { url } = await startServer({ bundle: { 'policies.cedar': POLICIES } });
    const client = createPdpClient({ url, timeoutMs: 10_000, attemptTimeoutMs: 5_000 });
    onTestFinished(() => client.close());
    return client;
  },
};

describe.each(Object.entries(PLACEMENTS))('a PDP that is %s', (_name, place) => {
  test('permits, and says who it was', async () => {
    const answer = await ask(event(jwt('alice')), { pdp: await place(), timeoutMs: 10_000 });
    expect(answer).toEqual({
      isAuthorized: true,
      resolverContext: {
        subjectType: 'User',
        subjectId: 'alice',
        revision: expect.stringMatching(/^[0-9a-f]{16}$/),
        policies: expect.stringMatching(/^\["(one|view)"\]$/),
      },
      deniedFields: [],
      ttlOverride: 0,
    });
  });

  test('denies', async () => {
    const answer = await ask(event(jwt('bob')), { pdp: await place(), timeoutMs: 10_000 });
    expect(answer).toMatchObject({ isAuthorized: false, ttlOverride: 0 });
  });

  test('is asked about fields in the same call', async () => {
    const pdp = await place();
    const answer = await ask(event(jwt('alice')), {
      pdp,
      timeoutMs: 10_000,
      fields: {
        'Note.title': 'view',
        'Note.history': { action: { name: 'erase' } },
        'Note.secrets': { action: 'audit', resource: { type: 'Api', id: 'vault' } },
      },
    });
    expect(answer).toMatchObject({ isAuthorized: true, deniedFields: ['Note.history', 'Note.secrets'] });
  });
});

describe('the token', () => {
  test.each([
    ['as AppSync wants it', jwt('alice'), true],
    ['with a scheme', `Bearer ${jwt('alice')}`, true],
    ['of another scheme', `Basic ${jwt('alice')}`, false],
    ['that is none', 'x', false],
    ['that is empty', '', false],
    ['that has ended', jwt('alice', { exp: 1 }), false],
    ['for somebody else', jwt('alice', { aud: 'other' }), false],
    ['that another has signed', jwt('alice', {}, signer('one', 'ES256')), false],
  ])('%s', async (_case, authorizationToken, isAuthorized) => {
    const pdp = permitting();
    const answer = await ask(event(authorizationToken), { pdp });
    expect(answer).toEqual(isAuthorized ? expect.objectContaining({ isAuthorized }) : REFUSED);
    expect(pdp.asked).toHaveLength(isAuthorized ? 1 : 0);
  });

  test('is the one that AppSync gives, and none in another header', async () => {
    const pdp = permitting();
    expect(await ask(event('x', { Authorization: `Bearer ${jwt('alice')}` }), { pdp })).toEqual(REFUSED);
    expect(pdp.asked).toEqual([]);
  });
});

describe('every failure is an error, so that AppSync lets nobody in', () => {
  const failing: [string, () => Promise<unknown>][] = [
    ['is away', () => Promise.reject(new PdpUnavailableError('connect ECONNREFUSED 10.0.0.7'))],
    ['gives no decision', async () => undefined],
    ['never answers', () => NEVER],
  ];

  test.each(failing)('a PDP that %s', async (_case, answer) => {
    const logger = vi.fn();
    const failed = ask(event(jwt('alice')), { pdp: pdpThat(answer), timeoutMs: 50, logger });
    await expect(failed).rejects.toMatchObject({
      name: 'ServiceUnavailableError',
      message: 'Service Unavailable',
    });
    expect(logger).toHaveBeenCalledOnce();
  });

  test('no PDP at its address', async () => {
    const pdp = createPdpClient({ url: `http://127.0.0.1:${await freePort()}` });
    onTestFinished(() => pdp.close());
    const own = { pdp, fields: { 'Note.title': 'view' } };
    await expect(ask(event(jwt('alice')), own)).rejects.toThrow(/^Service Unavailable$/);
  });

  test.each<[string, unknown]>([
    ['fewer answers', [{ decision: true }]],
    ['more answers', [{ decision: true }, { decision: true }, { decision: true }]],
    ['no answer', []],
    ['no list', undefined],
    ['one without a decision', [{ decision: true }, undefined]],
    [
      'one with an error of its own',
      [{ decision: true }, { decision: false, context: { error: { status: 503 } } }],
    ],
  ])('a PDP that answers questions with %s', async (_case, answers) => {
    const pdp: PolicyDecisionPoint = { ...permitting(), evaluateAll: async () => answers as never };
    await expect(ask(event(jwt('alice')), { pdp, fields: { 'Note.title': 'view' } })).rejects.toThrow(
      /^Service Unavailable$/,
    );
  });

  test('a field whose answer is something like true is denied', async () => {
    const answers = [{ decision: true }, { decision: 'true' }];
    const pdp: PolicyDecisionPoint = { ...permitting(), evaluateAll: async () => answers as never };
    const answer = await ask(event(jwt('alice')), { pdp, fields: { 'Note.title': 'view' } });
    expect(answer).toMatchObject({ isAuthorized: true, deniedFields: ['Note.title'] });
  });

  test('a resource that cannot be told', async () => {
    const pdp = permitting();
    const own: Own = { pdp, resource: () => ({ type: 'Api', id: '' }) };
    await expect(ask(event(jwt('alice')), own)).rejects.toThrow(/^Service Unavailable$/);
    expect(pdp.asked).toEqual([]);
  });
});

describe('keeping answers', () => {
  test('is as long as told, for a question that no request changes', async () => {
    const pdp = permitting();
    expect(await ask(event(jwt('alice')), { pdp, ttlSeconds: 60 })).toMatchObject({ ttlOverride: 60 });
    const denying = pdpThat(async () => ({ decision: false }));
    expect(await ask(event(jwt('bob')), { pdp: denying, ttlSeconds: 60 })).toMatchObject({
      isAuthorized: false,
      ttlOverride: 60,
    });
  });

  test('is never done without a subject', async () => {
    expect(await ask(event('x'), { pdp: permitting(), ttlSeconds: 60 })).toEqual(REFUSED);
  });

  test.each(['action', 'resource', 'context'])('is refused when %s is a function', (name) => {
    const options = { ...QUESTION, [name]: () => undefined, ttlSeconds: 60 } as AppSyncAuthorizerOptions;
    expect(() => appSyncAuthorizer(options)).toThrow(/every request with the same token/);
  });
});

test.each<[object, RegExp]>([
  [{ subject: { type: 'User', id: 'alice' } }, /subject must be a function that verifies the token/],
  [{ ttlSeconds: -1 }, /ttlSeconds must be a whole number from 0 to 3600/],
  [{ ttlSeconds: 3601 }, /ttlSeconds must be/],
  [{ ttlSeconds: '60' }, /ttlSeconds must be/],
  [{ fields: ['Note.title'] }, /fields must be an object/],
  [{ fields: { title: 'view' } }, /"title" must be a Type\.field/],
  [{ fields: { 'Note.title': '' } }, /fields\["Note\.title"\]: action must be a name/],
  [{ fields: { 'Note.title': {} } }, /action must be a name/],
  [{ fields: { 'Note.title': { action: 'view', resource: { type: 'Note' } } } }, /resource must have a type/],
  [{ fields: { 'Note.title': { action: 'view', on: 'x' } } }, /unknown option "on"/],
  [{ ttl: 60 }, /unknown option "ttl"/],
])('options that are wrong are told at once: %j', (own, message) => {
  const make = () => appSyncAuthorizer({ ...QUESTION, ...own } as AppSyncAuthorizerOptions);
  expect(make).toThrow(ConfigurationError);
  expect(make).toThrow(message);
});

test('has the types of an AppSync authorizer, and takes no wrong combination', () => {
  const handler = appSyncAuthorizer({ ...QUESTION, fields: { 'Note.history': 'audit' } });
  expectTypeOf(handler).toExtend<AppSyncAuthorizerHandler<AuthorizerContext>>();
  const wrong = () => {
    // @ts-expect-error: a subject that nobody verified
    appSyncAuthorizer({ ...QUESTION, subject: { type: 'User', id: 'alice' } });
    // @ts-expect-error: a kept answer to a question that the event makes
    appSyncAuthorizer({ ...QUESTION, resource: () => ({ type: 'Api', id: 'a' }), ttlSeconds: 60 });
    // @ts-expect-error: not a field of a type
    appSyncAuthorizer({ ...QUESTION, fields: { history: 'audit' } });
    // @ts-expect-error: no resource
    appSyncAuthorizer({ subject, action: 'view' });
  };
  expectTypeOf(wrong).toBeFunction();
});
