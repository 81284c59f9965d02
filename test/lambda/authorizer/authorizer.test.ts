import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { APIGatewayRequestAuthorizerEventV2 } from 'aws-lambda';
import fc from 'fast-check';
import { beforeAll, describe, expect, expectTypeOf, onTestFinished, test, vi } from 'vitest';
import type { PolicyDecisionPoint } from '../../../engine/contract.ts';
import { PdpUnavailableError } from '../../../engine/errors.ts';
import {
  type ApiGatewayAuthorizerOptions,
  type AuthorizerResult,
  apiGatewayAuthorizer,
} from '../../../lambda/authorizer/index.ts';
import { createPdpClient } from '../../../lambda/client/index.ts';
import { createEmbeddedPdp } from '../../../lambda/embedded/index.ts';
import { fromVerifiedJwt } from '../../../lambda/verified-jwt/index.ts';
import { startServer } from '../../pdp-container/support/server.ts';
import { bundleFile } from '../bundles.ts';
import { lambdaContext, NEVER, pdpThat, permitting } from '../middleware/fixtures.ts';
import { freePort } from '../servers.ts';
import { signer, token } from '../tokens.ts';
import { type Asked, httpEvent, oldHttpEvent, restEvent, webSocketEvent } from './events.ts';

const ISSUER = 'https://id.example.com/';
const key = signer('one', 'ES256');
const bearer = (sub: string, own: object = {}) => {
  const claims = { iss: ISSUER, aud: 'notes', sub, exp: Math.floor(Date.now() / 1000) + 600, ...own };
  return `Bearer ${token(key, claims)}`;
};

interface AnyEvent {
  pathParameters?: { note?: string } | null;
  queryStringParameters?: { note?: string } | null;
}

const OPTIONS: ApiGatewayAuthorizerOptions<AnyEvent> = {
  subject: fromVerifiedJwt({ type: 'User', issuer: ISSUER, audience: 'notes', jwks: { keys: [key.jwk] } }),
  action: 'view',
  resource: (event) => ({
    type: 'Note',
    id: event.pathParameters?.note ?? event.queryStringParameters?.note ?? '',
  }),
  logger: false,
};

type Own = Partial<ApiGatewayAuthorizerOptions<AnyEvent>>;
const ask = (event: unknown, own: Own): Promise<AuthorizerResult> =>
  apiGatewayAuthorizer({ ...OPTIONS, ...own })(event as AnyEvent, lambdaContext());

const allows = (result: AuthorizerResult): boolean =>
  'isAuthorized' in result
    ? result.isAuthorized
    : result.policyDocument.Statement.some(({ Effect }) => Effect !== 'Deny');

const EVENTS: [string, (asked?: Asked) => unknown, 'simple' | 'policy', string][] = [
  ['an HTTP API', httpEvent, 'simple', ''],
  ['an HTTP API without simple responses', httpEvent, 'policy', '$default/GET/notes/acme/roadmap'],
  ['an HTTP API with payload format 1.0', oldHttpEvent, 'simple', 'prod/GET/notes/acme/roadmap'],
  ['a REST API', restEvent, 'simple', 'prod/GET/notes/acme/roadmap'],
  ['a WebSocket API', webSocketEvent, 'simple', 'prod/$connect'],
];

