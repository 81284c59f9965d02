import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createHandler } from '../../../lambda/certificate/handler.ts';
import { FakeAws } from './fake-aws.ts';
import { handshake } from './handshake.ts';
import { AUTHORITY, certificatesOf, SERVER, world } from './world.ts';

const keyOf = (stored: string) => /"privateKey":"([^"]+)"/.exec(stored)?.[1] ?? '';

function otherKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return JSON.stringify({ privateKey: privateKey.export({ format: 'pem', type: 'pkcs8' }) });
}

const CREATE = { RequestType: 'Create' };

describe('a new stack', () => {
  test('gets an authority to trust, and its server a certificate of it', async () => {
    const { deploy, server, trusted, aws } = await world();
    const answer = await deploy({ ServerNames: ['localhost', 'api.pdp.internal'] }, CREATE);
    expect(answer).toEqual({
      Status: 'SUCCESS',
      PhysicalResourceId: AUTHORITY,
      StackId: 'arn:aws:cloudformation:eu-west-1:123456789012:stack/Pdp/1',
      RequestId: 'request-0',
      LogicalResourceId: 'Certificate',
      Data: { CertificateAuthority: expect.stringMatching(/^-----BEGIN CERTIFICATE-----\n[^-]+-----END/) },
    });
    // The signature of the URL covers a content type: there must be none.
    expect(aws.answerHeaders['content-type']).toBeUndefined();
    expect(Number(aws.answerHeaders['content-length'])).toBeGreaterThan(0);

    expect(await handshake(server(), trusted())).toBe('ok');
    expect(await handshake(server(), trusted(), 'api.pdp.internal')).toBe('ok');
    expect(await handshake(server(), trusted(), 'x.pdp.internal')).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  });

  test('is not trusted by callers of another', async () => {
    const one = await world();
    await one.deploy({}, CREATE);
    const other = await world();
    await other.deploy({}, CREATE);
    expect(await handshake(one.server(), other.trusted())).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  });

  test.each([
    ['the authority cannot be written', 'PutSecretValue', AUTHORITY, 0],
    ['the certificate cannot be written', 'PutSecretValue', SERVER, 1],
    ['the certificate cannot be read', 'GetSecretValue', SERVER, 1],
  ])('fails when %s, and the next try completes it', async (_what, call, secret, authorities) => {
    const { aws, deploy, server, trusted } = await world();
    aws.before = (name, { SecretId }) => {
      if (name === call && SecretId === secret)
        throw FakeAws.error('AccessDeniedException', 'it quotes a key');
    };
    const answer = await deploy({}, CREATE);
    expect(answer).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining(secret) });
    expect(answer.Reason).toMatch(/^cannot (read|write) the secret .*: AccessDeniedException$/);
    expect(answer.Data).toBeUndefined();
    expect(aws.secrets.get(AUTHORITY)?.size).toBe(authorities);

    aws.before = () => {};
    expect(await deploy({}, CREATE)).toMatchObject({ Status: 'SUCCESS' });
    expect(aws.secrets.get(AUTHORITY)?.size).toBe(1);
    expect(await handshake(server(), trusted())).toBe('ok');
  });

  test('asked for twice at a time has one authority', async () => {
    const { aws, handle, request, server, authority } = await world();
    await Promise.all([
      handle(request({}, CREATE)),
      handle(request({}, CREATE)),
      handle(request({}, CREATE)),
    ]);
    const [one, ...others] = aws.answers.map(({ Data }) => Data);
    expect(others).toEqual([one, one]);
    expect(one).toEqual({ CertificateAuthority: authority().current.certificate });
    expect(await handshake(server(), authority().current.certificate)).toBe('ok');
  });
});

