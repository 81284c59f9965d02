import { RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { type IVpc, type SubnetSelection, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { IsolatedNetwork } from '../isolated-network.ts';
import type { PdpEndpoints } from '../pdp-endpoints.ts';

export interface NetworkStackProps extends StackProps {
  /**
   * A VPC that is there. Its NAT gateway or endpoints serve the tasks.
   *
   * @default - a new one without a way to the internet
   */
  readonly vpcId?: string;
  /** Whether a deployment gate will ask ECS for the tasks. */
  readonly ecsEndpoint?: boolean;
}

/** The network of the sample, deployed apart: it changes least. */
export class NetworkStack extends Stack {
  readonly vpc: IVpc;
  readonly endpoints: PdpEndpoints | undefined;
  /** The private subnets, isolated ones before those with egress. */
  readonly subnets: SubnetSelection;

  constructor(scope: Construct, id: string, { vpcId, ecsEndpoint, ...props }: NetworkStackProps) {
    super(scope, id, { description: 'The network of a policy decision point and its callers', ...props });
    if (vpcId !== undefined) {
      this.vpc = Vpc.fromLookup(this, 'Vpc', { vpcId });
    } else {
      const network = new IsolatedNetwork(this, 'Network', {
        removalPolicy: RemovalPolicy.DESTROY,
        ...(ecsEndpoint === undefined ? {} : { ecsEndpoint }),
      });
      this.vpc = network.vpc;
      this.endpoints = network.endpoints;
    }
    const isolated = this.vpc.isolatedSubnets.length > 0;
    this.subnets = { subnetType: isolated ? SubnetType.PRIVATE_ISOLATED : SubnetType.PRIVATE_WITH_EGRESS };
  }
}
