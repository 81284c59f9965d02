import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { PolicyStoreProps } from '../policy-store.ts';

/** The bucket of a store: what was published stays for a time, and with `RETAIN` nobody may delete it. */
export function policyBucket(
  scope: Construct,
  props: PolicyStoreProps & { readonly removalPolicy: RemovalPolicy },
): Bucket {
  const { encryptionKey, accessLogBucket, removalPolicy } = props;
  const isKept = removalPolicy !== RemovalPolicy.DESTROY;
  const bucket = new Bucket(scope, 'Bucket', {
    versioned: true,
    ...(encryptionKey === undefined
      ? { encryption: BucketEncryption.S3_MANAGED }
      : { encryption: BucketEncryption.KMS, encryptionKey, bucketKeyEnabled: true }),
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    lifecycleRules: [
      {
        id: 'earlier-publications',
        noncurrentVersionExpiration: props.keepVersionsFor ?? Duration.days(90),
        noncurrentVersionsToRetain: props.keepVersions ?? 10,
        abortIncompleteMultipartUploadAfter: Duration.days(1),
      },
    ],
    ...(accessLogBucket === undefined
      ? {}
      : { serverAccessLogsBucket: accessLogBucket, serverAccessLogsPrefix: 'policies/' }),
    removalPolicy,
    autoDeleteObjects: !isKept,
  });
  if (isKept) {
    bucket.addToResourcePolicy(
      new PolicyStatement({
        sid: 'PublicationsStay',
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        // The lifecycle rule asks nobody.
        actions: ['s3:DeleteObject', 's3:DeleteObjectVersion'],
        resources: [bucket.arnForObjects('*')],
      }),
    );
  }
  return bucket;
}

/**
 * Denies writing to everyone: a permission for all buckets, which many roles have, is not to change what is decided.
 * Who may write is a condition for the caller to add.
 */
export function denyWrites(bucket: Bucket): PolicyStatement {
  const statement = new PolicyStatement({
    sid: 'OnlyPublishersWrite',
    effect: Effect.DENY,
    principals: [new AnyPrincipal()],
    // Replication is another way to write.
    actions: ['s3:PutObject', 's3:ReplicateObject'],
    resources: [bucket.arnForObjects('*')],
  });
  bucket.addToResourcePolicy(statement);
  return statement;
}