describe('an update', () => {
  test('that asks for nothing new writes nothing', async () => {
    const { aws, deploy, trusted } = await world();
    await deploy({}, CREATE);
    const before = trusted();
    aws.calls.length = 0;
    await deploy();
    expect(trusted()).toBe(before);
    expect(aws.calls).toEqual(['GetSecretValue', 'GetSecretValue']);
  });

  test('of the names is a new certificate of the same authority', async () => {
    const { deploy, server, trusted } = await world();
    await deploy({}, CREATE);
    const before = trusted();
    await deploy({ ServerNames: ['api.pdp.internal'] });
    expect(trusted()).toBe(before);
    expect(await handshake(server(), trusted(), 'api.pdp.internal')).toBe('ok');
    expect(await handshake(server(), trusted())).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  });

  test.each([
    ['no JSON', 'nonsense'],
    ['a certificate without its key', '{"certificate":"x"}'],
    ['nothing', ''],
  ])('makes a new certificate when the stored one is %s', async (_what, broken) => {
    const { aws, deploy, server, trusted } = await world();
    await deploy({}, CREATE);
    aws.store(SERVER, broken);
    expect(await deploy()).toMatchObject({ Status: 'SUCCESS' });
    expect(await handshake(server(), trusted())).toBe('ok');
  });

  test('makes a new certificate when the stored key is another one', async () => {
    const { aws, deploy, server, trusted } = await world();
    await deploy({}, CREATE);
    const first = server();
    aws.store(SERVER, '');
    await deploy();
    aws.store(SERVER, JSON.stringify({ ...first, privateKey: server().privateKey }));
    await deploy();
    expect(await handshake(server(), trusted())).toBe('ok');
  });

  const broken: [string, (stored: string) => string][] = [
    ['no JSON', (stored) => stored.slice(1)],
    ['empty', () => ''],
    ['of another form', () => '{"current":{}}'],
    ['a key that is not of its certificate', (stored) => stored.replaceAll(keyOf(stored), keyOf(otherKey()))],
    ['a certificate that is none', (stored) => stored.replace(/"retired":\[\]/, '"retired":["x"]')],
  ];
  test.each(broken)(
    'keeps an authority that it cannot read, unless another is asked for: %s',
    async (_what, by) => {
      const { aws, deploy, renew, server, trusted } = await world(1);
      await deploy({}, CREATE);
      const value = by(aws.valueOf(AUTHORITY) ?? '');
      aws.store(AUTHORITY, value);
      expect(await deploy()).toMatchObject({
        Status: 'FAILED',
        Reason: expect.stringMatching(
          /^the authority's secret does not hold what this function wrote: deploy with/,
        ),
      });
      await expect(renew()).rejects.toThrow(/^the authority's secret does not hold/);
      expect(aws.valueOf(AUTHORITY)).toBe(value);

      const OldResourceProperties = { ServerNames: ['localhost'], Generation: '1' };
      expect(await deploy({ Generation: '2' }, { OldResourceProperties })).toMatchObject({
        Status: 'SUCCESS',
      });
      expect(certificatesOf(trusted())).toHaveLength(1);
      expect(await handshake(server(), trusted())).toBe('ok');
    },
  );

  test.each([
    [{ ServerNames: [] }, 'ServerNames must be a list of DNS names, with one at least'],
    [{ ServerNames: [1] }, 'ServerNames must be a list of DNS names, with one at least'],
    [{ Generation: '' }, 'Generation must be a string that is not empty'],
  ])('with wrong properties is answered so: %j', async (properties, Reason) => {
    const { deploy, aws } = await world();
    expect(await deploy(properties)).toMatchObject({ Status: 'FAILED', Reason });
    expect(aws.calls).toEqual([]);
  });
});

test('removal succeeds and leaves the secrets to CloudFormation', async () => {
  const { aws, deploy } = await world();
  await deploy({}, CREATE);
  aws.calls.length = 0;
  const answer = await deploy({}, { RequestType: 'Delete', PhysicalResourceId: AUTHORITY });
  expect(answer).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: AUTHORITY });
  expect(answer.Data).toBeUndefined();
  expect(aws.calls).toEqual([]);
});

describe('the function fails, so that Lambda tries again,', () => {
  test("when CloudFormation's URL does not take the answer, which is not shown", async () => {
    const { handle, request, aws } = await world();
    const refused = request({}, { ResponseURL: `${aws.url}/elsewhere?X-Amz-Signature=secret` });
    await expect(handle(refused)).rejects.toThrow("CloudFormation's URL did not take the answer: status 400");
    const away = request({}, { ResponseURL: 'http://127.0.0.1:1/?X-Amz-Signature=secret' });
    await expect(handle(away)).rejects.toThrow("CloudFormation's URL did not take the answer: TypeError");
  });

  test.each([[{}], [null], ['text'], [{ action: 'renew' }], [{ action: 'renew', services: [{}] }]])(
    'when it is invoked with %j',
    async (event) => {
      const { handle, aws } = await world();
      await expect(handle(event)).rejects.toThrow(/must be|the event is neither/);
      expect(aws.calls).toEqual([]);
    },
  );

  test('without its variables', async () => {
    const { request } = await world();
    await expect(createHandler({})(request())).rejects.toThrow('AUTHORITY_SECRET is not set');
  });
});
