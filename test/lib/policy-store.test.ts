import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AccountPrincipal, Role, ServicePrincipal, User } from 'aws-cdk-lib/aws-iam';
import { Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks, NIST80053R5Checks, ServerlessChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { readTarGz } from '../../engine/archive.ts';
import { PolicyStore, type PolicyStoreProps } from '../../lib/policy-store.ts';
import { SynthesisError } from '../../lib/synthesis-error.ts';
import { brokenBundle, newApp, temporaryDirectory } from './support.ts';
import { OWN_BUCKET, only, resources, roleStatements, statements, target } from './template.ts';

const outdir = temporaryDirectory();
const policies = 'pdp-container/policies';
const PEM = '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n';

const newStack = (id = 'Test') => new Stack(newApp(outdir), id);

function role(stack: Stack, id: string): Role {
  return new Role(stack, id, { assumedBy: new ServicePrincipal('ec2.amazonaws.com') });
}

/** A store with the props in a stack of its own, a reader and a publisher. */
function make(props: PolicyStoreProps = {}): { stack: Stack; store: PolicyStore; template: Template } {
  const stack = newStack();
  const store = new PolicyStore(stack, 'Store', props);
  store.grantRead(role(stack, 'Reader'));
  store.grantPublish(role(stack, 'Publisher'));
  return { stack, store, template: Template.fromStack(stack) };
}

const BUCKET_ARN = { 'Fn::GetAtt': [expect.stringMatching(/^StoreBucket/), 'Arn'] };
const under = (path: string) => ({ 'Fn::Join': ['', [BUCKET_ARN, `/${path}`]] });
const arnOf = (name: string) => ({ 'Fn::GetAtt': [expect.stringMatching(`^${name}`), 'Arn'] });

/** What the role may do, whole. */
function permissions(template: Template, name: string): unknown[] {
  return Object.values(resources(template, 'AWS::IAM::Policy'))
    .filter(({ Roles }) => (Roles as unknown[]).some((one) => target(one) === name))
    .flatMap(({ PolicyDocument }) => statements(PolicyDocument));
}

describe('a store of policies', () => {
  const { store, stack, template } = make({ policies });

  it('is a bucket with versions, encrypted, not public, whose objects are its own', () => {
    const [bucket] = Object.values(template.findResources('AWS::S3::Bucket'));
    expect(bucket).toEqual({
      Type: 'AWS::S3::Bucket',
      Properties: {
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
        },
        LifecycleConfiguration: {
          Rules: [
            {
              Id: 'earlier-publications',
              Status: 'Enabled',
              NoncurrentVersionExpiration: { NoncurrentDays: 90, NewerNoncurrentVersions: 10 },
              AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
            },
          ],
        },
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        VersioningConfiguration: { Status: 'Enabled' },
      },
      UpdateReplacePolicy: 'Retain',
      DeletionPolicy: 'Retain',
    });
  });

  it('refuses what is not TLS 1.2, what would delete, and writes of anyone but its publishers', () => {
    const everyone = { Effect: 'Deny', Principal: { AWS: '*' } };
    const all = { Action: 's3:*', Resource: [BUCKET_ARN, under('*')] };
    expect(statements(only(template, 'AWS::S3::BucketPolicy').PolicyDocument)).toEqual([
      { ...everyone, ...all, Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
      { ...everyone, ...all, Condition: { NumericLessThan: { 's3:TlsVersion': 1.2 } } },
      {
        ...everyone,
        Sid: 'PublicationsStay',
        Action: ['s3:DeleteObject', 's3:DeleteObjectVersion'],
        Resource: under('*'),
      },
      {
        ...everyone,
        Sid: 'OnlyPublishersWrite',
        Action: ['s3:PutObject', 's3:ReplicateObject'],
        Resource: under('*'),
        Condition: { ArnNotEquals: { 'aws:PrincipalArn': [arnOf('StoreFirstRole'), arnOf('Publisher')] } },
      },
    ]);
  });

  it('lets a reader get the one object, and a publisher read and put it and see its versions', () => {
    expect(permissions(template, 'Reader')).toEqual([
      { Effect: 'Allow', Action: 's3:GetObject', Resource: under('bundle.tar.gz'), Condition: OWN_BUCKET },
    ]);
    expect(permissions(template, 'Publisher')).toEqual([
      {
        Effect: 'Allow',
        Action: ['s3:GetObject', 's3:GetObjectVersion', 's3:PutObject'],
        Resource: under('bundle.tar.gz'),
        Condition: OWN_BUCKET,
      },
      { Effect: 'Allow', Action: 's3:ListBucket', Resource: BUCKET_ARN, Condition: OWN_BUCKET },
      {
        Effect: 'Allow',
        Action: 's3:ListBucketVersions',
        Resource: BUCKET_ARN,
        Condition: { StringEquals: { 's3:prefix': 'bundle.tar.gz', ...OWN_BUCKET.StringEquals } },
      },
    ]);
  });

  it('has an address for pdp serve and pdp publish', () => {
    expect(stack.resolve(store.address)).toEqual({
      'Fn::Join': ['', ['s3://', { Ref: expect.stringMatching(/^StoreBucket/) }, '/bundle.tar.gz']],
    });
    expect(store.verifyKey).toBeUndefined();
  });

  it('has its first policies put by a function that may write the one object, and no more', () => {
    expect(roleStatements(template).filter((line) => line.startsWith('StoreFirst'))).toEqual([
      'StoreFirstRole: Allow logs:CreateLogStream logs:PutLogEvents on StoreFirstLog',
      expect.stringMatching(/^StoreFirstRole: Allow s3:PutObject on .*StoreBucket.*"\/bundle\.tar\.gz"/),
    ]);
    const [resource] = Object.values(template.findResources('Custom::PdpPolicies'));
    expect(resource?.Properties).toEqual({
      ServiceToken: arnOf('StoreFirstFunction'),
      ServiceTimeout: '600',
      Bucket: { Ref: expect.stringMatching(/^StoreBucket/) },
      Key: 'bundle.tar.gz',
      Revision: '5e665c29c8292ecc',
    });
    // Nothing is there before nobody else may write.
    expect(resource?.DependsOn.map((id: string) => target({ Ref: id }))).toContain('StoreBucketPolicy');
    expect(resources(template, 'AWS::Lambda::Function').StoreFirstFunction).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      Timeout: 120,
    });
  });

  it('packs them with the function, as the first publication', async () => {
    const { Code } = resources(template, 'AWS::Lambda::Function').StoreFirstFunction as {
      Code: { S3Key: string };
    };
    const asset = join(outdir, `asset.${Code.S3Key.replace('.zip', '')}`);
    const files = await readTarGz(readFileSync(join(asset, 'bundle.tar.gz')));
    const manifest = JSON.parse(new TextDecoder().decode(files.get('manifest.json')));
    expect(manifest).toMatchObject({ revision: '5e665c29c8292ecc', sequence: 1 });
    expect(readFileSync(join(asset, 'index.mjs'), 'utf8')).toContain('IfNoneMatch');
  });

  it('is waited for until they are there', () => {
    const stack = newStack();
    const store = new PolicyStore(stack, 'Store', { policies });
    role(stack, 'Later').node.addDependency(store);
    const roles = Object.entries(Template.fromStack(stack).findResources('AWS::IAM::Role'));
    const later = roles.find(([id]) => id.startsWith('Later'))?.[1];
    expect(later?.DependsOn.map((id: string) => target({ Ref: id }))).toContain('StoreFirstPolicies');
  });

  it.each([AwsSolutionsChecks, NIST80053R5Checks, ServerlessChecks])(
    'has no open finding of %o',
    (Checks) => {
      const checks = new Checks(stack.node.root as App);
      expect(checks.validateScope(store as unknown as App).violations).toEqual([]);
      Object.assign(checks, { isAcknowledged: () => false });
      expect(checks.validateScope(store as unknown as App).violations).not.toEqual([]);
    },
  );
});

