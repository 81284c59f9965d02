import type { RemovalPolicy } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

/** What becomes of the log of a function that a construct deploys for itself. */
export interface FunctionLogs {
  readonly retention: RetentionDays;
  readonly removalPolicy: RemovalPolicy;
}

/** A role for a function, which may write to its log and no more. */
export function roleWithLog(
  scope: Construct,
  prefix: string,
  logs: FunctionLogs,
): { role: Role; logGroup: LogGroup } {
  const role = new Role(scope, `${prefix}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  const logGroup = new LogGroup(scope, `${prefix}Log`, logs);
  logGroup.grantWrite(role);
  return { role, logGroup };
}
