import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Duration, Stack } from 'aws-cdk-lib';
import type { IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { ICluster } from 'aws-cdk-lib/aws-ecs';
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { type FunctionLogs, roleWithLog } from './function-role.ts';
import { grantNetworkInterfaces } from './network-interfaces.ts';
import { kitFunction } from './package-files.ts';
import { stage } from './staging.ts';

/** The file beside the function's code that says what is expected, which the function reads by this name. */
const EXPECTED_FILE = 'expected.json';

export interface GateFunctionProps {
  readonly vpc: IVpc;
  readonly vpcSubnets: SubnetSelection;
  readonly cluster: ICluster;
  readonly environment: Record<string, string>;
  readonly timeout: Duration;
  readonly logs: FunctionLogs;
  /** Writes what is expected to a file. */
  readonly writeExpected: (file: string) => void;
}

/** The function of a gate, with what it expects in its package. It may see the tasks of the cluster. */
export function gateFunction(scope: Construct, props: GateFunctionProps): LambdaFunction {
  const { role, logGroup } = roleWithLog(scope, '', props.logs);
  grantNetworkInterfaces(role);
  allowTasks(role, props.cluster);
  return stage(
    scope,
    (directory) => {
      copyFileSync(join(kitFunction('gate'), 'index.mjs'), join(directory, 'index.mjs'));
      props.writeExpected(join(directory, EXPECTED_FILE));
    },
    (directory) =>
      new LambdaFunction(scope, 'Function', {
        description: 'Checks the tasks of the policy decision point after a deployment',
        code: Code.fromAsset(directory),
        handler: 'index.handler',
        runtime: Runtime.NODEJS_24_X,
        architecture: Architecture.ARM_64,
        memorySize: 512,
        timeout: props.timeout,
        role,
        logGroup,
        loggingFormat: LoggingFormat.JSON,
        environment: props.environment,
        vpc: props.vpc,
        vpcSubnets: props.vpcSubnets,
        allowAllOutbound: false,
      }),
  );
}

function allowTasks(role: Role, cluster: ICluster): void {
  const tasks = Stack.of(cluster).formatArn({
    service: 'ecs',
    resource: 'task',
    resourceName: `${cluster.clusterName}/*`,
  });
  role.addToPolicy(new PolicyStatement({ actions: ['ecs:DescribeTasks'], resources: [tasks] }));
  // It has no resource but container instances, of which Fargate has none: the cluster is a condition.
  role.addToPolicy(
    new PolicyStatement({
      actions: ['ecs:ListTasks'],
      resources: ['*'],
      conditions: { ArnEquals: { 'ecs:cluster': cluster.clusterArn } },
    }),
  );
}
