import { problemOfAws } from '../aws/problem.ts';
import type { StoreAddress } from './address.ts';

/** What S3 refused, or why it could not be asked, in one line that says what to do. */
export function problemOfStore(error: unknown, address: StoreAddress): string {
  const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
  switch (name) {
    case 'NoSuchBucket':
      return `there is no bucket ${address.bucket}`;
    case 'NotImplemented':
      return `the server does not offer what this takes: conditional writes and versions, as S3 has them (${message})`;
  }
  // An answer to HEAD has no body that would name it.
  if ($metadata?.httpStatusCode === 403 && !TOLD.has(name)) {
    return (
      `AWS does not allow it: ${message.split('\n', 1)[0]}. Without s3:ListBucket S3 refuses what is not there, too; ` +
      '--help names the permissions'
    );
  }
  return problemOfAws(error, 'S3');
}

/** Refused for the credentials and not for what they may do. */
const TOLD: ReadonlySet<string> = new Set([
  'ExpiredToken',
  'InvalidToken',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
]);
