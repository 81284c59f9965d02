import { readFileSync } from 'node:fs';
import { type App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Key } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks, NIST80053R5Checks, ServerlessChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { PolicyPipeline, type PolicyPipelineProps } from '../../lib/policy-pipeline.ts';
import { PolicyStore, type PolicyStoreProps } from '../../lib/policy-store.ts';
import { SynthesisError } from '../../lib/synthesis-error.ts';
import { newApp, temporaryDirectory } from './support.ts';
import { OWN_BUCKET, only, resources, statements, target } from './template.ts';

const outdir = temporaryDirectory();
const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
const connectionArn = 'arn:aws:codeconnections:eu-west-1:123456789012:connection/01234567-89ab-cdef';
const repository = 'acme/policies';

function make(props: Partial<PolicyPipelineProps> = {}, storeProps: PolicyStoreProps = {}) {
  const stack = new Stack(newApp(outdir), 'Test');
  const store = new PolicyStore(stack, 'Store', storeProps);
  const pipeline = new PolicyPipeline(stack, 'Pipeline', { store, connectionArn, repository, ...props });
  return { stack, store, pipeline, template: Template.fromStack(stack) };
}

const arnOf = (name: string) => ({ 'Fn::GetAtt': [expect.stringMatching(`^${name}`), 'Arn'] });
const under = (bucket: string, path: string) => ({ 'Fn::Join': ['', [arnOf(bucket), `/${path}`]] });

function permissions(template: Template, name: string): unknown[] {
  return Object.values(resources(template, 'AWS::IAM::Policy'))
    .filter(({ Roles }) => (Roles as unknown[]).some((one) => target(one) === name))
    .flatMap(({ PolicyDocument }) => statements(PolicyDocument));
}

function buildOf(template: Template) {
  const project = only(template, 'AWS::CodeBuild::Project');
  const { Source, Environment } = project as {
    Source: { BuildSpec: string };
    Environment: { EnvironmentVariables: unknown };
  };
  return { project, spec: JSON.parse(Source.BuildSpec), variables: Environment.EnvironmentVariables };
}

