import assert from 'node:assert/strict';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateAliasCommand, CreateKeyCommand, GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3';
import { withCleanup } from './support/cleanup.ts';
import { type CommandResult, command } from './support/command.ts';
import { type MockAws, startMockAws } from './support/mock-aws.ts';

export const title =
  'S3 and KMS of a mock AWS: pdp publish, diff and rollback, signed by a key that stays there';

const root = fileURLToPath(new URL('../..', import.meta.url));
const Bucket = 'policies';
const TARGET = `s3://${Bucket}/team a/bundle.tar.gz`;

type Json = Record<string, unknown>;

export async function run(): Promise<void> {
  await withCleanup(async (defer) => {
    const mock = await startMockAws(defer);
    await createBucket(mock);
    const [es256, es384] = [await createKey(mock, 'ECC_NIST_P256'), await createKey(mock, 'ECC_NIST_P384')];
    const directory = await mkdtemp(join(tmpdir(), 'pdp-system-'));
    defer(() => rm(directory, { recursive: true, force: true }));
    const [first, second] = [join(directory, 'first'), join(directory, 'second')];
    for (const copy of [first, second])
      await cp(join(root, 'pdp-container/policies'), copy, { recursive: true });
    await writeFile(
      join(second, 'more.cedar'),
      '@id("more") permit(principal, action, resource) when { false };',
    );

    const pdp = (args: string[], more: Record<string, string> = {}): Promise<CommandResult> =>
      command(process.execPath, [join(root, 'bin/pdp.ts'), ...args], {
        env: { ...mock.env, ...more, NO_COLOR: '1', AWS_MAX_ATTEMPTS: '1' },
        exitCodes: [0, 1, 2],
      });
    const json = async (args: string[], more?: Record<string, string>): Promise<Json> => {
      const { stdout, stderr, exitCode } = await pdp([...args, '--json'], more);
      assert.notEqual(stdout, '', stderr);
      return { exitCode, ...(JSON.parse(stdout) as Json) };
    };

    // Signed through the alias of a key, and verified with what that key's public part is.
    const keys = { PDP_SIGN_KEY: es256.alias, PDP_VERIFY_KEY: es256.pem };
    const one = await json(['publish', first, TARGET], keys);
    assert.partialDeepStrictEqual(one, { exitCode: 0, outcome: 'published', sequence: 1, signed: 'ES256' });
    assert.partialDeepStrictEqual(await json(['publish', first, TARGET], keys), { outcome: 'unchanged' });
    const two = await json(['publish', second, TARGET], keys);
    assert.partialDeepStrictEqual(two, {
      exitCode: 0,
      outcome: 'published',
      sequence: 2,
      previous: { revision: one.revision, sequence: 1, versionId: one.versionId },
    });

    const difference = await json(['diff', `${TARGET}?versionId=${one.versionId}`, TARGET]);
    assert.partialDeepStrictEqual(difference, {
      exitCode: 1,
      policies: [{ id: 'more', change: 'added' }],
      decisions: { changes: [] },
    });

    const back = await json(['rollback', TARGET], keys);
    assert.partialDeepStrictEqual(back, { outcome: 'published', revision: one.revision, sequence: 3 });
    const { publications } = await json(['rollback', TARGET, '--list']);
    assert.partialDeepStrictEqual(publications, [
      { revision: one.revision, sequence: 3, versionId: back.versionId, isLatest: true },
      { revision: two.revision, sequence: 2, versionId: two.versionId, isLatest: false },
      { revision: one.revision, sequence: 1, versionId: one.versionId, isLatest: false },
    ]);

    // Another key: what is there is not signed by it, and is when it has been published anew.
    const resigned = await json(['publish', first, TARGET], { PDP_SIGN_KEY: es384.alias });
    assert.partialDeepStrictEqual(resigned, { outcome: 'published', sequence: 4, signed: 'ES384' });
    const refused = await pdp(['publish', second, TARGET], keys);
    assert.match(
      refused.stderr,
      /pdp: --verify-key: what is published cannot be believed: manifest\.jws is not/,
    );
    assert.equal(refused.exitCode, 2);

    const missing = await pdp(['publish', first, TARGET], { PDP_SIGN_KEY: `${es256.alias}-other` });
    assert.match(missing.stderr, /^pdp: signing key: there is no key arn:aws:kms:/);
    const noBucket = await pdp(['publish', first, 's3://other-bucket/bundle.tar.gz']);
    assert.equal(noBucket.stderr, 'pdp: s3://other-bucket/bundle.tar.gz: there is no bucket other-bucket\n');
  });
}

const MOCK = { accessKeyId: 'mock', secretAccessKey: 'mock' };

async function createBucket({ env }: MockAws): Promise<void> {
  const region = env.AWS_REGION ?? '';
  const client = new S3Client({
    endpoint: env.AWS_ENDPOINT_URL_S3,
    forcePathStyle: true,
    region,
    credentials: MOCK,
  });
  const CreateBucketConfiguration = { LocationConstraint: 'eu-central-1' } as const;
  await client.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }));
  await client.send(
    new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }),
  );
  client.destroy();
}

/** A key for signing: the ARN of its alias, and its public part. */
async function createKey(
  { env }: MockAws,
  KeySpec: 'ECC_NIST_P256' | 'ECC_NIST_P384',
): Promise<{ alias: string; pem: string }> {
  const client = new KMSClient({ endpoint: env.AWS_ENDPOINT_URL, region: env.AWS_REGION, credentials: MOCK });
  const { KeyMetadata } = await client.send(new CreateKeyCommand({ KeySpec, KeyUsage: 'SIGN_VERIFY' }));
  const { KeyId: TargetKeyId, Arn = '' } = KeyMetadata ?? {};
  const AliasName = `alias/${KeySpec}`;
  await client.send(new CreateAliasCommand({ AliasName, TargetKeyId }));
  const { PublicKey = new Uint8Array() } = await client.send(new GetPublicKeyCommand({ KeyId: TargetKeyId }));
  client.destroy();
  const body = Buffer.from(PublicKey).toString('base64');
  return {
    alias: Arn.replace(/key\/.*$/, AliasName),
    pem: `-----BEGIN PUBLIC KEY-----\n${body}\n-----END PUBLIC KEY-----\n`,
  };
}
