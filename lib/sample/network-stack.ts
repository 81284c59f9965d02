import { RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { type IVpc, type SubnetSelection, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { IsolatedNetwork } from '../isolated-network.ts';
import type { PdpEndpoints } from '../pdp-endpoints.ts';
import { mostPrivate } from '../private/subnets.ts';

/** Where tasks and functions are. */
export interface SampleNetwork {
  readonly vpc: IVpc;
  /** The private subnets, isolated ones before those with egress. */
  readonly subnets: SubnetSelection;
  /** The endpoints that were made; a VPC that was there has its own, or a NAT gateway. */
  readonly endpoints?: PdpEndpoints;
}

export interface NetworkStackProps extends StackProps {
  /** Whether a deployment gate will ask ECS for the tasks. */
  readonly ecsEndpoint: boolean;
}

/** The network of the sample, deployed apart: it changes least. */
export class NetworkStack extends Stack implements SampleNetwork {
  readonly vpc: IVpc;
  readonly subnets: SubnetSelection = { subnetType: SubnetType.PRIVATE_ISOLATED };
  readonly endpoints: PdpEndpoints;

  constructor(scope: Construct, id: string, { ecsEndpoint, ...props }: NetworkStackProps) {
    super(scope, id, { description: 'The network of a policy decision point and its callers', ...props });
    const network = new IsolatedNetwork(this, 'Network', {
      removalPolicy: RemovalPolicy.DESTROY,
      ecsEndpoint,
    });
    this.vpc = network.vpc;
    this.endpoints = network.endpoints;
  }
}

/** A network of the sample, or the id of a VPC that is there. */
export type NetworkSource = SampleNetwork | string;

/** The network that a stack is to be in. A VPC that is there is looked up in the stack, which then knows its account. */
export function networkIn(stack: Stack, source: NetworkSource): SampleNetwork {
  if (typeof source !== 'string') return source;
  const vpc = Vpc.fromLookup(stack, 'Vpc', { vpcId: source });
  return { vpc, subnets: mostPrivate(vpc) };
}
