import { Stack } from 'aws-cdk-lib';
import type { ICluster } from 'aws-cdk-lib/aws-ecs';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IConstruct } from 'constructs';
import { acknowledge, INLINE_POLICY } from './acknowledge.ts';
import { flatReference } from './flat-reference.ts';

const ANSWERED =
  'It is called and waited for: a run that fails is told to the deployment, which is then rolled back.';

/** Why findings of cdk-nag's packs do not apply, or are met in another way. */
const REASONS: Readonly<Record<string, string>> = {
  ...INLINE_POLICY,
  'NIST.800.53.R5-CloudWatchLogGroupEncrypted':
    'The log says which tasks have passed and which tests failed, by name. Nothing secret is written to it, and ' +
    'CloudWatch Logs encrypts it with a key of its own.',
  'NIST.800.53.R5-LambdaConcurrency':
    'It runs once in a deployment. Reserved concurrency would be taken from the account, of which new ones have none ' +
    'to give.',
  'NIST.800.53.R5-LambdaDLQ': ANSWERED,
  'NIST.800.53.R5-LambdaInsideVPC':
    'The function that asks is in the VPC. The one of the framework answers CloudFormation, to which an isolated VPC ' +
    'has no way.',
  'Serverless-LambdaDLQ': ANSWERED,
  'Serverless-LambdaTracing':
    'It is on no request path, and sending traces takes a permission for all resources.',
  'Serverless-LambdaDefaultMemorySize':
    'The function of the framework waits for the other, and holds one answer.',
};

const IN_CLUSTER =
  'Tasks and service revisions get their names when they are deployed, all of them in the one cluster that is named.';

/** Findings that name a resource have it in their id, as it is in the template. */
function wildcards(fn: IFunction, cluster: ICluster): Record<string, string> {
  const inCluster = (resource: string) =>
    Stack.of(cluster).formatArn({ service: 'ecs', resource, resourceName: `${cluster.clusterName}/*` });
  return {
    [inCluster('task')]: IN_CLUSTER,
    [inCluster('service-revision')]: IN_CLUSTER,
    [`${fn.functionArn}:*`]: 'CDK lets its framework call every version of the one function.',
  };
}

export function acknowledgeGateFindings(scope: IConstruct, fn: IFunction, cluster: ICluster): void {
  acknowledge(scope, REASONS);
  for (const [arn, reason] of Object.entries(wildcards(fn, cluster))) {
    acknowledge(scope, {
      [`AwsSolutions-IAM5[Resource::${flatReference(Stack.of(scope).resolve(arn))}]`]: reason,
    });
  }
}