describe.each(EVENTS)('%s', (_name, event, response, method) => {
  let pdp: PolicyDecisionPoint;

  beforeAll(async () => {
    const directory = await mkdtemp(join(tmpdir(), 'pdp-authorizer-'));

    // The evaluator as it is deployed, deciding by a bundle in which alice may view everything.
    pdp = createEmbeddedPdp({ bundle: await bundleFile(directory, 'alice') });
    return () => rm(directory, { recursive: true });
  });

  const isSimple = method === '';
  const policy = (principalId: string, Effect: string) => ({
    principalId,
    policyDocument: {
      Version: '2012-10-17',
      Statement: [
        {
          Action: 'execute-api:Invoke',
          Effect,
          Resource: `arn:aws:execute-api:eu-west-1:123456789012:abcdef123/${method}`,
        },
      ],
    },
  });

  test('gets a permit for what was asked, and who it was', async () => {
    const result = await ask(event({ authorization: bearer('alice') }), { pdp, response });
    expect(result).toEqual({
      ...(isSimple ? { isAuthorized: true } : policy('alice', 'Allow')),
      context: {
        subjectType: 'User',
        subjectId: 'alice',
        revision: expect.stringMatching(/^[0-9a-f]{16}$/),
        policies: '["one"]',
      },
    });
  });

  test('gets a deny, and who it was', async () => {
    const result = await ask(event({ authorization: bearer('bob') }), { pdp, response });
    expect(result).toEqual({
      ...(isSimple ? { isAuthorized: false } : policy('bob', 'Deny')),
      context: { subjectType: 'User', subjectId: 'bob', revision: expect.any(String) },
    });
  });

  test.each([
    ['no token', undefined],
    ['one that has ended', bearer('alice', { exp: 1 })],
    ['one for somebody else', bearer('alice', { aud: 'other' })],
  ])('gets the error that is a 401, for %s', async (_case, authorization) => {
    const asked = permitting();
    const failed = ask(event(authorization === undefined ? {} : { authorization }), { pdp: asked, response });
    await expect(failed).rejects.toThrow(/^Unauthorized$/);
    expect(asked.asked).toEqual([]);
  });

  test.each<[string, () => Promise<unknown>]>([
    ['is away', () => Promise.reject(new PdpUnavailableError('connect ECONNREFUSED 10.0.0.7'))],
    ['gives no decision', async () => undefined],
    ['never answers', () => NEVER],
  ])('gets an error that says nothing when the PDP %s', async (_case, answer) => {
    const failed = ask(event({ authorization: bearer('alice') }), {
      pdp: pdpThat(answer),
      response,
      timeoutMs: 50,
    });
    await expect(failed).rejects.toMatchObject({
      name: 'ServiceUnavailableError',
      message: 'Service Unavailable',
    });
  });

  test.each([400, 403, 404])('gets a deny when an extractor fails with %i', async (statusCode) => {
    const resource = () => {
      throw Object.assign(new Error('no such note'), { statusCode });
    };
    const result = await ask(event({ authorization: bearer('alice') }), { pdp, response, resource });
    expect(result).toEqual({
      ...(isSimple ? { isAuthorized: false } : policy('unknown', 'Deny')),
      context: {},
    });
  });

  test('gets the error that is a 401 when an extractor fails with that', async () => {
    const subject = () => {
      throw Object.assign(new Error('who?'), { statusCode: 401 });
    };
    await expect(ask(event(), { pdp, response, subject })).rejects.toThrow(/^Unauthorized$/);
  });

  test('gets an error when an extractor breaks', async () => {
    const subject = () => {
      throw new TypeError('x of undefined');
    };
    await expect(ask(event(), { pdp, response, subject })).rejects.toMatchObject({
      message: 'Service Unavailable',
    });
  });
});

describe('a running PDP', () => {
  test('is asked over HTTP, and its absence is an error', async () => {
    const { url } = await startServer({
      bundle: { 'policies.cedar': '@id("alice") permit(principal == User::"alice", action, resource);' },
    });
    const pdp = createPdpClient({ url, timeoutMs: 10_000, attemptTimeoutMs: 5_000 });
    onTestFinished(() => pdp.close());
    const patience = { pdp, timeoutMs: 10_000 };
    expect(allows(await ask(restEvent({ authorization: bearer('alice') }), patience))).toBe(true);
    expect(allows(await ask(restEvent({ authorization: bearer('bob') }), patience))).toBe(false);
    const away = createPdpClient({ url: `http://127.0.0.1:${await freePort()}` });
    onTestFinished(() => away.close());
    await expect(ask(restEvent({ authorization: bearer('alice') }), { pdp: away })).rejects.toMatchObject({
      message: 'Service Unavailable',
    });
  });
});