describe('a store without first policies', () => {
  it('has no function, and begins empty', () => {
    const { template } = make();
    template.resourceCountIs('AWS::Lambda::Function', 0);
    template.resourceCountIs('Custom::PdpPolicies', 0);
  });

  it('lets nobody write before somebody is let in', () => {
    const stack = newStack();
    new PolicyStore(stack, 'Store');
    const deny = statements(only(Template.fromStack(stack), 'AWS::S3::BucketPolicy').PolicyDocument);
    const writes = deny.find(({ Sid }) => Sid === 'OnlyPublishersWrite');
    expect(writes).toMatchObject({ Effect: 'Deny', Principal: { AWS: '*' } });
    expect(writes).not.toHaveProperty('Condition');
  });
});

describe('a store of signed bundles', () => {
  it('takes the public key of a key in KMS, which publishers sign with', () => {
    const stack = newStack();
    const signingKey = new Key(stack, 'Signing', {
      keySpec: KeySpec.ECC_NIST_P256,
      keyUsage: KeyUsage.SIGN_VERIFY,
    });
    const store = new PolicyStore(stack, 'Store', { signingKey });
    store.grantRead(role(stack, 'Reader'));
    store.grantPublish(role(stack, 'Publisher'));
    const template = Template.fromStack(stack);
    expect(only(template, 'Custom::PdpVerifyKey')).toMatchObject({ KeyId: arnOf('Signing') });
    expect(stack.resolve(store.verifyKey)).toEqual({
      'Fn::GetAtt': [expect.stringMatching(/^StoreSigningKeyVerifyKey/), 'VerifyKey'],
    });
    expect(permissions(template, 'StoreSigningKeyRole')).toContainEqual({
      Effect: 'Allow',
      Action: 'kms:GetPublicKey',
      Resource: arnOf('Signing'),
    });
    expect(permissions(template, 'Publisher')).toContainEqual({
      Effect: 'Allow',
      Action: ['kms:GetPublicKey', 'kms:Sign'],
      Resource: arnOf('Signing'),
    });
    expect(JSON.stringify(permissions(template, 'Reader'))).not.toContain('kms:');
  });

  it('takes keys that are known, and those beside the one in KMS', () => {
    const stack = newStack();
    expect(new PolicyStore(stack, 'Own', { verifyKey: PEM }).verifyKey).toBe(PEM);
    const signingKey = Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:123456789012:key/1');
    const both = new PolicyStore(stack, 'Both', { signingKey, verifyKey: PEM });
    expect(stack.resolve(both.verifyKey)).toEqual({
      'Fn::Join': [
        '',
        [{ 'Fn::GetAtt': [expect.stringMatching(/^BothSigningKey/), 'VerifyKey'] }, `\n${PEM}`],
      ],
    });
  });
});