describe('a pipeline from a Git repository to a store', () => {
  const { stack, pipeline, template } = make();

  it('starts on a push to the branch, and then publishes', () => {
    const { Stages, ArtifactStore, ...settings } = only(template, 'AWS::CodePipeline::Pipeline');
    expect(settings).toEqual({
      PipelineType: 'V2',
      ExecutionMode: 'SUPERSEDED',
      RoleArn: arnOf('PipelineRole'),
    });
    expect(ArtifactStore).toEqual({
      Type: 'S3',
      Location: { Ref: expect.stringMatching(/^PipelineArtifacts/) },
    });
    expect(Stages).toEqual([
      {
        Name: 'Source',
        Actions: [
          {
            Name: 'Source',
            ActionTypeId: {
              Category: 'Source',
              Owner: 'AWS',
              Provider: 'CodeStarSourceConnection',
              Version: '1',
            },
            Configuration: {
              ConnectionArn: connectionArn,
              FullRepositoryId: 'acme/policies',
              BranchName: 'main',
              OutputArtifactFormat: 'CODE_ZIP',
              DetectChanges: true,
            },
            OutputArtifacts: [{ Name: 'Source' }],
          },
        ],
      },
      {
        Name: 'Publish',
        Actions: [
          {
            Name: 'Publish',
            ActionTypeId: { Category: 'Build', Owner: 'AWS', Provider: 'CodeBuild', Version: '1' },
            Configuration: { ProjectName: { Ref: expect.stringMatching(/^PipelineBuildProject/) } },
            InputArtifacts: [{ Name: 'Source' }],
          },
        ],
      },
    ]);
    expect(stack.resolve(pipeline.pipelineName)).toEqual({
      Ref: expect.stringMatching(/^Pipeline[0-9A-F]{8}$/),
    });
  });

  it('begins when its permissions are there', () => {
    const [one] = Object.values(template.findResources('AWS::CodePipeline::Pipeline'));
    const waits = one?.DependsOn.map((id: string) => target({ Ref: id }));
    expect(waits).toEqual(
      expect.arrayContaining([
        'PipelineRoleDefaultPolicy',
        'PipelineBuildRoleDefaultPolicy',
        'StoreBucketPolicy',
      ]),
    );
  });

  it('lets the pipeline use the connection, pass the source on and start the one build', () => {
    expect(permissions(template, 'PipelineRole')).toEqual([
      {
        Effect: 'Allow',
        Action: ['s3:GetObject', 's3:GetObjectVersion', 's3:PutObject'],
        Resource: under('PipelineArtifacts', '*'),
      },
      {
        Effect: 'Allow',
        Action: ['s3:GetBucketLocation', 's3:GetBucketVersioning'],
        Resource: arnOf('PipelineArtifacts'),
      },
      { Effect: 'Allow', Action: 'codeconnections:UseConnection', Resource: connectionArn },
      {
        Effect: 'Allow',
        Action: ['codebuild:BatchGetBuilds', 'codebuild:StartBuild'],
        Resource: arnOf('PipelineBuildProject'),
      },
    ]);
  });

  it('lets the build read the source, publish to the one store and write its log', () => {
    expect(permissions(template, 'PipelineBuildRole')).toEqual([
      {
        Effect: 'Allow',
        Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        Resource: arnOf('PipelineBuildLog'),
      },
      {
        Effect: 'Allow',
        Action: ['s3:GetObject', 's3:GetObjectVersion'],
        Resource: under('PipelineArtifacts', '*'),
      },
      {
        Effect: 'Allow',
        Condition: OWN_BUCKET,
        Action: ['s3:GetObject', 's3:GetObjectVersion', 's3:PutObject'],
        Resource: under('StoreBucket', 'bundle.tar.gz'),
      },
      { Effect: 'Allow', Action: 's3:ListBucket', Resource: arnOf('StoreBucket'), Condition: OWN_BUCKET },
      {
        Effect: 'Allow',
        Action: 's3:ListBucketVersions',
        Resource: arnOf('StoreBucket'),
        Condition: { StringEquals: { 's3:prefix': 'bundle.tar.gz', ...OWN_BUCKET.StringEquals } },
      },
    ]);
    const deny = Object.values(resources(template, 'AWS::S3::BucketPolicy'))
      .flatMap(({ PolicyDocument }) => statements(PolicyDocument))
      .find(({ Sid }) => Sid === 'OnlyPublishersWrite');
    expect(deny?.Condition).toEqual({ ArnNotEquals: { 'aws:PrincipalArn': [arnOf('PipelineBuildRole')] } });
  });

  it('trusts the two services, on behalf of this account only', () => {
    const trust = (name: string) =>
      statements(resources(template, 'AWS::IAM::Role')[name]?.AssumeRolePolicyDocument);
    const by = (service: string) => [
      {
        Effect: 'Allow',
        Action: 'sts:AssumeRole',
        Principal: { Service: service },
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      },
    ];
    expect(trust('PipelineRole')).toEqual(by('codepipeline.amazonaws.com'));
    expect(trust('PipelineBuildRole')).toEqual(by('codebuild.amazonaws.com'));
  });

  it('validates, tests and publishes with this version of the kit, or the one that the repository has locked', () => {
    expect(buildOf(template).spec).toEqual({
      version: '0.2',
      phases: {
        install: {
          'runtime-versions': { nodejs: 22 },
          commands: [
            `if [ -f package-lock.json ]; then npm ci --ignore-scripts; else npm install --ignore-scripts --no-save serverless-pdp@${version}; fi`,
          ],
        },
        pre_build: {
          commands: ['npx --no-install pdp validate .', 'npx --no-install pdp test .'],
        },
        build: { commands: ['npx --no-install pdp publish . "$PDP_POLICY_STORE"'] },
      },
    });
    expect(buildOf(template).variables).toEqual([
      {
        Name: 'PDP_POLICY_STORE',
        Type: 'PLAINTEXT',
        Value: {
          'Fn::Join': ['', ['s3://', { Ref: expect.stringMatching(/^StoreBucket/) }, '/bundle.tar.gz']],
        },
      },
    ]);
  });

  it('builds on a small ARM machine without privileges, with a log that ends', () => {
    expect(buildOf(template).project).toMatchObject({
      Environment: {
        Type: 'ARM_CONTAINER',
        ComputeType: 'BUILD_GENERAL1_SMALL',
        Image: 'aws/codebuild/amazonlinux-aarch64-standard:3.0',
        PrivilegedMode: false,
      },
      Artifacts: { Type: 'CODEPIPELINE' },
      LogsConfig: {
        CloudWatchLogs: { Status: 'ENABLED', GroupName: { Ref: expect.stringMatching(/^PipelineBuildLog/) } },
      },
      TimeoutInMinutes: 15,
    });
    expect(resources(template, 'AWS::Logs::LogGroup').PipelineBuildLog).toMatchObject({
      RetentionInDays: 90,
    });
  });

  it('passes the source through a bucket that keeps nothing for long', () => {
    expect(resources(template, 'AWS::S3::Bucket').PipelineArtifacts).toMatchObject({
      VersioningConfiguration: { Status: 'Enabled' },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, RestrictPublicBuckets: true },
      LifecycleConfiguration: {
        Rules: [{ ExpirationInDays: 30, NoncurrentVersionExpiration: { NoncurrentDays: 1 } }],
      },
    });
  });

  it.each([AwsSolutionsChecks, NIST80053R5Checks, ServerlessChecks])(
    'has no open finding of %o',
    (Checks) => {
      const checks = new Checks(stack.node.root as App);
      expect(checks.validateScope(pipeline as unknown as App).violations).toEqual([]);
    },
  );
});

