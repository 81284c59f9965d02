import type { IConstruct } from 'constructs';
import type { PolicyStoreProps } from '../policy-store.ts';
import { acknowledge, INLINE_POLICY } from './acknowledge.ts';

const AT_DEPLOYMENT =
  'CloudFormation invokes it, when the stack is deployed, and waits: a run that fails fails the deployment.';

/** Why findings of cdk-nag's packs do not apply, or are met in another way. */
const REASONS: Readonly<Record<string, string>> = {
  ...INLINE_POLICY,
  'NIST.800.53.R5-S3BucketReplicationEnabled':
    'PDPs keep what they run when the bucket is away, and the policy repository can publish it to another at any time.',
  'NIST.800.53.R5-CloudWatchLogGroupEncrypted':
    'The log says whether something was put, and nothing secret. CloudWatch Logs encrypts it with a key of its own.',
  'NIST.800.53.R5-LambdaConcurrency':
    'It runs when it is deployed. Reserved concurrency would be taken from the account, of which new ones have none to ' +
    'give; runs at the same time are safe, since S3 takes the first write only.',
  'NIST.800.53.R5-LambdaDLQ': AT_DEPLOYMENT,
  'NIST.800.53.R5-LambdaInsideVPC':
    'It speaks to AWS alone, over TLS and as its role. In the VPC it would need a way to the URL of CloudFormation.',
  'Serverless-LambdaDLQ': AT_DEPLOYMENT,
  'Serverless-LambdaTracing':
    'It is on no request path, and sending traces takes a permission for all resources.',
};

const NO_ACCESS_LOG =
  'Who published what is in CloudTrail and in the versions; accessLogBucket has every read logged, too.';

const S3_KEY: Readonly<Record<string, string>> = {
  'NIST.800.53.R5-S3DefaultEncryptionKMS':
    'Encrypted with keys of S3 unless encryptionKey names another; policies are kept from changes, and are no secret.',
};

export function acknowledgeStoreFindings(scope: IConstruct, props: PolicyStoreProps): void {
  acknowledge(scope, REASONS);
  if (props.encryptionKey === undefined) acknowledge(scope, S3_KEY);
  if (props.accessLogBucket !== undefined) return;
  acknowledge(scope, {
    'AwsSolutions-S1': NO_ACCESS_LOG,
    'NIST.800.53.R5-S3BucketLoggingEnabled': NO_ACCESS_LOG,
  });
}