describe('what a user sets', () => {
  it('is taken: key, encryption, versions and access log', () => {
    const stack = newStack();
    const encryptionKey = new Key(stack, 'Master');
    const accessLogBucket = new Bucket(stack, 'Logs');
    const store = new PolicyStore(stack, 'Store', {
      policies,
      objectKey: 'team/notes.tar.gz',
      encryptionKey,
      accessLogBucket,
      keepVersionsFor: Duration.days(365),
      keepVersions: 100,
      logRetention: RetentionDays.ONE_WEEK,
    });
    store.grantRead(role(stack, 'Reader'));
    store.grantPublish(role(stack, 'Publisher'));
    const template = Template.fromStack(stack);
    expect(resources(template, 'AWS::S3::Bucket').StoreBucket).toMatchObject({
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          {
            BucketKeyEnabled: true,
            ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: arnOf('Master') },
          },
        ],
      },
      LifecycleConfiguration: {
        Rules: [{ NoncurrentVersionExpiration: { NoncurrentDays: 365, NewerNoncurrentVersions: 100 } }],
      },
      LoggingConfiguration: { DestinationBucketName: { Ref: expect.stringMatching(/^Logs/) } },
    });
    const throughS3 = {
      StringEquals: {
        'kms:ViaService': { 'Fn::Join': ['', ['s3.', { Ref: 'AWS::Region' }, '.amazonaws.com']] },
      },
    };
    expect(permissions(template, 'Reader')).toEqual([
      { Effect: 'Allow', Action: 'kms:Decrypt', Resource: arnOf('Master'), Condition: throughS3 },
      {
        Effect: 'Allow',
        Action: 's3:GetObject',
        Resource: under('team/notes.tar.gz'),
        Condition: OWN_BUCKET,
      },
    ]);
    expect(permissions(template, 'Publisher')).toContainEqual({
      Effect: 'Allow',
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: arnOf('Master'),
      Condition: throughS3,
    });
    expect(roleStatements(template)).toContainEqual(
      expect.stringMatching(/^StoreFirstRole: Allow kms:GenerateDataKey on Master/),
    );
    expect(JSON.stringify(only(template, 'AWS::KMS::Key').KeyPolicy)).not.toContain('Reader');
    expect(resources(template, 'AWS::Logs::LogGroup').StoreFirstLog).toMatchObject({ RetentionInDays: 7 });
  });

  it('is a bucket that goes with the stack, and then one that can be emptied', () => {
    const { template } = make({ removalPolicy: RemovalPolicy.DESTROY });
    const [bucket] = Object.values(template.findResources('AWS::S3::Bucket'));
    expect(bucket?.DeletionPolicy).toBe('Delete');
    template.resourceCountIs('Custom::S3AutoDeleteObjects', 1);
    const deny = statements(only(template, 'AWS::S3::BucketPolicy').PolicyDocument);
    expect(deny.map(({ Sid }) => Sid)).not.toContain('PublicationsStay');
    expect(deny.map(({ Sid }) => Sid)).toContain('OnlyPublishersWrite');
  });

  it('lets a user publish, and a role by its name', () => {
    const stack = newStack();
    const store = new PolicyStore(stack, 'Store');
    store.grantPublish(new User(stack, 'Person'));
    store.grantPublish(Role.fromRoleArn(stack, 'Admin', 'arn:aws:iam::123456789012:role/admin'));
    store.grantPublish(Role.fromRoleArn(stack, 'Again', 'arn:aws:iam::123456789012:role/admin'));
    const deny = statements(only(Template.fromStack(stack), 'AWS::S3::BucketPolicy').PolicyDocument);
    expect(deny.find(({ Sid }) => Sid === 'OnlyPublishersWrite')?.Condition).toEqual({
      ArnNotEquals: {
        'aws:PrincipalArn': [arnOf('Person'), 'arn:aws:iam::123456789012:role/admin'],
      },
    });
  });
});

