import middy from '@middy/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Subject } from '../../../engine/contract.ts';
import {
  authorize,
  fromAppSyncIdentity,
  fromArguments,
  fromAuthorizerContext,
  fromBody,
  fromCognito,
  fromHeader,
  fromIamCaller,
  fromJwtClaims,
  fromPath,
} from '../../../lambda/middleware/index.ts';
import { fromSqsSender } from '../../../lambda/records/index.ts';
import { appSyncCognito, appSyncEvent, appSyncIam } from '../events/app-sync.ts';
import { albEvent, httpApiEvent, restApiEvent, webSocketEvent } from '../events/http.ts';
import { eventBridgeEvent, kinesisRecord, snsRecord, sqsRecord } from '../events/records.ts';
import { lambdaContext, permitting } from './fixtures.ts';

type Extract<T> = (event: unknown) => T;

const ARN = 'arn:aws:iam::123456789012:user/alice';
const CLAIMS = { sub: 'alice', email: 'a@acme.example' };
const PASSED_ON = { subjectType: 'User', subjectId: 'alice' };

/** Each extractor of subjects, with the events in which AWS has written alice, and where. */
const SUBJECTS: [string, Extract<Subject | undefined>, string, unknown, string[]][] = [
  [
    'fromJwtClaims',
    fromJwtClaims({ type: 'User', properties: ['email'] }) as Extract<Subject | undefined>,
    'an HTTP API',
    httpApiEvent({ jwt: { claims: CLAIMS, scopes: null } }),
    ['requestContext', 'authorizer', 'jwt', 'claims'],
  ],
  [
    'fromCognito',
    fromCognito({ type: 'User' }) as Extract<Subject | undefined>,
    'a REST API',
    restApiEvent({ claims: CLAIMS }),
    ['requestContext', 'authorizer', 'claims'],
  ],
  [
    'fromAppSyncIdentity',
    fromAppSyncIdentity({ type: 'User' }) as Extract<Subject | undefined>,
    'AppSync',
    appSyncEvent(appSyncCognito('alice')),
    ['identity', 'claims'],
  ],
  ...[
    ['an HTTP API', httpApiEvent({ lambda: PASSED_ON }), ['requestContext', 'authorizer', 'lambda']] as const,
    ['a REST API', restApiEvent(PASSED_ON), ['requestContext', 'authorizer']] as const,
    ['a WebSocket API', webSocketEvent(PASSED_ON), ['requestContext', 'authorizer']] as const,
    ['AppSync', appSyncEvent({ resolverContext: PASSED_ON }), ['identity', 'resolverContext']] as const,
  ].map(([kind, event, path]): (typeof SUBJECTS)[number] => [
    'fromAuthorizerContext',
    fromAuthorizerContext() as Extract<Subject | undefined>,
    kind,
    event,
    [...path],
  ]),
  ...[
    [
      'an HTTP API',
      httpApiEvent({ iam: { userArn: ARN } }),
      ['requestContext', 'authorizer', 'iam'],
    ] as const,
    ['a REST API', restApiEvent(undefined, { userArn: ARN }), ['requestContext', 'identity']] as const,
    ['AppSync', appSyncEvent(appSyncIam(ARN)), ['identity']] as const,
  ].map(([kind, event, path]): (typeof SUBJECTS)[number] => [
    'fromIamCaller',
    fromIamCaller({ type: 'User' }) as Extract<Subject | undefined>,
    kind,
    event,
    [...path],
  ]),
  [
    'fromSqsSender',
    fromSqsSender({ type: 'User' }) as Extract<Subject | undefined>,
    'SQS',
    { ...sqsRecord('m', {}), attributes: { SenderId: 'alice' } },
    ['attributes'],
  ],
];

const RESOURCES: [string, Extract<{ id: string }>][] = [
  ['fromPath', fromPath('note', { type: 'Note' }) as Extract<{ id: string }>],
  ['fromPath of a template', fromPath('{tenant}/{note}', { type: 'Note' }) as Extract<{ id: string }>],
  ['fromBody', fromBody('note.id', { type: 'Note' }) as Extract<{ id: string }>],
  ['fromArguments', fromArguments('input.note', { type: 'Note' }) as Extract<{ id: string }>],
  ['fromHeader', fromHeader('x-tenant', { type: 'Tenant' }) as Extract<{ id: string }>],
];

const REAL: unknown[] = [
  ...SUBJECTS.map(([, , , event]) => event),
  albEvent(),
  kinesisRecord('1', { note: 'n' }),
  snsRecord('s', { note: 'n' }),
  eventBridgeEvent('e', { note: 'n' }),
  { Records: [sqsRecord('m', { note: 'n' })] },
];

