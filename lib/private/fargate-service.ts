import { Duration } from 'aws-cdk-lib';
import { type IVpc, Peer, Port, SecurityGroup, type SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import {
  AvailabilityZoneRebalancing,
  type CloudMapOptions,
  Cluster,
  ContainerInsights,
  DeploymentStrategy,
  FargatePlatformVersion,
  FargateService,
  type FargateTaskDefinition,
  PropagatedTagSource,
} from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import type { FargatePdpProps } from '../fargate-pdp-props.ts';
import { SynthesisError } from '../synthesis-error.ts';
import { mostPrivate } from './subnets.ts';
import { capacityProviders, initialTasks } from './task-count.ts';

const BAKE_TIME = Duration.minutes(5);

export interface PdpServiceProps extends FargatePdpProps {
  readonly taskDefinition: FargateTaskDefinition;
  readonly vpcSubnets: SubnetSelection;
  readonly cloudMapOptions: CloudMapOptions | undefined;
}

/**
 * The service of a PDP's tasks: none missing in a deployment, back to the last that worked when they do not get
 * healthy, and nobody let in to them.
 *
 * @throws SynthesisError when the numbers of tasks do not go together
 */
export function pdpService(scope: Construct, props: PdpServiceProps): FargateService {
  const { vpc, endpoints, taskDefinition, vpcSubnets, cloudMapOptions, spotWeight = 0, deployment } = props;
  const desiredCount = initialTasks(props);
  const capacityProviderStrategies = capacityProviders(spotWeight);
  const securityGroup = tasksGroup(scope, vpc);
  endpoints?.connectTasks(securityGroup);
  const service = new FargateService(scope, 'Service', {
    cluster: props.cluster ?? newCluster(scope, vpc, spotWeight > 0),
    taskDefinition,
    platformVersion: FargatePlatformVersion.VERSION1_4,
    vpcSubnets,
    securityGroups: [securityGroup],
    assignPublicIp: false,
    enableExecuteCommand: false,
    ...(desiredCount === undefined ? {} : { desiredCount }),
    ...(capacityProviderStrategies.length === 0 ? {} : { capacityProviderStrategies }),
    availabilityZoneRebalancing: AvailabilityZoneRebalancing.ENABLED,
    minHealthyPercent: 100,
    maxHealthyPercent: 200,
    circuitBreaker: { enable: true, rollback: true },
    ...(deployment === 'blueGreen'
      ? { deploymentStrategy: DeploymentStrategy.BLUE_GREEN, bakeTime: props.bakeTime ?? BAKE_TIME }
      : {}),
    enableECSManagedTags: true,
    propagateTags: PropagatedTagSource.SERVICE,
    ...(cloudMapOptions === undefined ? {} : { cloudMapOptions }),
  });
  // The first task must find its permissions and endpoints, or the circuit breaker gives up on the deployment.
  service.node.addDependency(taskDefinition);
  if (endpoints !== undefined) service.node.addDependency(endpoints);
  return service;
}

function tasksGroup(scope: Construct, vpc: IVpc): SecurityGroup {
  const group = new SecurityGroup(scope, 'SecurityGroup', {
    vpc,
    description: 'Policy decision point: in, from the functions that may ask; out, to AWS endpoints',
    allowAllOutbound: false,
  });
  // The layers of the image come from S3, whose gateway has no security group to name. Whether there is more to
  // reach is the routes' to say: isolated subnets have none to the internet.
  group.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'image, logs and key, through the endpoints of the VPC');
  return group;
}

function newCluster(scope: Construct, vpc: IVpc, enableFargateCapacityProviders: boolean): Cluster {
  return new Cluster(scope, 'Cluster', {
    vpc,
    containerInsightsV2: ContainerInsights.ENABLED,
    enableFargateCapacityProviders,
  });
}

/**
 * The subnets that are asked for, or the most private that there are.
 *
 * @throws SynthesisError when they are public, or there is no private one
 */
export function privateSubnets(vpc: IVpc, asked: SubnetSelection | undefined): SubnetSelection {
  if (asked === undefined && vpc.isolatedSubnets.length + vpc.privateSubnets.length === 0) {
    throw new SynthesisError(
      'vpc: it has no private subnets; add isolated ones or some with egress, or name them in vpcSubnets',
    );
  }
  const selection = asked ?? mostPrivate(vpc);
  if (vpc.selectSubnets(selection).hasPublic) {
    throw new SynthesisError('vpcSubnets: the PDP must not be in public subnets; select private ones');
  }
  return selection;
}
