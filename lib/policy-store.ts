import { type Duration, Lazy, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { Grant, IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Bucket, IBucket } from 'aws-cdk-lib/aws-s3';
import { type Construct, Dependable, type IConstruct } from 'constructs';
import { checkStoreProps } from './private/check-store-props.ts';
import type { FunctionLogs } from './private/function-role.ts';
import { denyWrites, policyBucket } from './private/policy-bucket.ts';
import { ImportedPolicyStore, PolicyStoreBase } from './private/policy-store-base.ts';
import { acknowledgeStoreFindings } from './private/policy-store-findings.ts';
import { publicKeyOf, putFirst } from './private/policy-store-function.ts';
import { publisherArn } from './private/publisher.ts';

/** A place in S3 where policies are published, and from which PDPs take them. */
export interface IPolicyStore extends IConstruct {
  readonly bucket: IBucket;
  /** The key of the object that is the published bundle. */
  readonly objectKey: string;
  /** For `pdp serve` and `pdp publish`: `s3://bucket/key`. */
  readonly address: string;
  /**
   * The public keys that bundles must be signed for, in PEM; what PDPs of this store get as `PDP_VERIFY_KEY`.
   *
   * @default - bundles need no signature
   */
  readonly verifyKey?: string;
  /**
   * The key in KMS that publishers sign with.
   *
   * @default - they sign with a key of their own, or not at all
   */
  readonly signingKey?: IKey;
  /** Lets the grantee read the published bundle, and nothing else of the bucket. */
  grantRead(grantee: IGrantable): Grant;
  /**
   * Lets the grantee publish: read the bundle and its earlier versions, put another, and sign with `signingKey`.
   *
   * @throws SynthesisError when the grantee cannot be named in the policy of the bucket
   */
  grantPublish(grantee: IGrantable): Grant;
}

/**
 * Policies by where they are from: a directory or a `.tar.gz` that `pdp build` wrote, which are built into the image; or
 * a store, which is looked at again and again. Several are layers of one bundle, in this order: a later one adds to
 * those before and changes nothing that they say. One at most can be built into the image.
 */
export type PolicyLayers = string | IPolicyStore | readonly (string | IPolicyStore)[];

export interface PolicyStoreProps {
  /**
   * The first policies: a directory, checked and built at synth, or a `.tar.gz` that `pdp build` wrote. They are put
   * when the stack is deployed and nothing is there yet; a later deployment never writes over what was published.
   *
   * @default - the store begins empty: PDPs are not ready before the first `pdp publish`
   */
  readonly policies?: string;
  /**
   * The key of the object that is the published bundle.
   *
   * @default 'bundle.tar.gz'
   */
  readonly objectKey?: string;
  /**
   * The KMS key that the bucket is encrypted with.
   *
   * @default - S3 encrypts with keys of its own
   */
  readonly encryptionKey?: IKey;
  /**
   * An asymmetric KMS key that publishers sign with, for `SIGN_VERIFY`: `ECC_NIST_P256` or `ECC_NIST_P384`. PDPs then
   * take only what is signed with it, so that whoever writes to the bucket still changes no decision. Its public half
   * is read at deployment. Not together with `policies`, which nobody has signed.
   *
   * @default - bundles need no signature, or one for `verifyKey`
   */
  readonly signingKey?: IKey;
  /**
   * Public keys of publishers that sign with a key outside of KMS, in PEM, one after the other. With `signingKey`,
   * more keys that are taken, as while one follows another. Not together with `policies`, which nobody has signed.
   *
   * @default - none but that of `signingKey`
   */
  readonly verifyKey?: string;
  /**
   * How long an earlier publication is kept at the least. `pdp rollback` goes back to one.
   *
   * @default Duration.days(90)
   */
  readonly keepVersionsFor?: Duration;
  /**
   * How many earlier publications are kept however old they are, from 1 to 100.
   *
   * @default 10
   */
  readonly keepVersions?: number;
  /**
   * Where S3 writes who asked for what.
   *
   * @default - nowhere
   */
  readonly accessLogBucket?: IBucket;
  /**
   * How long the log of the function is kept that puts the first policies and reads the public key.
   *
   * @default RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: RetentionDays;
  /**
   * What becomes of the bucket and of that log when the construct is removed. With `RETAIN` the bucket also refuses to
   * delete any publication; with `DESTROY` it is emptied.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** What is known of a store that another stack or app has deployed. */
export interface PolicyStoreAttributes {
  /** The bucket, imported: `Bucket.fromBucketName(this, 'Bucket', 'name')`, with its `encryptionKey` when it has one. */
  readonly bucket: IBucket;
  /** @default 'bundle.tar.gz' */
  readonly objectKey?: string;
  /**
   * Its `verifyKey`, in PEM.
   *
   * @default - bundles need no signature
   */
  readonly verifyKey?: string;
  /**
   * Its `signingKey`, for publishers.
   *
   * @default - none
   */
  readonly signingKey?: IKey;
}

/**
 * A bucket for published policies: versioned, encrypted, over TLS 1.2 alone, with no public access. Only roles that
 * {@link PolicyStore.grantPublish} let in may write to it, whatever else an account's administrators may, and nobody
 * may delete a publication. What depends on this construct is created when the first policies are there.
 *
 * @example
 * const store = new PolicyStore(this, 'Store', { policies: 'policies' });
 * new FargatePdp(this, 'Pdp', { vpc, policies: store });
 */
export class PolicyStore extends PolicyStoreBase {
  /** A store that another stack or app has deployed. Who may publish to it is for that one to say. */
  static fromAttributes(scope: Construct, id: string, attributes: PolicyStoreAttributes): IPolicyStore {
    return new ImportedPolicyStore(scope, id, attributes);
  }

  override readonly bucket: Bucket;
  override readonly objectKey: string;
  override readonly verifyKey: string | undefined;
  override readonly signingKey: IKey | undefined;
  protected override readonly owner = Stack.of(this).account;
  readonly #publishers: string[] = [];
  readonly #onlyPublishers: PolicyStatement;

  /**
   * @throws SynthesisError when the policies cannot be built, a key is not PEM, a number is out of its range, or
   * properties do not go together
   */
  constructor(scope: Construct, id: string, props: PolicyStoreProps = {}) {
    super(scope, id);
    checkStoreProps(props);
    const { policies, signingKey, removalPolicy = RemovalPolicy.RETAIN } = props;
    this.objectKey = props.objectKey ?? 'bundle.tar.gz';
    this.bucket = policyBucket(this, { ...props, removalPolicy });
    this.#onlyPublishers = denyWrites(this.bucket);
    const logs = { retention: props.logRetention ?? RetentionDays.THREE_MONTHS, removalPolicy };
    if (policies !== undefined) this.#putFirst(policies, logs);
    const verifyKeys = [
      ...(signingKey === undefined ? [] : [publicKeyOf(this, signingKey, logs)]),
      ...(props.verifyKey === undefined ? [] : [props.verifyKey]),
    ];
    this.signingKey = signingKey;
    this.verifyKey = verifyKeys.length === 0 ? undefined : verifyKeys.join('\n');
    acknowledgeStoreFindings(this, props);
  }

  /**
   * Lets the grantee publish, and names it in the policy of the bucket as one of those that may write.
   *
   * @throws SynthesisError when it is neither a role nor a user, or one that another stack makes
   */
  override grantPublish(grantee: IGrantable): Grant {
    this.#letWrite(publisherArn(this, grantee));
    return super.grantPublish(grantee);
  }

  #letWrite(arn: string): void {
    if (this.#publishers.length === 0) {
      this.#onlyPublishers.addCondition('ArnNotEquals', {
        'aws:PrincipalArn': Lazy.list({ produce: () => this.#publishers }),
      });
    }
    if (!this.#publishers.includes(arn)) this.#publishers.push(arn);
  }

  #putFirst(policies: string, logs: FunctionLogs): void {
    const { resource, role } = putFirst(this, policies, logs);
    this.#letWrite(role.roleArn);
    // Whatever reads the store finds something in it.
    Dependable.implement(this, { dependencyRoots: [this.bucket, resource] });
  }
}
