import { codeOf } from '../errno.ts';
import { connectionProblem } from './http-problems.ts';
import type { S3Address } from './s3-address.ts';

/** What the SDK throws for an answer of the API. */
interface AwsError extends Error {
  $metadata?: { httpStatusCode?: number };
}

/** The status of an answer that the SDK throws as an error; undefined when there was no answer. */
export function awsStatus(error: unknown): number | undefined {
  return (error as AwsError).$metadata?.httpStatusCode;
}

/**
 * Why S3 did not give an object, in words, and what to do. Of its answer that is the status and the error's code:
 * its messages name roles and keys.
 */
export function s3Problem(error: unknown, { bucket, key, versionId }: S3Address): string {
  const { name, message } = error as AwsError;
  const status = awsStatus(error);
  switch (name) {
    case 'NoSuchKey':
      return 'there is no such object in the bucket: has nothing been published yet?';
    case 'NoSuchBucket':
      return `there is no bucket ${bucket}`;
    case 'NoSuchVersion':
      return 'the object has no such version';
    case 'MethodNotAllowed':
      return 'this version is a delete marker, and no object';
    case 'InvalidObjectState':
      return 'the object is archived: it has to be restored before it can be read';
    case 'ExpiredToken':
    case 'InvalidToken':
    case 'InvalidAccessKeyId':
    case 'SignatureDoesNotMatch':
      return `S3 does not take the AWS credentials (${name})`;
    case 'RequestTimeTooSkewed':
      return 'S3 does not take the time of this machine: its clock is off';
    case 'CredentialsProviderError':
      return 'there are no AWS credentials: give the task or function a role, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY';
    case 'PermanentRedirect':
    case 'AuthorizationHeaderMalformed':
      return 'the bucket is in another region: set AWS_REGION to its own';
  }
  if (status === 403) {
    const action = versionId === undefined ? 's3:GetObject' : 's3:GetObjectVersion';
    return (
      `S3 denies access: the role needs ${action} on arn:aws:s3:::${bucket}/${key}, and kms:Decrypt when it is ` +
      `encrypted with a key of KMS; without s3:ListBucket on the bucket, what is not there is denied, too`
    );
  }
  if (status !== undefined) return `S3 answered ${status}${/^\w{1,64}$/.test(name) ? ` (${name})` : ''}`;
  if (message.startsWith('Checksum mismatch')) return 'what S3 sent is not what its checksum says';
  if (codeOf(error) !== undefined) return `S3: ${connectionProblem(error)}`;
  if (name !== 'TimeoutError') return 'S3 could not be asked';
  return 'no connection to S3 could be made: in a VPC it takes an endpoint for S3, or a way out';
}
