import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3';
import { s3Contract } from '../pdp-container/support/s3-contract.ts';
import { withCleanup } from './support/cleanup.ts';
import { startMockAws } from './support/mock-aws.ts';

export const title = 'the S3 API of a mock AWS: what the stand-in of the tests is held to';

export async function run(): Promise<void> {
  await withCleanup(async (defer) => {
    const { env } = await startMockAws(defer);
    const client = new S3Client({
      endpoint: env.AWS_ENDPOINT_URL_S3,
      forcePathStyle: true,
      region: env.AWS_REGION,
      credentials: { accessKeyId: 'mock', secretAccessKey: 'mock' },
    });
    defer(() => client.destroy());
    const Bucket = 'policies';
    const LocationConstraint = 'eu-central-1';
    await client.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint } }));
    const VersioningConfiguration = { Status: 'Enabled' } as const;
    await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    await s3Contract(client, Bucket);
  });
}