/** Keys that events have, and that JavaScript has of its own. */
const key = fc.oneof(
  fc.constantFrom(
    ...[
      'requestContext',
      'authorizer',
      'identity',
      'claims',
      'jwt',
      'lambda',
      'iam',
      'userArn',
      'sub',
      'headers',
    ],
    ...[
      'body',
      'pathParameters',
      'arguments',
      'Records',
      '__proto__',
      'constructor',
      'toString',
      'length',
      '0',
    ],
  ),
  fc.string(),
);

/** A path that leads somewhere into an event, and on a little further at times. */
const somewhere = (event: unknown) =>
  fc.array(fc.nat(40), { maxLength: 6 }).map((turns) => {
    const path: string[] = [];
    let value = event;
    for (const turn of turns) {
      const keys = typeof value === 'object' && value !== null ? Object.keys(value) : [];
      const next = keys[turn % (keys.length || 1)];
      if (next === undefined) break;
      path.push(next);
      value = (value as Record<string, unknown>)[next];
    }
    return path;
  });

function withValueAt(event: unknown, [first, ...rest]: readonly string[], value: unknown): unknown {
  if (first === undefined) return value;
  const target = typeof event === 'object' && event !== null ? event : {};
  const inner = Object.hasOwn(target, first) ? (target as Record<string, unknown>)[first] : undefined;
  return { ...target, [first]: withValueAt(inner, rest, value) };
}

/** A real event with anything in some places of it. */
const mutated = (event: unknown) =>
  fc
    .array(fc.tuple(somewhere(event), fc.option(key, { nil: undefined }), fc.jsonValue()), {
      minLength: 1,
      maxLength: 4,
    })
    .map((changes) =>
      changes.reduce(
        (changed, [path, more, value]) =>
          withValueAt(changed, more === undefined ? path : [...path, more], value),
        event,
      ),
    );

const anyEvent = fc.oneof(fc.jsonValue(), fc.object({ key }), fc.anything(), ...REAL.map(mutated));

describe.each(SUBJECTS)('%s', (_name, subject, kind, real, verified) => {
  test(`finds alice in an event of ${kind}`, () => {
    expect(subject(real)?.id).toMatch(/^(alice|arn:aws:iam::123456789012:user\/alice)$/);
  });

  test(`of ${kind} finds a subject with an id, or none, in whatever event`, () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        const found = subject(event);
        if (found === undefined) return;
        expect([typeof found.type, typeof found.id]).toEqual(['string', 'string']);
        expect([found.type, found.id]).not.toContain('');
      }),
      { numRuns: 500 },
    );
  });

  test(`of ${kind} finds nobody else, whatever stands in all other places`, () => {
    const expected = subject(real);
    fc.assert(
      fc.property(mutated(real), (event) => {
        // What AWS has verified stays; the caller writes the rest.
        const found = subject(withValueAt(event, verified, valueAt(real, verified)));
        // With the one it knows overwritten by that of another kind of authorization there may be nobody.
        expect([undefined, expected?.id]).toContain(found?.id);
      }),
      { numRuns: 1000 },
    );
  });
});

function valueAt(event: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, name) => (value as Record<string, unknown>)[name], event);
}

describe.each(RESOURCES)('%s', (_name, resource) => {
  test('finds a name, or says that the request has none, in whatever event', () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        try {
          const { id } = resource(event);
          expect(typeof id === 'string' && id !== '').toBe(true);
        } catch (error) {
          expect(error).toMatchObject({ name: 'BadRequestError', statusCode: 400 });
        }
      }),
      { numRuns: 500 },
    );
  });
});

test('a handler runs for a subject and a resource that were found, or the answer is 400 or 401', async () => {
  const extractors = fc.tuple(fc.constantFrom(...SUBJECTS), fc.constantFrom(...RESOURCES));
  await fc.assert(
    fc.asyncProperty(anyEvent, extractors, async (event, [[, subject], [, resource]]) => {
      fc.pre(event !== undefined);
      const pdp = permitting();
      const handler = middy()
        .use(authorize<unknown>({ subject, action: 'view', resource: resource as never, pdp, respond: true }))
        .handler(async (_event, { authorization }) => ({ statusCode: 200, subject: authorization.subject }));
      const { statusCode, subject: found } = (await handler(event, lambdaContext())) as Record<
        string,
        unknown
      >;
      expect(statusCode).toBeOneOf([200, 400, 401]);
      expect(found).toEqual(statusCode === 200 ? subject(event) : undefined);
      expect(pdp.asked).toHaveLength(statusCode === 200 ? 1 : 0);
    }),
    { numRuns: 500 },
  );
});
