import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { awsError } from './errors.ts';
import type { StoreAddress } from './events.ts';

/**
 * Puts the first policies where there are none. Whatever was published is left as it is: S3 itself looks, in the write.
 *
 * @returns whether they were put
 * @throws CustomResourceError when S3 refuses for another reason
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export async function putInitial(
  s3: S3Client,
  { bucket, key }: StoreAddress,
  bundle: Uint8Array,
): Promise<boolean> {
  try {
    await s3.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: bundle,
        ContentType: 'application/gzip',
        IfNoneMatch: '*',
      }),
    );
    return true;
  } catch (error) {
    // The second is said when somebody else is writing: that one is the first, then.
    if (isOneOf(error, 'PreconditionFailed', 'ConditionalRequestConflict')) return false;
    throw awsError(`cannot put the first policies at s3://${bucket}/${key}`, error);
  }
}

function isOneOf(error: unknown, ...names: string[]): boolean {
  return error instanceof Error && names.includes(error.name);
}
