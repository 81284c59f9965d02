import type { RemovalPolicy } from 'aws-cdk-lib';
import { FlowLogDestination, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { PdpEndpoints } from './pdp-endpoints.ts';
import { acknowledge, INLINE_POLICY, LOG_WITH_AWS_KEY } from './private/acknowledge.ts';

export interface IsolatedNetworkProps {
  /**
   * Number of availability zones. Every interface endpoint is paid for in each.
   *
   * @default 2
   */
  readonly maxAzs?: number;
  /**
   * Whether there is an endpoint of ECS too, which a deployment gate asks for the tasks.
   *
   * @default false
   */
  readonly ecsEndpoint?: boolean;
  /**
   * How long flow logs are kept.
   *
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: RetentionDays;
  /**
   * What becomes of the flow logs when the construct is removed.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * A VPC with no way to the internet and none back: isolated subnets, no NAT gateway, and endpoints for what a PDP on
 * Fargate and its functions need of AWS. Each endpoint serves this account only, with the calls that are needed.
 */
export class IsolatedNetwork extends Construct {
  readonly vpc: Vpc;
  readonly endpoints: PdpEndpoints;

  constructor(scope: Construct, id: string, props: IsolatedNetworkProps = {}) {
    super(scope, id);
    this.vpc = new Vpc(this, 'Vpc', {
      maxAzs: props.maxAzs ?? 2,
      natGateways: 0,
      restrictDefaultSecurityGroup: true,
      subnetConfiguration: [{ name: 'Isolated', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 24 }],
    });
    const flowLog = new LogGroup(this, 'FlowLogGroup', {
      retention: props.logRetention ?? RetentionDays.ONE_MONTH,
      ...(props.removalPolicy === undefined ? {} : { removalPolicy: props.removalPolicy }),
    });
    acknowledge(flowLog, LOG_WITH_AWS_KEY);
    this.vpc.addFlowLog('FlowLog', {
      destination: FlowLogDestination.toCloudWatchLogs(flowLog),
    });
    acknowledge(this.vpc, INLINE_POLICY);
    this.endpoints = new PdpEndpoints(this, 'Endpoints', {
      vpc: this.vpc,
      ...(props.ecsEndpoint === undefined ? {} : { ecs: props.ecsEndpoint }),
    });
  }
}
