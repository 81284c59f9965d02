import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import {
  CreateBucketCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { buildArchive, compileFiles, readDirectory } from '../../compiler/index.ts';
import { s3Contract } from '../pdp-container/support/s3-contract.ts';
import { withCleanup } from './support/cleanup.ts';
import { eventually } from './support/http.ts';
import { type MockAws, startMockAws } from './support/mock-aws.ts';
import { pdpImage } from './support/pdp-image.ts';
import { allowed } from './support/questions.ts';
import { startPdp } from './support/running-pdp.ts';

export const title =
  'the S3 API of a mock AWS: what the stand-in of the tests is held to, and what the container reads';

const policies = fileURLToPath(new URL('../../pdp-container/policies', import.meta.url));

export async function run(): Promise<void> {
  await withCleanup(async (defer) => {
    const mock = await startMockAws(defer);
    const client = new S3Client({
      endpoint: mock.env.AWS_ENDPOINT_URL_S3,
      forcePathStyle: true,
      region: mock.env.AWS_REGION,
      credentials: { accessKeyId: 'mock', secretAccessKey: 'mock' },
    });
    defer(() => client.destroy());
    await s3Contract(client, await createBucket(client, 'contract'));
    await containerReads(mock, client, await createBucket(client, 'policies'), defer);
  });
}

async function createBucket(client: S3Client, Bucket: string): Promise<string> {
  const LocationConstraint = 'eu-central-1';
  await client.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint } }));
  const VersioningConfiguration = { Status: 'Enabled' } as const;
  await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  return Bucket;
}

/** The image has the client of S3, finds what it needs in its environment, and follows what is published. */
async function containerReads(
  { env }: MockAws,
  client: S3Client,
  Bucket: string,
  defer: (undo: () => unknown) => void,
): Promise<void> {
  const publish = async (extra: string): Promise<string> => {
    const files = await readDirectory(policies);
    files.set('extra.cedar', new TextEncoder().encode(extra));
    const result = await compileFiles(files);
    assert.ok(result.ok, 'the policies are good');
    const Body = await buildArchive(result.bundle, files);
    await client.send(new PutObjectCommand({ Bucket, Key: 'notes/bundle.tar.gz', Body }));
    return result.bundle.revision;
  };
  const first = await publish('');
  const settings = {
    ...env,
    PDP_SOURCE: `s3://${Bucket}/notes/bundle.tar.gz`,
    PDP_REFRESH_INTERVAL: '0.2',
  };
  const passed = Object.entries(settings).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
  const { key, at } = await startPdp(await pdpImage(), 'pdp-s3', defer, passed);
  const runs = (revision: string) =>
    eventually(async () => {
      const { status, body } = await at('/health', { key });
      assert.partialDeepStrictEqual({ status, body }, { status: 200, body: { revision } });
    });
  await runs(first);
  const answer = await at('/access/v1/evaluation', { key, body: allowed });
  assert.partialDeepStrictEqual(answer, { status: 200, body: { decision: true } });

  await runs(await publish('@id("nobody") forbid (principal, action, resource);'));
  const denied = await at('/access/v1/evaluation', { key, body: allowed });
  assert.partialDeepStrictEqual(denied, { status: 200, body: { decision: false } });
}