describe('a store that is refused', () => {
  const refused = (props: PolicyStoreProps) => () => new PolicyStore(newStack(), 'Store', props);
  const signed =
    'PDPs take only what a publisher has signed, and the first policies of a deployment are not; leave policies out, ' +
    'deploy the store, and publish with `pdp publish --sign-key` before the PDPs are';

  it.each<[PolicyStoreProps, string]>([
    [{ policies, verifyKey: PEM }, `policies: with verifyKey ${signed}`],
    [{ keepVersions: 0 }, 'keepVersions: 0 is not a whole number from 1 to 100; use 10'],
    [{ keepVersions: 1.5 }, 'keepVersions: 1.5 is not a whole number from 1 to 100; use 10'],
    [{ keepVersions: 101 }, 'keepVersions: 101 is not a whole number from 1 to 100; use 10'],
    [
      { keepVersionsFor: Duration.hours(1) },
      'keepVersionsFor: S3 counts days, and 1 hour is less than one; use Duration.days(90)',
    ],
    [
      { verifyKey: 'keys/policies.pem' },
      'verifyKey: it is not a PUBLIC KEY in PEM; pass the text that `openssl pkey -pubout` writes, not a path',
    ],
    [
      { verifyKey: PEM.replaceAll('PUBLIC', 'PRIVATE') },
      'verifyKey: it is not a PUBLIC KEY in PEM; pass the text that `openssl pkey -pubout` writes, not a path',
    ],
    [
      { verifyKey: PEM.repeat(30) },
      `verifyKey: ${30 * PEM.length} characters; a function has 4 KiB for all variables, so pass 2048 at most`,
    ],
    ...['', '/bundle.tar.gz', 'a//b', '../a', 'a b', '*', 'a/$' + '{x}', 'a'.repeat(1025)].map(
      (objectKey): [PolicyStoreProps, string] => [
        { objectKey },
        `objectKey: "${objectKey}" has other than letters, digits, "_", "-", "." and "/" between them; use bundle.tar.gz`,
      ],
    ),
  ])('for %j', (props, message) => {
    expect(refused(props)).toThrow(new SynthesisError(message));
  });

  it('for a key in KMS with policies that it has not signed', () => {
    const signingKey = Key.fromKeyArn(newStack(), 'Key', 'arn:aws:kms:eu-west-1:123456789012:key/1');
    expect(refused({ policies, signingKey })).toThrow(
      new SynthesisError(`policies: with signingKey ${signed}`),
    );
  });

  it('for policies that cannot be built', () => {
    expect(refused({ policies: brokenBundle(temporaryDirectory()) })).toThrow(/cannot be built/);
  });

  it('for a publisher that its bucket cannot name', () => {
    const store = new PolicyStore(newStack(), 'Store');
    expect(() => store.grantPublish(new AccountPrincipal('123456789012'))).toThrow(
      new SynthesisError(
        "Test/Store: only a role or a user can be let in to publish, which the bucket's policy names",
      ),
    );
  });

  it('for a publisher of another stack, which would wait for the store that waits for it', () => {
    const app = newApp(outdir);
    const store = new PolicyStore(new Stack(app, 'One'), 'Store');
    const other = role(new Stack(app, 'Two'), 'Publisher');
    expect(() => store.grantPublish(other)).toThrow(
      new SynthesisError(
        'Two/Publisher: the role is in another stack than One/Store, whose bucket names who may write to it; put both ' +
          'in one stack, or name the role and grant Role.fromRoleName in the stack of the store',
      ),
    );
  });
});

