import { Stack } from 'aws-cdk-lib';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { IConstruct } from 'constructs';
import { acknowledge, INLINE_POLICY } from './acknowledge.ts';
import { flatReference } from './flat-reference.ts';

/** Why findings of cdk-nag's packs do not apply, or are met in another way. */
const REASONS: Readonly<Record<string, string>> = {
  ...INLINE_POLICY,
  'NIST.800.53.R5-S3BucketReplicationEnabled': 'What passes through it is in the repository.',
  'NIST.800.53.R5-S3DefaultEncryptionKMS':
    'CodePipeline encrypts what passes through with the key of the account for S3; it is policies, and no secret.',
  'NIST.800.53.R5-CloudWatchLogGroupEncrypted':
    'The log says what was validated, tested and published. CloudWatch Logs encrypts it with a key of its own.',
};

const NO_ACCESS_LOG =
  'What passes through it is read by the one build; accessLogBucket has every read logged.';

export function acknowledgePipelineFindings(scope: IConstruct, artifacts: IBucket, isLogged: boolean): void {
  acknowledge(scope, REASONS);
  const objects = flatReference(Stack.of(scope).resolve(artifacts.arnForObjects('*')));
  acknowledge(scope, {
    [`AwsSolutions-IAM5[Resource::${objects}]`]:
      'CodePipeline names the objects of its own bucket, which holds nothing else.',
  });
  if (isLogged) return;
  acknowledge(scope, {
    'AwsSolutions-S1': NO_ACCESS_LOG,
    'NIST.800.53.R5-S3BucketLoggingEnabled': NO_ACCESS_LOG,
  });
}
