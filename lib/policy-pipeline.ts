import { Arn, ArnFormat, RemovalPolicy, Token } from 'aws-cdk-lib';
import { CfnPipeline } from 'aws-cdk-lib/aws-codepipeline';
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { IPolicyStore } from './policy-store.ts';
import { checkedBranch, checkedFolder, checkedRepository } from './private/git-names.ts';
import { acknowledgePipelineFindings } from './private/pipeline-findings.ts';
import { artifactBucket, PublishProject, serviceRole } from './private/publish-project.ts';
import { SynthesisError } from './synthesis-error.ts';

export interface PolicyPipelineProps {
  /** The store that is published to. Of a store that is made in this app, in the same stack. */
  readonly store: IPolicyStore;
  /**
   * The ARN of the connection to the Git host (GitHub, GitLab, Bitbucket), made and authorized in the console:
   * Developer Tools, Settings, Connections.
   */
  readonly connectionArn: string;
  /** The repository of the policies: `OWNER/REPOSITORY`; on GitLab with the groups in between. */
  readonly repository: string;
  /**
   * The branch from which is published. Protect it: whoever pushes to it decides who may what.
   *
   * @default 'main'
   */
  readonly branch?: string;
  /**
   * The folder of the policies in the repository.
   *
   * @default '.'
   */
  readonly directory?: string;
  /**
   * Patterns of paths: a push starts the pipeline when it changes one that matches.
   *
   * @default - every push to the branch does
   */
  readonly paths?: string[];
  /**
   * What installs the `pdp` command in the working directory, the root of the repository.
   *
   * @default - `npm ci` by the repository's package-lock.json; without one, this version of serverless-pdp
   */
  readonly installCommands?: string[];
  /**
   * Where S3 writes who asked for what of the bucket that sources pass through.
   *
   * @default - nowhere
   */
  readonly accessLogBucket?: IBucket;
  /**
   * How long the log of the builds is kept.
   *
   * @default RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: RetentionDays;
  /**
   * What becomes of that log, and of the bucket that sources pass through, when the construct is removed.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** The names of actions, which the pipeline's parts refer to. */
const SOURCE = 'Source';

/**
 * From a Git repository to the store by AWS alone: a push to the branch starts a pipeline whose build validates, tests
 * and publishes the policies. The build may write to the one store, and sign when that has a key in KMS; it has no
 * privileged mode, and runs no script of a package that it installs.
 *
 * @example
 * const store = new PolicyStore(this, 'Store', { policies: 'policies' });
 * new PolicyPipeline(this, 'Pipeline', {
 *   store,
 *   connectionArn: 'arn:aws:codeconnections:eu-west-1:123456789012:connection/…',
 *   repository: 'acme/policies',
 * });
 */
export class PolicyPipeline extends Construct {
  /** The role of the build, which publishes. */
  readonly buildRole: Role;
  readonly pipelineArn: string;
  readonly pipelineName: string;

