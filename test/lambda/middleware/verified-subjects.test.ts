import { describe, expect, test } from 'vitest';
import {
  fromAppSyncIdentity,
  fromAuthorizerContext,
  fromIamCaller,
} from '../../../lambda/middleware/index.ts';
import { appSyncCognito, appSyncEvent, appSyncIam } from '../events/app-sync.ts';
import { httpApiEvent, restApiEvent, webSocketEvent } from '../events/http.ts';

const ROLE = 'arn:aws:sts::123456789012:assumed-role/Notes';

describe('fromIamCaller', () => {
  const caller = fromIamCaller({ type: 'Service' });
  const events = (arn: unknown) => [
    httpApiEvent({ iam: { accountId: '123456789012', userArn: arn, userId: 'AROAEXAMPLE:session' } }),
    restApiEvent(undefined, { userArn: arn, accountId: '123456789012' }),
    webSocketEvent(undefined, { userArn: arn }) as never,
    appSyncEvent(appSyncIam(arn as string)),
  ];

  test.each([
    [`${ROLE}/session`, ROLE],
    [`${ROLE}/a/b`, ROLE],
    ['arn:aws:iam::123456789012:user/team/alice', 'arn:aws:iam::123456789012:user/team/alice'],
    ['arn:aws:iam::123456789012:root', 'arn:aws:iam::123456789012:root'],
    [
      'arn:aws-cn:sts::123456789012:assumed-role/Notes/session',
      'arn:aws-cn:sts::123456789012:assumed-role/Notes',
    ],
    ['arn:aws:sts::123456789012:federated-user/bob', 'arn:aws:sts::123456789012:federated-user/bob'],
  ])('%s is %s, wherever AWS has verified it', (arn, id) => {
    const subject = { type: 'Service', id, properties: { accountId: '123456789012' } };
    expect(events(arn).map(caller)).toEqual(Array(4).fill(subject));
  });

  test('has the session when it is asked for', () => {
    const withSession = fromIamCaller({ type: 'Service', session: true });
    expect(events(`${ROLE}/session`).map((event) => withSession(event)?.id)).toEqual(
      Array(4).fill(`${ROLE}/session`),
    );
  });

  test.each([
    [null],
    [undefined],
    [''],
    ['alice'],
    [7],
    [[ROLE]],
    ['arn:aws:s3:::bucket'],
    ['arn:aws:iam:::user/a'],
  ])('of %j is nobody', (arn) => {
    expect(events(arn).map(caller)).toEqual(Array(4).fill(undefined));
  });

  test('of two that differ is nobody', () => {
    const event = restApiEvent({ iam: { userArn: `${ROLE}/a` } }, { userArn: `${ROLE}Admin/a` });
    expect(caller(event)).toBeUndefined();
  });

  test.each<[unknown, string]>([
    [undefined, 'the options must be an object'],
    [{}, 'type must be a string'],
    [{ type: 'A', session: 'no' }, 'session must be true or false'],
    [{ type: 'A', claim: 'sub' }, 'unknown option "claim"'],
  ])('refuses the options %j', (options, message) => {
    expect(() => fromIamCaller(options as never)).toThrow(`fromIamCaller: ${message}`);
  });
});

describe('fromAuthorizerContext', () => {
  const context = { subjectType: 'User', subjectId: 'alice', level: 3, principalId: 'p' };
  const events = (value: object) => [
    httpApiEvent({ lambda: value }),
    restApiEvent(value),
    webSocketEvent(value),
    appSyncEvent({ resolverContext: value }),
  ];

  test('is the subject that apiGatewayAuthorizer passed on', () => {
    expect(events(context).map(fromAuthorizerContext())).toEqual(
      Array(4).fill({ type: 'User', id: 'alice' }),
    );
  });

  test('is what another authorizer passed on, by other names', () => {
    const subject = fromAuthorizerContext({ type: 'App', key: 'principalId', properties: ['level', 'none'] });
    expect(events(context).map(subject)).toEqual(
      Array(4).fill({ type: 'App', id: 'p', properties: { level: 3 } }),
    );
  });

  test.each([
    [{}],
    [{ subjectId: 'alice' }],
    [{ subjectType: 'User' }],
    [{ subjectType: 'User', subjectId: '' }],
  ])('of %j is nobody', (value) => {
    expect(events(value).map(fromAuthorizerContext())).toEqual(Array(4).fill(undefined));
  });

  test('is nobody where another authorizer was', () => {
    const claims = { subjectType: 'User', subjectId: 'mallory' };
    const others = [httpApiEvent({ jwt: { claims } }), restApiEvent({ claims }), appSyncEvent({ claims })];
    expect(others.map(fromAuthorizerContext())).toEqual([undefined, undefined, undefined]);
  });

  test('refuses options that it does not know', () => {
    expect(() => fromAuthorizerContext({ claim: 'sub' } as never)).toThrow('unknown option "claim"');
    expect(() => fromAuthorizerContext({ key: '' })).toThrow('key must be a string');
    expect(() => fromAuthorizerContext({ type: '' })).toThrow('type must be a string');
  });
});

describe('fromAppSyncIdentity', () => {
  test('takes the claims that AppSync has verified', () => {
    const subject = fromAppSyncIdentity({ type: 'User', properties: ['cognito:groups'] });
    expect(subject(appSyncEvent(appSyncCognito('alice')))).toEqual({
      type: 'User',
      id: 'alice',
      properties: { 'cognito:groups': ['editors'] },
    });
  });

  test.each([
    ['an API key', null],
    ['IAM', appSyncIam(`${ROLE}/a`)],
    ['a Lambda authorizer', { resolverContext: { sub: 'mallory', claims: 'x' } }],
  ])('is nobody with %s', (_name, identity) => {
    expect(fromAppSyncIdentity({ type: 'User' })(appSyncEvent(identity))).toBeUndefined();
  });
});
