import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Why findings of cdk-nag's rule packs, by their id, do not apply to what is in `scope`, or are met in another way. */
export function acknowledge(scope: IConstruct, reasons: Readonly<Record<string, string>>): void {
  for (const [id, reason] of Object.entries(reasons)) Validations.of(scope).acknowledge({ id, reason });
}

/** Of a log group without a KMS key. */
export const LOG_WITH_AWS_KEY = {
  'NIST.800.53.R5-CloudWatchLogGroupEncrypted':
    'CloudWatch Logs encrypts it with a key of its own; encryptionKey names one of the account.',
};

/** Of a role whose permissions are its own. */
export const INLINE_POLICY = {
  'NIST.800.53.R5-IAMNoInlinePolicy':
    'The policy names what this one role works with, has no other use, and goes when the role goes.',
};
