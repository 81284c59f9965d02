import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parseVerificationKeys } from '../../../engine/signature.ts';
import { BUCKET, KEY, world } from './world.ts';

const named = (name: string, message: string) => Object.assign(new Error(message), { name });

describe('the first policies', () => {
  test('are put where there are none, by one write that looks', async () => {
    const { deploy, published, s3, log } = await world();
    expect(await deploy()).toEqual({
      Status: 'SUCCESS',
      PhysicalResourceId: 'StorePolicies',
      StackId: 'arn:aws:cloudformation:eu-west-1:123456789012:stack/Policies/1',
      RequestId: 'request-0',
      LogicalResourceId: 'StorePolicies',
    });
    expect(published()).toBe('the first policies');
    expect(s3.calls.map(({ operation, bucket, key }) => [operation, bucket, key])).toEqual([
      ['PutObject', BUCKET, KEY],
    ]);
    expect(s3.calls[0]?.headers).toMatchObject({ 'if-none-match': '*', 'content-type': 'application/gzip' });
    expect(log).toEqual(['s3://policies/bundle.tar.gz: put the first policies']);
  });

  test.each(['Create', 'Update'])('never take the place of what was published: %s', async (RequestType) => {
    const { deploy, published, s3, log } = await world();
    s3.put(BUCKET, KEY, new TextEncoder().encode('published since'));
    expect(await deploy({ RequestType, PhysicalResourceId: 'StorePolicies' })).toMatchObject({
      Status: 'SUCCESS',
      PhysicalResourceId: 'StorePolicies',
    });
    expect(published()).toBe('published since');
    expect(log).toEqual(['s3://policies/bundle.tar.gz: there are policies, which are left']);
  });

  test('are left out when somebody publishes in the same moment', async () => {
    const { deploy, s3 } = await world();
    s3.refuse('PutObject', 409, 'ConditionalRequestConflict');
    expect(await deploy()).toMatchObject({ Status: 'SUCCESS' });
  });

  test('that cannot be put fail the deployment, without what S3 said', async () => {
    const { deploy, s3 } = await world();
    s3.refuse('PutObject', 403, 'AccessDenied');
    const answer = await deploy();
    expect(answer).toMatchObject({
      Status: 'FAILED',
      Reason: 'cannot put the first policies at s3://policies/bundle.tar.gz: AccessDenied',
    });
  });

  test('stay when the resource is deleted', async () => {
    const { deploy, published, s3 } = await world();
    await deploy();
    const before = s3.calls.length;
    const answer = await deploy({ RequestType: 'Delete', PhysicalResourceId: 'one of before' });
    expect(answer).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'one of before' });
    expect(published()).toBe('the first policies');
    expect(s3.calls).toHaveLength(before);
  });
});

describe('the key that bundles are verified with', () => {
  const ARN = 'arn:aws:kms:eu-west-1:123456789012:key/1';
  const request = { ResourceType: 'Custom::PdpVerifyKey', ResourceProperties: { KeyId: ARN } };
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const der = publicKey.export({ format: 'der', type: 'spki' }).toString('base64');

  test('is the public half of the key in KMS, as PDPs take it', async () => {
    const { deploy, s3 } = await world(({ KeyId }) =>
      KeyId === ARN ? { PublicKey: der, KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' } : {},
    );
    const { Data, ...answer } = await deploy(request);
    expect(answer).toMatchObject({ Status: 'SUCCESS' });
    expect(Data).toEqual({ VerifyKey: publicKey.export({ format: 'pem', type: 'spki' }) });
    expect(await parseVerificationKeys(String(Data?.VerifyKey))).toMatchObject([{ algorithm: 'ES256' }]);
    expect(s3.calls).toEqual([]);
  });

  test.each([
    ['RSA_2048', 'SIGN_VERIFY'],
    ['ECC_NIST_P256', 'KEY_AGREEMENT'],
  ])('is no key of kind %s for %s', async (KeySpec, KeyUsage) => {
    const { deploy } = await world(() => ({ PublicKey: der, KeySpec, KeyUsage }));
    expect(await deploy(request)).toMatchObject({
      Status: 'FAILED',
      Reason:
        `${ARN} is a key of kind ${KeySpec} for ${KeyUsage}; bundles are signed with one for SIGN_VERIFY of kind ` +
        'ECC_NIST_P256, ECC_NIST_P384, ECC_NIST_EDWARDS25519',
    });
  });

  test('cannot be read without the permission', async () => {
    const { deploy } = await world(() => {
      throw named('AccessDeniedException', 'User: arn:aws:sts::123456789012:assumed-role/secret is not');
    });
    expect(await deploy(request)).toMatchObject({
      Status: 'FAILED',
      Reason: `cannot read the public key of ${ARN}: AccessDeniedException`,
    });
  });
});

describe('a request', () => {
  test.each([
    [
      { ResourceType: 'Custom::Other' },
      'ResourceType is neither Custom::PdpPolicies nor Custom::PdpVerifyKey',
    ],
    [{ ResourceProperties: { Bucket: 'b' } }, 'Key must be a string that is not empty'],
    [{ ResourceProperties: { Bucket: '', Key: 'k' } }, 'Bucket must be a string that is not empty'],
    [{ ResourceProperties: undefined }, 'ResourceProperties must be an object'],
    [
      { ResourceType: 'Custom::PdpVerifyKey', ResourceProperties: {} },
      'KeyId must be a string that is not empty',
    ],
  ])('with wrong properties is answered so: %j', async (fields, Reason) => {
    const { deploy } = await world();
    expect(await deploy(fields)).toMatchObject({ Status: 'FAILED', Reason });
  });

  test.each([
    ['nothing', 'the event must be an object'],
    [{ RequestType: 'Create' }, 'ResponseURL must be a string that is not empty'],
  ])('that nobody waits for is thrown: %j', async (event, message) => {
    const { handle } = await world();
    await expect(handle(event)).rejects.toThrow(message);
  });
});
