import { Duration, type RemovalPolicy, Validations } from 'aws-cdk-lib';
import type { IVpc } from 'aws-cdk-lib/aws-ec2';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, LoggingFormat, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogLevel, NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { kitModule } from '../private/package-files.ts';

export interface NotesFunctionProps {
  /** The handler's module in the kit, without its extension: `lambda/sample/view-note`. */
  readonly handler: string;
  readonly description: string;
  /**
   * The VPC, when the PDP is in one.
   *
   * @default - no VPC
   */
  readonly vpc?: IVpc;
  /** What becomes of the log when the function is removed. */
  readonly removalPolicy: RemovalPolicy;
}

/** What Lambda does with the network interfaces of a function in a VPC, in the function's role. */
const NETWORK_INTERFACE_ACTIONS = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:UnassignPrivateIpAddresses',
];

/** A handler of the sample: one ESM file, a role that may do what it needs, a log that ends. */
export class NotesFunction extends NodejsFunction {
  constructor(scope: Construct, id: string, props: NotesFunctionProps) {
    const logGroup = new LogGroup(scope, `${id}Log`, {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: props.removalPolicy,
    });
    const role = new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(role);
    if (props.vpc !== undefined) allowNetworkInterfaces(role);
    super(scope, id, {
      entry: kitModule(props.handler),
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: 1024,
      timeout: Duration.seconds(10),
      role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      ...(props.vpc === undefined ? {} : { vpc: props.vpc, allowAllOutbound: false }),
      bundling: {
        format: OutputFormat.ESM,
        target: 'node24',
        mainFields: ['module', 'main'],
        minify: true,
        // Reading them costs every cold start; errors of the kit carry stable names and codes instead.
        sourceMap: false,
        // In the runtime, and read only when a key must be fetched.
        externalModules: ['@aws-sdk/*'],
        logLevel: LogLevel.WARNING,
      },
    });
  }
}

/** @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions */
function allowNetworkInterfaces(role: Role): void {
  role.addToPolicy(new PolicyStatement({ actions: NETWORK_INTERFACE_ACTIONS, resources: ['*'] }));
  // The key is set when code of a function makes the call, and not when Lambda itself does.
  role.addToPolicy(
    new PolicyStatement({
      effect: Effect.DENY,
      actions: NETWORK_INTERFACE_ACTIONS,
      resources: ['*'],
      conditions: { Null: { 'lambda:SourceFunctionArn': 'false' } },
    }),
  );
  Validations.of(role).acknowledge({
    id: 'AwsSolutions-IAM5[Resource::*]',
    reason:
      'Lambda manages network interfaces that do not exist yet, and Describe calls have no resource. A deny keeps ' +
      'the code of the function from using the permission.',
  });
}