describe('a permit that API Gateway keeps', () => {
  const own = { resource: { type: 'Note', id: 'one' } };

  async function statement(path: string) {
    const event = restEvent({ authorization: bearer('alice'), path });
    const result = await ask(event, { ...own, pdp: permitting() });
    if (!('policyDocument' in result)) throw new Error('not a policy');
    const [first] = result.policyDocument.Statement as unknown as { Effect: string; Resource: string }[];
    return { ...first, context: result.context };
  }

  test.each([
    ['/notes/*', '/notes/?'],
    ['/*', '/?'],
    ['/notes/acme/?', '/notes/acme/?'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of IAM's
    ['/notes/${aws:userid}', '/notes/?{aws:userid}'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of IAM's
    ['/notes/${*}', '/notes/?{?}'],
  ])('is none when the path asked for is a pattern: %s', async (path, denied) => {
    const { Effect, Resource, context } = await statement(path);
    expect([Effect, Resource?.split('/prod/GET')[1]]).toEqual(['Deny', denied]);
    expect(context).toEqual({ subjectType: 'User', subjectId: 'alice' });
  });

  test('is for its method and path, whatever they are', async () => {
    const character = fc.constantFrom('a', '*', '?', '$', '{', '}', '/', '.', '%2A');
    const path = fc.array(character, { maxLength: 6 }).map((parts) => `/${parts.join('')}`);
    await fc.assert(
      fc.asyncProperty(path, path, async (asked, other) => {
        const { Effect, Resource = '' } = await statement(asked);
        const covers = (method: string, path: string) =>
          matches(Resource, restEvent({ method, path }).methodArn);
        expect(covers('GET', asked)).toBe(true);
        if (Effect === 'Allow')
          expect([covers('GET', other), covers('PUT', asked)]).toEqual([asked === other, false]);
      }),
      { numRuns: 1000 },
    );
  });
});

/** As IAM matches resources: `*` is anything, `?` is one character. */
function matches(pattern: string, arn: string): boolean {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's').test(arn);
}

describe('anything else', () => {
  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['a request for an integration', { version: '2.0', routeKey: '$default', rawPath: '/', headers: {} }],
    ['a TOKEN authorizer', { ...restEvent(), type: 'TOKEN', authorizationToken: 'Bearer x' }],
    ['an event without a method', { ...restEvent({ authorization: bearer('alice') }), methodArn: undefined }],
    ['an ARN of something else', { ...restEvent(), methodArn: 'arn:aws:lambda:eu-west-1:1:function:f' }],
    ['an ARN of all', { ...restEvent(), methodArn: '*' }],
  ])('is refused: %s', async (_name, event) => {
    await expect(ask(event, { pdp: permitting() })).rejects.toMatchObject({ name: 'ConfigurationError' });
  });

  test('never gets an allow without a permit', async () => {
    const text = fc.oneof(fc.string(), fc.constantFrom('REQUEST', '2.0', '1.0', bearer('alice'), '*'));
    const field = fc.oneof(fc.jsonValue(), text, fc.constant(undefined));
    const anyEvent = fc.oneof(
      fc.anything(),
      fc
        .tuple(
          fc.constantFrom(httpEvent, restEvent, oldHttpEvent, webSocketEvent),
          fc.dictionary(
            fc.constantFrom(
              'version',
              'type',
              'routeArn',
              'methodArn',
              'headers',
              'pathParameters',
              'requestContext',
            ),
            field,
          ),
        )
        .map(([make, own]) => ({ ...make({ authorization: bearer('alice') }), ...own })),
    );
    const anyAnswer = fc.oneof(
      fc.anything().filter((value) => (value as { decision?: unknown } | null)?.decision !== true),
      fc.record({ decision: fc.constantFrom(false, 'true', 1, {}, null), context: fc.anything() }),
    );
    await fc.assert(
      fc.asyncProperty(
        anyEvent,
        anyAnswer,
        fc.constantFrom('simple', 'policy'),
        async (event, answer, response) => {
          const pdp = pdpThat(async () => answer);
          const result = await ask(event, { pdp, response: response as 'simple' | 'policy' }).catch(
            (error) => error,
          );
          if (result instanceof Error) {
            expect([
              'Unauthorized',
              'Service Unavailable',
              expect.stringMatching(/^apiGatewayAuthorizer: /),
            ]).toContainEqual(result.message);
          } else expect(allows(result)).toBe(false);
        },
      ),
      { numRuns: 500 },
    );
  });

  test.each([['one'], [[1]], [['one', { id: 'two' }]], [{ length: 0 }]])(
    'of a PDP’s policies is left out: %j',
    async (policies) => {
      const pdp = pdpThat(async () => ({ decision: true, context: { policies } }));
      const { context } = await ask(restEvent({ authorization: bearer('alice') }), { pdp });
      expect(context).toEqual({ subjectType: 'User', subjectId: 'alice' });
    },
  );

  test('of a PDP’s context is left out, unless it is what it should be', async () => {
    await fc.assert(
      fc.asyncProperty(fc.anything(), fc.anything(), async (revision, policies) => {
        const pdp = pdpThat(async () => ({ decision: true, context: { revision, policies } }));
        const { context } = await ask(restEvent({ authorization: bearer('alice') }), { pdp });
        // REST APIs fail on anything else.
        for (const value of Object.values(context)) expect(typeof value).toBe('string');
      }),
    );
  });
});

