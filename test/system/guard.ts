import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { CfnGuardValidator } from '@cdklabs/cdk-validator-cfnguard';
import { App } from 'aws-cdk-lib';
import { type Assembly, assemblies, storeAssembly } from './support/assemblies.ts';
import { ofType, type Resource } from './support/template.ts';

export const title = "CloudFormation Guard: Control Tower's rules hold for the templates of every placement";

interface Accepted {
  reason: string;
  /** Which resources it is accepted for. @default all */
  when?: (resource: Resource, assembly: Assembly) => boolean;
}

/** What is found and accepted, and why. One that is found no more is to be taken out. */
const ACCEPTED: Record<string, Accepted> = {
  cloudwatch_log_group_retention_period_check: {
    reason:
      'Wants a year or more. How long a log is kept is a property of the constructs, and the sample leaves little.',
  },
  cloudwatch_log_group_encrypted_check: {
    reason: 'Wants a KMS key of the customer. CloudWatch Logs encrypts with keys of its own without one.',
  },
  kms_create_grant_aws_service_check: {
    reason:
      "Wants a deny of grants for whoever is no AWS service. The key of the sample's alarms leaves to the account's " +
      'own policies who may make one, as AWS does by default.',
    when: ({ Type }) => Type === 'AWS::KMS::Key',
  },
  lambda_function_public_access_prohibited_check: {
    reason: 'Reads SourceArn only as a text or a reference; CDK joins it of the API and the route.',
    when: ({ Properties }) => Properties?.SourceArn !== undefined,
  },
  lambda_inside_vpc_check: {
    reason:
      'Reads subnets of the same template only. And a function needs no VPC that asks no PDP in one: it has the PDP ' +
      'inside, asks one elsewhere, or is one of those with which CloudFormation makes a resource.',
    when: ({ Properties }, { stacks }) =>
      isInVpc(Properties) ||
      !asksOverTheNetwork(Properties) ||
      stacks.every(({ template }) => ofType(template, 'AWS::EC2::VPC').size === 0),
  },
  ecs_fargate_latest_platform_version_check: {
    reason:
      'Wants LATEST. 1.4.0 is the latest, by its number, so that a new one is a change that somebody makes.',
    when: ({ Properties }) => Properties?.PlatformVersion === '1.4.0',
  },
  ecs_task_definition_memory_hard_limit_check: {
    reason: "Wants a limit for each container. On Fargate the task's size is a hard limit.",
    when: ({ Properties }) => JSON.stringify(Properties?.RequiresCompatibilities) === '["FARGATE"]',
  },
  s3_bucket_default_encryption_kms_check: {
    reason:
      'Wants a KMS key. S3 encrypts with keys of its own; encryptionKey of a store names one of the account.',
  },
  s3_bucket_logging_enabled_check: {
    reason:
      'Wants a bucket for access logs, which is a property of the constructs. Who published is in CloudTrail.',
  },
  s3_bucket_object_lock_enabled_check: {
    reason:
      'A store that is kept refuses to delete a version, by its policy; what passes through a pipeline is not worth keeping.',
  },
  s3_event_notifications_enabled_check: {
    reason: 'PDPs look for what is new by themselves: nobody has to be told.',
  },
};

export const prepare = () => assemblies();

export async function run(): Promise<void> {
  const all = [...(await assemblies()), await storeAssembly()];
  const stacks = all.flatMap((assembly) => assembly.stacks.map((stack) => ({ ...stack, assembly })));
  const guard = new CfnGuardValidator({ maxBuffer: 64 * 1024 * 1024 });
  const templatePaths = stacks.map(({ templateFile }) => templateFile);
  const { violations } = guard.validate({ templatePaths, appConstruct: new App() });
  const accepted = new Set<string>();
  const refused: string[] = [];
  for (const { ruleName, fix, violatingResources } of violations) {
    let named = false;
    for (const { locations, templatePath } of violatingResources) {
      const stack = stacks.find(({ templateFile }) => templateFile === templatePath);
      assert.ok(stack, `${ruleName} is about an unknown template, ${templatePath}`);
      const paths = locations.map((path) => /^\/Resources\/([^/]+)/.exec(path)?.[1]);
      const resourceLogicalId = paths.find((id) => id !== undefined);
      if (resourceLogicalId === undefined) continue;
      named = true;
      const resource = stack.template.Resources[resourceLogicalId];
      assert.ok(resource, `${ruleName} is about an unknown resource, ${resourceLogicalId}`);
      const { when = () => true } = ACCEPTED[ruleName] ?? { when: () => false };
      if (when(resource, stack.assembly)) accepted.add(ruleName);
      else refused.push(`${basename(templatePath)} ${resourceLogicalId} ${ruleName}: ${fix}`);
    }
    // With a part of some findings the plugin names no resource; another part of the finding does.
    if (!named) refused.push(`${ruleName}: ${fix}`);
  }
  assert.deepEqual(refused, []);
  assert.deepEqual(Object.keys(ACCEPTED).sort(), [...accepted].sort(), 'accepted, and found no more');
}

function asksOverTheNetwork(properties: Record<string, unknown> = {}): boolean {
  const { Variables = {} } = (properties.Environment ?? {}) as { Variables?: Record<string, unknown> };
  return 'PDP_URL' in Variables;
}

function isInVpc(properties: Record<string, unknown> = {}): boolean {
  const { SubnetIds = [], SecurityGroupIds = [] } = (properties.VpcConfig ?? {}) as Record<string, unknown[]>;
  return SubnetIds.length > 0 && SecurityGroupIds.length > 0;
}