describe('a store that another stack has deployed', () => {
  it('is read and published to by its address, with its keys', () => {
    const stack = newStack();
    const signingKey = Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:123456789012:key/1');
    const store = PolicyStore.fromAttributes(stack, 'Store', {
      bucket: Bucket.fromBucketName(stack, 'Bucket', 'acme-policies'),
      objectKey: 'notes.tar.gz',
      verifyKey: PEM,
      signingKey,
    });
    store.grantRead(role(stack, 'Reader'));
    store.grantPublish(role(stack, 'Publisher'));
    const template = Template.fromStack(stack);
    expect(store.address).toBe('s3://acme-policies/notes.tar.gz');
    expect(store.verifyKey).toBe(PEM);
    const object = {
      'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':s3:::acme-policies/notes.tar.gz']],
    };
    expect(permissions(template, 'Reader')).toEqual([
      { Effect: 'Allow', Action: 's3:GetObject', Resource: object },
    ]);
    expect(permissions(template, 'Publisher')).toContainEqual({
      Effect: 'Allow',
      Action: ['kms:GetPublicKey', 'kms:Sign'],
      Resource: 'arn:aws:kms:eu-west-1:123456789012:key/1',
    });
    template.resourceCountIs('AWS::S3::BucketPolicy', 0);
  });
});