describe('the log', () => {
  test('has why there was no answer, and nothing of the token', async () => {
    const written = vi.spyOn(console, 'error').mockImplementation(() => {});
    onTestFinished(() => written.mockRestore());
    const { logger: _none, ...options } = OPTIONS;
    const authorizer = apiGatewayAuthorizer({
      ...options,
      pdp: pdpThat(() => Promise.reject(new PdpUnavailableError('connect ECONNREFUSED'))),
    });
    const authorization = bearer('alice');
    const failed = authorizer(restEvent({ authorization }), lambdaContext());
    await expect(failed).rejects.toThrow('Service Unavailable');
    expect(written.mock.calls).toEqual([
      ['ServiceUnavailableError: PdpUnavailableError: connect ECONNREFUSED'],
    ]);
    await expect(authorizer(restEvent(), lambdaContext())).rejects.toThrow('Unauthorized');
    await expect(
      authorizer(restEvent({ authorization: `${authorization}x` }), lambdaContext()),
    ).rejects.toThrow('Unauthorized');
    expect(written).toHaveBeenCalledTimes(1);
  });
});

test('extractors have the type of the event', () => {
  const handler = apiGatewayAuthorizer({
    subject: { type: 'User', id: 'alice' },
    action: ({ requestContext }: APIGatewayRequestAuthorizerEventV2) => requestContext.http.method,
    resource: { type: 'Note', id: 'one' },
    pdp: permitting(),
  });
  expectTypeOf(handler).parameter(0).toEqualTypeOf<APIGatewayRequestAuthorizerEventV2>();
  expectTypeOf(handler).returns.resolves.toEqualTypeOf<AuthorizerResult>();
});

test.each<[object, string]>([
  [{ response: 'iam' }, 'response must be "simple" or "policy"'],
  [{ subject: undefined }, 'subject is missing'],
  [{ respond: true }, 'unknown option "respond"'],
  [{ timeoutMs: 0 }, 'timeoutMs must be a positive whole number'],
  [{ logger: true }, 'logger must be a function or false'],
])('refuses the options %j', (own, message) => {
  expect(() => apiGatewayAuthorizer({ ...OPTIONS, ...own } as typeof OPTIONS)).toThrow(
    expect.objectContaining({
      name: 'ConfigurationError',
      message: expect.stringContaining(`apiGatewayAuthorizer: ${message}`),
    }),
  );
});
