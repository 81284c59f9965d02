import { Stack } from 'aws-cdk-lib';
import { Grant, type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { IPolicyStore, PolicyStoreAttributes } from '../policy-store.ts';
import { checkObjectKey, checkPublicKeys } from './check-store-props.ts';

/** What may be done with a store, whoever made it. */
export abstract class PolicyStoreBase extends Construct implements IPolicyStore {
  abstract readonly bucket: IBucket;
  abstract readonly objectKey: string;
  abstract readonly verifyKey: string | undefined;
  abstract readonly signingKey: IKey | undefined;
  /** Whose the bucket must be for a grant to hold. @default - anybody's, as far as that account lets the grantee in */
  protected abstract readonly owner: string | undefined;

  get address(): string {
    return `s3://${this.bucket.bucketName}/${this.objectKey}`;
  }

  grantRead(grantee: IGrantable): Grant {
    this.#useBucketKey(grantee, ['kms:Decrypt']);
    return Grant.addToPrincipalOrResource({
      grantee,
      actions: ['s3:GetObject'],
      resourceArns: [this.bucket.arnForObjects(this.objectKey)],
      resource: this.bucket,
      ...this.#conditions(),
    });
  }

  grantPublish(grantee: IGrantable): Grant {
    this.#useBucketKey(grantee, ['kms:Decrypt', 'kms:GenerateDataKey']);
    const { signingKey, bucket } = this;
    if (signingKey !== undefined) {
      Grant.addToPrincipal({
        grantee,
        actions: ['kms:GetPublicKey', 'kms:Sign'],
        resourceArns: [signingKey.keyArn],
      });
    }
    const grant = Grant.addToPrincipalOrResource({
      grantee,
      actions: ['s3:GetObject', 's3:GetObjectVersion', 's3:PutObject'],
      resourceArns: [bucket.arnForObjects(this.objectKey)],
      resource: bucket,
      ...this.#conditions(),
    });
    // Without it S3 does not say of an object that it is not there, as it is before the first publication.
    const list = Grant.addToPrincipalOrResource({
      grantee,
      actions: ['s3:ListBucket'],
      resourceArns: [bucket.bucketArn],
      resource: bucket,
      ...this.#conditions(),
    });
    const versions = Grant.addToPrincipalOrResource({
      grantee,
      actions: ['s3:ListBucketVersions'],
      resourceArns: [bucket.bucketArn],
      resource: bucket,
      ...this.#conditions({ 's3:prefix': this.objectKey }),
    });
    return grant.combine(list).combine(versions);
  }

  /** A bucket that is deleted leaves its name to whoever takes it, and policies in it must not be followed. */
  #conditions(equal: Record<string, string> = {}): { conditions?: Record<string, Record<string, string>> } {
    const all = { ...equal, ...(this.owner === undefined ? {} : { 'aws:ResourceAccount': this.owner }) };
    return Object.keys(all).length === 0 ? {} : { conditions: { StringEquals: all } };
  }

  /** In the role and not in the key's policy, which may be in a stack that knows no readers. Through S3 only. */
  #useBucketKey(grantee: IGrantable, actions: string[]): void {
    const { encryptionKey } = this.bucket;
    if (encryptionKey === undefined) return;
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({
        actions,
        resources: [encryptionKey.keyArn],
        conditions: { StringEquals: { 'kms:ViaService': `s3.${Stack.of(this).region}.amazonaws.com` } },
      }),
    );
  }
}

/** A store that another stack or app has deployed. */
export class ImportedPolicyStore extends PolicyStoreBase {
  override readonly bucket: IBucket;
  override readonly objectKey: string;
  override readonly verifyKey: string | undefined;
  override readonly signingKey: IKey | undefined;
  /** It may be of another account than its import says. */
  protected override readonly owner = undefined;

  constructor(scope: Construct, id: string, attributes: PolicyStoreAttributes) {
    super(scope, id);
    const { bucket, objectKey = 'bundle.tar.gz', verifyKey, signingKey } = attributes;
    this.bucket = bucket;
    checkObjectKey(objectKey);
    this.objectKey = objectKey;
    if (verifyKey !== undefined) checkPublicKeys(verifyKey);
    this.verifyKey = verifyKey;
    this.signingKey = signingKey;
  }
}
