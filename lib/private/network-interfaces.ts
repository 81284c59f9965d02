import { Effect, type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { acknowledge } from './acknowledge.ts';

/** What Lambda does with the network interfaces of a function in a VPC, in the function's role. */
const ACTIONS = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:UnassignPrivateIpAddresses',
];

/**
 * Lets Lambda attach a function with this role to a VPC, and keeps the function's own code from doing the same.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
 */
export function grantNetworkInterfaces(role: IRole): void {
  role.addToPrincipalPolicy(new PolicyStatement({ actions: ACTIONS, resources: ['*'] }));
  // The key is set when code of a function makes the call, and not when Lambda itself does.
  role.addToPrincipalPolicy(
    new PolicyStatement({
      effect: Effect.DENY,
      actions: ACTIONS,
      resources: ['*'],
      conditions: { Null: { 'lambda:SourceFunctionArn': 'false' } },
    }),
  );
  acknowledge(role, {
    'AwsSolutions-IAM5[Resource::*]':
      'Lambda manages network interfaces that do not exist yet, and Describe calls have no resource. A deny keeps ' +
      'the code of the function from using the permission.',
  });
}
