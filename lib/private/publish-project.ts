import { Aws, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { BuildSpec, CfnProject } from 'aws-cdk-lib/aws-codebuild';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type IBucket,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { IPolicyStore } from '../policy-store.ts';
import type { FunctionLogs } from './function-role.ts';
import { installCommand, pdp } from './publish-commands.ts';

/** The image and, in it, the newest Node that AWS lists for it. */
const IMAGE = 'aws/codebuild/amazonlinux-aarch64-standard:3.0';
const NODE = 22;

export interface PublishProjectProps {
  readonly store: IPolicyStore;
  /** Where the source comes from. */
  readonly artifacts: IBucket;
  /** The folder of the policies, `.` for the repository itself. */
  readonly directory: string;
  readonly installCommands: string[] | undefined;
  readonly logs: FunctionLogs;
}

/** The build that validates, tests and publishes. Its role is written out, since that of CDK may more than it needs. */
export class PublishProject extends Construct {
  readonly role: Role;
  readonly arn: string;
  readonly name: string;
  readonly stack: Stack;

  constructor(scope: Construct, props: PublishProjectProps) {
    super(scope, 'Build');
    const { store, artifacts } = props;
    this.stack = Stack.of(this);
    const log = new LogGroup(this, 'Log', props.logs);
    this.role = serviceRole(this, 'Role', 'codebuild.amazonaws.com');
    log.grantWrite(this.role);
    this.role.addToPolicy(
      new PolicyStatement({
        actions: ['s3:GetObject', 's3:GetObjectVersion'],
        resources: [artifacts.arnForObjects('*')],
      }),
    );
    store.grantPublish(this.role);
    const project = new CfnProject(this, 'Project', {
      description: 'Validates, tests and publishes policies',
      serviceRole: this.role.roleArn,
      source: { type: 'CODEPIPELINE', buildSpec: buildSpec(props) },
      artifacts: { type: 'CODEPIPELINE' },
      environment: {
        type: 'ARM_CONTAINER',
        computeType: 'BUILD_GENERAL1_SMALL',
        image: IMAGE,
        imagePullCredentialsType: 'CODEBUILD',
        privilegedMode: false,
        environmentVariables: variablesOf(store),
      },
      encryptionKey: `arn:${Aws.PARTITION}:kms:${Aws.REGION}:${Aws.ACCOUNT_ID}:alias/aws/s3`,
      logsConfig: { cloudWatchLogs: { status: 'ENABLED', groupName: log.logGroupName } },
      timeoutInMinutes: 15,
      queuedTimeoutInMinutes: 60,
      visibility: 'PRIVATE',
    });
    // The first build must find its permissions.
    project.node.addDependency(this.role);
    this.arn = project.attrArn;
    this.name = project.ref;
  }
}

function buildSpec({ directory, installCommands }: PublishProjectProps): string {
  return BuildSpec.fromObject({
    version: '0.2',
    phases: {
      install: {
        'runtime-versions': { nodejs: NODE },
        commands: installCommands ?? [installCommand()],
      },
      pre_build: { commands: [pdp('validate', directory), pdp('test', directory)] },
      build: { commands: [pdp('publish', directory, '"$PDP_POLICY_STORE"')] },
    },
  }).toBuildSpec();
}

function variablesOf({ address, signingKey }: IPolicyStore): CfnProject.EnvironmentVariableProperty[] {
  return [
    { name: 'PDP_POLICY_STORE', value: address },
    ...(signingKey === undefined ? [] : [{ name: 'PDP_SIGN_KEY', value: signingKey.keyArn }]),
  ].map((variable) => ({ type: 'PLAINTEXT', ...variable }));
}

/** A role for a service of AWS, on behalf of this account only. */
export function serviceRole(scope: Construct, id: string, service: string): Role {
  return new Role(scope, id, {
    assumedBy: new ServicePrincipal(service, {
      conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
    }),
  });
}

/** What sources pass through. They are in the repository, so nothing of it is worth keeping. */
export function artifactBucket(
  scope: Construct,
  props: { readonly accessLogBucket: IBucket | undefined; readonly removalPolicy: RemovalPolicy },
): Bucket {
  const { accessLogBucket, removalPolicy } = props;
  return new Bucket(scope, 'Artifacts', {
    versioned: true,
    encryption: BucketEncryption.S3_MANAGED,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    lifecycleRules: [
      {
        id: 'passed-through',
        expiration: Duration.days(30),
        noncurrentVersionExpiration: Duration.days(1),
        abortIncompleteMultipartUploadAfter: Duration.days(1),
      },
    ],
    ...(accessLogBucket === undefined
      ? {}
      : { serverAccessLogsBucket: accessLogBucket, serverAccessLogsPrefix: 'artifacts/' }),
    removalPolicy,
    autoDeleteObjects: removalPolicy === RemovalPolicy.DESTROY,
  });
}