describe('what a user sets', () => {
  it('is taken: branch, folder, paths, installation, logs and what becomes of them', () => {
    const { template } = make({
      branch: 'release/1',
      directory: 'policies/notes',
      paths: ['policies/**', 'package-lock.json'],
      installCommands: ['npm ci'],
      logRetention: RetentionDays.ONE_WEEK,
      removalPolicy: RemovalPolicy.DESTROY,
      repository: 'group/team/policies',
      connectionArn: connectionArn.replace('codeconnections', 'codestar-connections'),
    });
    const { Stages, Triggers } = only(template, 'AWS::CodePipeline::Pipeline') as {
      Stages: [{ Actions: [{ Configuration: unknown }] }];
      Triggers: unknown;
    };
    expect(Stages[0].Actions[0].Configuration).toMatchObject({
      BranchName: 'release/1',
      FullRepositoryId: 'group/team/policies',
      DetectChanges: false,
    });
    expect(Triggers).toEqual([
      {
        ProviderType: 'CodeStarSourceConnection',
        GitConfiguration: {
          SourceActionName: 'Source',
          Push: [
            {
              Branches: { Includes: ['release/1'] },
              FilePaths: { Includes: ['policies/**', 'package-lock.json'] },
            },
          ],
        },
      },
    ]);
    expect(permissions(template, 'PipelineRole')).toContainEqual({
      Effect: 'Allow',
      Action: 'codestar-connections:UseConnection',
      Resource: expect.stringContaining(':codestar-connections:'),
    });
    expect(buildOf(template).spec.phases).toMatchObject({
      install: { commands: ['npm ci'] },
      pre_build: {
        commands: [
          'npx --no-install pdp validate policies/notes',
          'npx --no-install pdp test policies/notes',
        ],
      },
      build: { commands: ['npx --no-install pdp publish policies/notes "$PDP_POLICY_STORE"'] },
    });
    const [log] = Object.values(template.findResources('AWS::Logs::LogGroup'));
    expect(log).toMatchObject({ Properties: { RetentionInDays: 7 }, DeletionPolicy: 'Delete' });
  });

  it('is where reads of the bucket that sources pass through are logged', () => {
    const stack = new Stack(newApp(outdir), 'Test');
    const [store, accessLogBucket] = [new PolicyStore(stack, 'Store'), new Bucket(stack, 'Logs')];
    new PolicyPipeline(stack, 'Pipeline', { store, connectionArn, repository, accessLogBucket });
    expect(resources(Template.fromStack(stack), 'AWS::S3::Bucket').PipelineArtifacts).toMatchObject({
      LoggingConfiguration: {
        DestinationBucketName: { Ref: expect.stringMatching(/^Logs/) },
        LogFilePrefix: 'artifacts/',
      },
    });
  });

  it('has its bundles signed with a key in KMS, which the build may sign with and no more', () => {
    const stack = new Stack(newApp(outdir), 'Keys');
    const keyArn = 'arn:aws:kms:eu-west-1:123456789012:key/1';
    const { template } = make({}, { signingKey: Key.fromKeyArn(stack, 'Key', keyArn) });
    expect(buildOf(template).variables).toContainEqual({
      Name: 'PDP_SIGN_KEY',
      Type: 'PLAINTEXT',
      Value: keyArn,
    });
    expect(permissions(template, 'PipelineBuildRole')).toContainEqual({
      Effect: 'Allow',
      Action: ['kms:GetPublicKey', 'kms:Sign'],
      Resource: keyArn,
    });
  });

  it.each<[Partial<PolicyPipelineProps>, string]>([
    [
      { connectionArn: 'acme' },
      'connectionArn: "acme" is not the ARN of a connection, such as ' +
        'arn:aws:codeconnections:eu-west-1:123456789012:connection/01234567-89ab-cdef-0123-456789abcdef',
    ],
    [{ paths: [] }, 'paths: 0 patterns; CodePipeline takes from 1 to 8, or leave paths out'],
    [{ paths: Array(9).fill('a') }, 'paths: 9 patterns; CodePipeline takes from 1 to 8, or leave paths out'],
    ...['policies', 'https://github.com/acme/policies', 'acme/*', '', 'acme/a b', 'acme/../other'].map(
      (repository): [Partial<PolicyPipelineProps>, string] => [
        { repository },
        `repository: "${repository}" is not of the form OWNER/REPOSITORY; leave out https:// and .git, and use no wildcard`,
      ],
    ),
    ...['', '*', 'refs/heads/main', '-x', 'a..b', 'a//b', 'a/', 'a.lock', 'a b', "a'", 'a$b'].map(
      (branch): [Partial<PolicyPipelineProps>, string] => [
        { branch },
        `branch: "${branch}" is not the name of one branch, such as main; leave out refs/heads/, and use no wildcard`,
      ],
    ),
    ...['', '..', 'a/../b', '/a', 'a b', '-x', 'a;b', '$(x)', 'a/-b'].map(
      (directory): [Partial<PolicyPipelineProps>, string] => [
        { directory },
        `directory: "${directory}" is not a folder of the repository, such as policies/notes; use letters, digits, "_", "-", "."`,
      ],
    ),
  ])('is refused when it is %j', (props, message) => {
    expect(() => make(props)).toThrow(new SynthesisError(message));
  });
});
