import { CfnOutput, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { Role } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { GitHubPolicyPublisher, type GitHubPolicyPublisherProps } from '../github-policy-publisher.ts';
import { PolicyPipeline } from '../policy-pipeline.ts';
import { PolicyStore } from '../policy-store.ts';
import { samplePolicies } from '../private/package-files.ts';
import type { StoreSettings } from './settings.ts';

export interface PoliciesStackProps extends StackProps {
  readonly settings: StoreSettings;
}

/** Where the policies of the sample are published, and by whom. */
export class PoliciesStack extends Stack {
  readonly store: PolicyStore;

  constructor(scope: Construct, id: string, { settings, ...props }: PoliciesStackProps) {
    super(scope, id, { description: 'Published policies, for policy decision points', ...props });
    const { repository, connectionArn, publisherArn } = settings;
    const removalPolicy = RemovalPolicy.DESTROY;
    const store = new PolicyStore(this, 'Store', { policies: samplePolicies, removalPolicy });
    this.store = store;
    if (repository !== undefined && connectionArn !== undefined) {
      new PolicyPipeline(this, 'Pipeline', { store, repository, connectionArn, removalPolicy });
    } else if (repository !== undefined) {
      new GitHubPolicyPublisher(this, 'Publisher', { store, ...onGitHub(repository) });
    }
    if (publisherArn !== undefined) {
      store.grantPublish(Role.fromRoleArn(this, 'Person', publisherArn, { mutable: false }));
    }
    new CfnOutput(this, 'PolicyStore', { value: store.address, description: 'For pdp publish' });
  }
}

/** A repository with its numbers, as a subject of GitHub names it, or without. */
function onGitHub(repository: string): Pick<GitHubPolicyPublisherProps, 'repository' | 'ids'> {
  const [, owner, ownerId, name, id] = /^([^@/]+)@(\d+)\/([^@/]+)@(\d+)$/.exec(repository) ?? [];
  if (owner === undefined) return { repository };
  return { repository: `${owner}/${name}`, ids: { owner: Number(ownerId), repository: Number(id) } };
}