  /**
   * @throws SynthesisError when a name or the ARN is wrong, or the store cannot be published to from this stack
   */
  constructor(scope: Construct, id: string, props: PolicyPipelineProps) {
    super(scope, id);
    const { store, accessLogBucket, paths, removalPolicy = RemovalPolicy.RETAIN } = props;
    const connection = checkedConnection(props.connectionArn);
    checkPaths(paths);
    const artifacts = artifactBucket(this, { accessLogBucket, removalPolicy });
    const project = new PublishProject(this, {
      store,
      artifacts,
      directory: checkedFolder(props.directory ?? '.'),
      installCommands: props.installCommands,
      logs: { retention: props.logRetention ?? RetentionDays.THREE_MONTHS, removalPolicy },
    });
    this.buildRole = project.role;
    const role = serviceRole(this, 'Role', 'codepipeline.amazonaws.com');
    const objects = artifacts.arnForObjects('*');
    for (const [actions, resources] of [
      [['s3:GetObject', 's3:GetObjectVersion', 's3:PutObject'], objects],
      [['s3:GetBucketLocation', 's3:GetBucketVersioning'], artifacts.bucketArn],
      [connection.actions, connection.arn],
      [['codebuild:BatchGetBuilds', 'codebuild:StartBuild'], project.arn],
    ] as const) {
      role.addToPolicy(new PolicyStatement({ actions: [...actions], resources: [resources] }));
    }
    const pipeline = new CfnPipeline(this, 'Pipeline', {
      pipelineType: 'V2',
      // A newer push waits for the one that is under way, and takes the place of others that wait.
      executionMode: 'SUPERSEDED',
      roleArn: role.roleArn,
      artifactStore: { type: 'S3', location: artifacts.bucketName },
      stages: [
        { name: SOURCE, actions: [sourceAction(connection.arn, props)] },
        { name: 'Publish', actions: [publishAction(project.name)] },
      ],
      ...(paths === undefined ? {} : { triggers: [triggerOf(props, paths)] }),
    });
    // The first run begins when it is there.
    pipeline.node.addDependency(role, project, store);
    this.pipelineName = pipeline.ref;
    this.pipelineArn = Arn.format(
      { service: 'codepipeline', resource: pipeline.ref, arnFormat: ArnFormat.NO_RESOURCE_NAME },
      project.stack,
    );
    acknowledgePipelineFindings(this, artifacts, accessLogBucket !== undefined);
  }
}

function sourceAction(
  ConnectionArn: string,
  props: PolicyPipelineProps,
): CfnPipeline.ActionDeclarationProperty {
  return {
    name: SOURCE,
    actionTypeId: { category: 'Source', owner: 'AWS', provider: 'CodeStarSourceConnection', version: '1' },
    configuration: {
      ConnectionArn,
      FullRepositoryId: checkedRepository(props.repository),
      BranchName: checkedBranch(props.branch ?? 'main'),
      OutputArtifactFormat: 'CODE_ZIP',
      // A trigger starts it otherwise, which looks at paths.
      DetectChanges: props.paths === undefined,
    },
    outputArtifacts: [{ name: SOURCE }],
  };
}

function publishAction(ProjectName: string): CfnPipeline.ActionDeclarationProperty {
  return {
    name: 'Publish',
    actionTypeId: { category: 'Build', owner: 'AWS', provider: 'CodeBuild', version: '1' },
    configuration: { ProjectName },
    inputArtifacts: [{ name: SOURCE }],
  };
}

function triggerOf(
  { branch = 'main' }: PolicyPipelineProps,
  paths: string[],
): CfnPipeline.PipelineTriggerDeclarationProperty {
  return {
    providerType: 'CodeStarSourceConnection',
    gitConfiguration: {
      sourceActionName: SOURCE,
      push: [{ branches: { includes: [branch] }, filePaths: { includes: paths } }],
    },
  };
}

const CONNECTION =
  /^arn:aws[a-z-]*:(codeconnections|codestar-connections):[a-z0-9-]+:\d{12}:connection\/[a-f0-9-]+$/;

/** Connections have been made under two names of the service, and each is used with the permission of its own. */
function checkedConnection(arn: string): { arn: string; actions: string[] } {
  if (Token.isUnresolved(arn)) {
    return { arn, actions: ['codeconnections:UseConnection', 'codestar-connections:UseConnection'] };
  }
  const [, service] = CONNECTION.exec(arn) ?? [];
  if (service !== undefined) return { arn, actions: [`${service}:UseConnection`] };
  throw new SynthesisError(
    `connectionArn: "${arn}" is not the ARN of a connection, such as ` +
      'arn:aws:codeconnections:eu-west-1:123456789012:connection/01234567-89ab-cdef-0123-456789abcdef',
  );
}

/** @see https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html */
function checkPaths(paths: string[] | undefined): void {
  if (paths === undefined || (paths.length >= 1 && paths.length <= 8)) return;
  throw new SynthesisError(
    `paths: ${paths.length} patterns; CodePipeline takes from 1 to 8, or leave paths out`,
  );
}
