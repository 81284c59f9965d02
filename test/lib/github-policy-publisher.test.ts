import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { OidcProviderNative } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { AwsSolutionsChecks, NIST80053R5Checks, ServerlessChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { GitHubPolicyPublisher, type GitHubPolicyPublisherProps } from '../../lib/github-policy-publisher.ts';
import { PolicyStore, type PolicyStoreProps } from '../../lib/policy-store.ts';
import { SynthesisError } from '../../lib/synthesis-error.ts';
import { newApp, temporaryDirectory } from './support.ts';
import { only, resources, statements, target } from './template.ts';

const outdir = temporaryDirectory();
const EXAMPLE = 'docs/examples/publish-policies.yml';

/** The YAML parser that CDK brings along. */
const fromCdk = createRequire(createRequire(import.meta.url).resolve('aws-cdk-lib'));
const { parse } = fromCdk('yaml') as { parse(text: string): unknown };

function make(props: Partial<GitHubPolicyPublisherProps> = {}, storeProps: PolicyStoreProps = {}) {
  const stack = new Stack(newApp(outdir), 'Test');
  const store = new PolicyStore(stack, 'Store', storeProps);
  const publisher = new GitHubPolicyPublisher(stack, 'Publisher', {
    store,
    repository: 'acme/policies',
    ...props,
  });
  return { stack, publisher, template: Template.fromStack(stack) };
}

const trustOf = (template: Template) =>
  statements(resources(template, 'AWS::IAM::Role').PublisherRole?.AssumeRolePolicyDocument);
const arnOf = (name: string) => ({ 'Fn::GetAtt': [expect.stringMatching(`^${name}`), 'Arn'] });

interface Job {
  if?: string;
  needs?: string;
  permissions?: Record<string, string>;
  steps: { uses?: string; run?: string; with?: Record<string, unknown>; env?: Record<string, string> }[];
}

interface Workflow {
  on: Record<string, { branches: string[] }>;
  permissions: Record<string, string>;
  jobs: Record<'check' | 'changes' | 'publish', Job>;
}

const workflowOf = ({ workflow }: GitHubPolicyPublisher) => parse(workflow) as Workflow;
const commandsOf = ({ steps }: Job) => steps.flatMap(({ run }) => (run === undefined ? [] : [run]));

describe('a role for GitHub Actions', () => {
  const { stack, publisher, template } = make();

  it('trusts pushes to one branch of one repository, by equality, and nothing else', () => {
    expect(trustOf(template)).toEqual([
      {
        Effect: 'Allow',
        Action: 'sts:AssumeRoleWithWebIdentity',
        Principal: { Federated: { Ref: expect.stringMatching(/^PublisherProvider/) } },
        Condition: {
          StringEquals: {
            'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com',
            'token.actions.githubusercontent.com:sub': 'repo:acme/policies:ref:refs/heads/main',
          },
        },
      },
    ]);
    expect(resources(template, 'AWS::IAM::Role').PublisherRole?.MaxSessionDuration).toBe(3600);
    expect(only(template, 'AWS::IAM::OIDCProvider')).toEqual({
      Url: 'https://token.actions.githubusercontent.com',
      ClientIdList: ['sts.amazonaws.com'],
    });
  });

  it('may publish, and that is all', () => {
    const policies = Object.values(resources(template, 'AWS::IAM::Policy'));
    const own = policies.filter(({ Roles }) => target((Roles as unknown[])[0]) === 'PublisherRole');
    expect(
      own.flatMap(({ PolicyDocument }) => statements(PolicyDocument).map(({ Action }) => Action)),
    ).toEqual([
      ['s3:GetObject', 's3:GetObjectVersion', 's3:PutObject'],
      's3:ListBucket',
      's3:ListBucketVersions',
    ]);
    expect(resources(template, 'AWS::IAM::Role').PublisherRole).not.toHaveProperty('ManagedPolicyArns');
    const deny = statements(only(template, 'AWS::S3::BucketPolicy').PolicyDocument);
    expect(deny.find(({ Sid }) => Sid === 'OnlyPublishersWrite')?.Condition).toEqual({
      ArnNotEquals: { 'aws:PrincipalArn': [arnOf('PublisherRole')] },
    });
  });

  it('says what the variables of the repository are', () => {
    const outputs = Object.values(template.findOutputs('*'));
    expect(outputs.map(({ Description, Value }) => [Description, Value])).toEqual([
      ['PDP_PUBLISHER_ROLE, a variable of the repository', arnOf('PublisherRole')],
      [
        'PDP_POLICY_STORE, a variable of the repository',
        { 'Fn::Join': ['', ['s3://', { Ref: expect.stringMatching(/^StoreBucket/) }, '/bundle.tar.gz']] },
      ],
      ['AWS_REGION, a variable of the repository', { Ref: 'AWS::Region' }],
    ]);
  });

  it('trusts the numbers of the owner and of the repository, where GitHub puts them into its tokens', () => {
    const { template } = make({ branch: 'release/1', ids: { owner: 123_456, repository: 456_789 } });
    expect(trustOf(template)[0]?.Condition).toEqual({
      StringEquals: {
        'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com',
        'token.actions.githubusercontent.com:sub':
          'repo:acme@123456/policies@456789:ref:refs/heads/release/1',
      },
    });
  });

  it('takes the provider that an account already has', () => {
    const stack = new Stack(newApp(outdir), 'Other');
    const arn = 'arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com';
    const { template } = make({ provider: OidcProviderNative.fromOidcProviderArn(stack, 'Provider', arn) });
    template.resourceCountIs('AWS::IAM::OIDCProvider', 0);
    expect(trustOf(template)[0]?.Principal).toEqual({ Federated: arn });
  });

  it.each([AwsSolutionsChecks, NIST80053R5Checks, ServerlessChecks])(
    'has no open finding of %o',
    (Checks) => {
      const checks = new Checks(stack.node.root as App);
      expect(checks.validateScope(publisher as unknown as App).violations).toEqual([]);
    },
  );

  it.each<[Partial<GitHubPolicyPublisherProps>, string]>([
    [
      { repository: 'acme/*' },
      'repository: "acme/*" is not of the form OWNER/REPOSITORY; leave out https:// and .git, and use no wildcard',
    ],
    [
      { repository: 'acme/team/policies' },
      'repository: "acme/team/policies" has more than an owner and a name, as GitHub has none',
    ],
    [
      { branch: '*' },
      'branch: "*" is not the name of one branch, such as main; leave out refs/heads/, and use no wildcard',
    ],
    [
      { directory: 'a b' },
      'directory: "a b" is not a folder of the repository, such as policies/notes; use letters, digits, "_", "-", "."',
    ],
    [
      { ids: { owner: 0, repository: 1 } },
      "ids.owner: 0 is no number of GitHub; use `gh api repos/acme/policies --jq '.owner.id, .id'`",
    ],
    [
      { ids: { owner: 1, repository: Number.NaN } },
      "ids.repository: NaN is no number of GitHub; use `gh api repos/acme/policies --jq '.owner.id, .id'`",
    ],
  ])('is refused for %j', (props, message) => {
    expect(() => make(props)).toThrow(new SynthesisError(message));
  });
});

describe('the workflow to commit', () => {
  const { publisher } = make();
  const { on, permissions, jobs } = workflowOf(publisher);

  it('is the example of the documentation', () => {
    expect(readFileSync(EXAMPLE, 'utf8')).toBe(publisher.workflow);
  });

  it('gives a pull request no credentials: only a push to the branch may ask for any', () => {
    expect(on).toEqual({ push: { branches: ['main'] }, pull_request: { branches: ['main'] } });
    expect(permissions).toEqual({ contents: 'read' });
    expect([jobs.check.permissions, jobs.changes.permissions]).toEqual([undefined, undefined]);
    expect(jobs.publish.permissions).toEqual({ contents: 'read', 'id-token': 'write' });
    expect(jobs.publish.if).toBe("github.event_name == 'push' && github.ref == 'refs/heads/main'");
    for (const { steps } of [jobs.check, jobs.changes]) {
      expect(JSON.stringify(steps)).not.toMatch(/aws|vars|secrets/i);
    }
  });

  it('publishes what was checked, and shows a pull request what it changes', () => {
    expect(commandsOf(jobs.check).slice(1)).toEqual([
      'npx --no-install pdp validate .',
      'npx --no-install pdp test .',
    ]);
    expect(jobs.publish.needs).toBe('check');
    expect(commandsOf(jobs.publish).slice(1)).toEqual(['npx --no-install pdp publish . "$PDP_POLICY_STORE"']);
    expect(commandsOf(jobs.changes).slice(1)).toEqual(['npx --no-install pdp diff .base . || [ $? -eq 1 ]']);
    expect(jobs.publish.steps.at(-1)?.env).toEqual({ PDP_POLICY_STORE: '$' + '{{ vars.PDP_POLICY_STORE }}' });
  });

  it('runs actions by their commit, and puts nothing of an event into a command', () => {
    const steps = Object.values(jobs).flatMap((job) => job.steps);
    for (const { uses, run } of steps) {
      if (uses !== undefined) expect(uses).toMatch(/^[a-z-]+\/[a-z-]+@[0-9a-f]{40}$/);
      if (run !== undefined) expect(run).not.toContain('$' + '{{');
    }
    const checkouts = steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'));
    expect(checkouts).toHaveLength(4);
    for (const step of checkouts) expect(step.with?.['persist-credentials']).toBe(false);
  });

  it('is about the branch and the folder that are published, and the key that signs', () => {
    const stack = new Stack(newApp(outdir), 'Keys');
    const signingKey = Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:123456789012:key/1');
    const made = make({ branch: 'live', directory: 'policies/notes' }, { signingKey });
    const { on, jobs } = workflowOf(made.publisher);
    expect(on.push?.branches).toEqual(['live']);
    expect(jobs.publish.if).toContain("github.ref == 'refs/heads/live'");
    expect(commandsOf(jobs.changes).at(-1)).toContain('pdp diff .base/policies/notes policies/notes');
    expect(jobs.publish.steps.at(-1)?.env).toEqual({
      PDP_POLICY_STORE: '$' + '{{ vars.PDP_POLICY_STORE }}',
      PDP_SIGN_KEY: '$' + '{{ vars.PDP_SIGN_KEY }}',
    });
    const outputs = Object.values(made.template.findOutputs('*'));
    expect(outputs.at(-1)).toMatchObject({
      Description: 'PDP_SIGN_KEY, a variable of the repository',
      Value: 'arn:aws:kms:eu-west-1:123456789012:key/1',
    });
    expect(made.publisher.workflow).not.toContain('arn:');
  });
});
