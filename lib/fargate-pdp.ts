import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import {
  type Connections,
  type IConnectable,
  type IVpc,
  Peer,
  Port,
  SecurityGroup,
  type SubnetSelection,
  SubnetType,
} from 'aws-cdk-lib/aws-ec2';
import {
  AvailabilityZoneRebalancing,
  Cluster,
  ContainerInsights,
  CpuArchitecture,
  DeploymentStrategy,
  FargatePlatformVersion,
  FargateService,
  type FargateTaskDefinition,
  PropagatedTagSource,
} from 'aws-cdk-lib/aws-ecs';
import type { Grant } from 'aws-cdk-lib/aws-iam';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { FargatePdpAttributes, FargatePdpProps } from './fargate-pdp-props.ts';
import type { IPdp, PdpGrantee } from './pdp.ts';
import type { PdpEndpoints } from './pdp-endpoints.ts';
import { imageOf } from './pdp-image.ts';
import { newApiKey } from './private/api-key.ts';
import { pdpLog } from './private/decision-log.ts';
import type { Exposure } from './private/exposure.ts';
import { grantNetworked } from './private/grantee.ts';
import { ImportedPdp } from './private/imported-pdp.ts';
import { PdpBalancer } from './private/load-balancer.ts';
import { addPdpContainer, PDP_PORT } from './private/pdp-container.ts';
import { DNS_TTL, PrivateDns } from './private/private-dns.ts';
import { capacityProviders, initialTasks, scale } from './private/task-count.ts';
import { fargateTask } from './private/task-size.ts';
import { SynthesisError } from './synthesis-error.ts';

/** How long a stopping task goes on answering: twice the time that names which a client resolved may be kept. */
const DRAIN = Duration.seconds(2 * DNS_TTL.toSeconds());

/** From SIGTERM to SIGKILL: the drain and the longest request after it, so that the server always ends by itself. */
const STOP_TIMEOUT = Duration.seconds(DRAIN.toSeconds() + 40);

/**
 * The policy decision point as an ECS service on Fargate that functions and services of the same VPC find by private
 * DNS, or through an internal load balancer. Nothing outside the VPC reaches it, and inside it only what
 * {@link FargatePdp.grantEvaluate} let in.
 *
 * @example
 * const pdp = new FargatePdp(this, 'Pdp', { vpc, policies: 'policies' });
 * pdp.grantEvaluate(viewNote);
 */
export class FargatePdp extends Construct implements IPdp, IConnectable {
  /**
   * A PDP that another stack or app has deployed.
   *
   * @throws SynthesisError when `endpoint` is no URL
   */
  static fromAttributes(scope: Construct, id: string, attributes: FargatePdpAttributes): IPdp {
    return new ImportedPdp(scope, id, attributes);
  }

  /**
   * One strong task for a whole deployment: one vCPU, all that the server uses, and 8 GiB. While it is replaced the
   * new one runs beside it; when it dies there is no answer, and so no permit, until ECS has started another.
   *
   * @throws SynthesisError as the constructor does
   */
  static star(
    scope: Construct,
    id: string,
    props: Omit<FargatePdpProps, 'desiredCount' | 'scaling' | 'spotWeight'>,
  ): FargatePdp {
    return new FargatePdp(scope, id, { cpu: 1024, memoryLimitMiB: 8192, ...props, desiredCount: 1 });
  }

  readonly connections: Connections;
  readonly endpoint: string;
  readonly vpc: IVpc;
  readonly environment: Readonly<Record<string, string>>;
  /** The key that callers prove themselves with. */
  readonly apiKey: ISecret;
  readonly service: FargateService;
  readonly taskDefinition: FargateTaskDefinition;
  readonly logGroup: LogGroup;
  /** The subnets of the tasks. */
  readonly vpcSubnets: SubnetSelection;
  /** The endpoints that callers read the key through, when the PDP has been given them. */
  readonly endpoints: PdpEndpoints | undefined;
  /** The revision of the policies, when it is known at synth. */
  readonly revision: string | undefined;
  readonly #exposure: Exposure;

  /**
   * @throws SynthesisError when the policies are missing or cannot be built, Fargate has no task of that size, the
   * subnets are public, the namespace is not a private DNS one, or properties do not go together
   */
  constructor(scope: Construct, id: string, props: FargatePdpProps) {
    super(scope, id);
    checkTogether(props);
    const { vpc, cpuArchitecture = CpuArchitecture.ARM64, removalPolicy = RemovalPolicy.RETAIN } = props;
    const desiredCount = initialTasks(props);
    this.vpc = vpc;
    this.endpoints = props.endpoints;
    this.vpcSubnets = privateSubnets(vpc, props.vpcSubnets);
    const image = imageOf(props)._bind(this, cpuArchitecture);
    this.revision = image.revision;
    this.apiKey = image.apiKey ?? props.apiKey ?? newApiKey(this, props.encryptionKey);
    this.logGroup = pdpLog(this, { ...props, removalPolicy });
    this.#exposure = this.#expose(props, image.readyPath, removalPolicy);
    this.endpoint = this.#exposure.endpoint;
    this.environment = { PDP_URL: this.endpoint, PDP_API_KEY_SECRET: this.apiKey.secretArn };
    this.taskDefinition = fargateTask(this, {
      cpu: props.cpu ?? 512,
      memoryLimitMiB: props.memoryLimitMiB ?? 1024,
      cpuArchitecture,
    });
    addPdpContainer(this, this.taskDefinition, {
      image,
      serveOptions: [
        ...['--public-url', this.endpoint],
        ...['--drain-seconds', `${DRAIN.toSeconds()}`],
        // No security group lets anyone reach it.
        ...['--opa-port', 'off'],
      ],
      apiKey: this.apiKey,
      logGroup: this.logGroup,
      stopTimeout: STOP_TIMEOUT,
    });
    this.service = this.#run(props, desiredCount);
    const { connections, targets } = this.#exposure.attach(this.service);
    this.connections = connections;
    if (props.scaling !== undefined) scale(this.service, props.scaling, targets);
  }

  /**
   * Opens the PDP's port to the grantee, lets it read the key, and sets `PDP_URL` and `PDP_API_KEY_SECRET`. The grant
   * is the one to read the key.
   *
   * @throws SynthesisError when the grantee is in no VPC, or has no security group
   */
  grantEvaluate(grantee: PdpGrantee): Grant {
    return grantNetworked(this, this.#exposure.port, grantee);
  }

  #expose(props: FargatePdpProps, readyPath: string, removalPolicy: RemovalPolicy): Exposure {
    const { vpc, namespace, serviceName, transport = 'plain', deployment } = props;
    if (props.exposure !== 'loadBalancer') {
      const scheme = transport === 'tls' ? 'https' : 'http';
      return new PrivateDns(this, { vpc, scheme, namespace, name: serviceName ?? 'api' });
    }
    return new PdpBalancer(this, {
      ...props.loadBalancer,
      vpc,
      vpcSubnets: this.vpcSubnets,
      transport,
      tasksServeTls: false,
      readyPath,
      blueGreen: deployment === 'blueGreen',
      deletionProtection: removalPolicy !== RemovalPolicy.DESTROY,
    });
  }

  #run(props: FargatePdpProps, desiredCount: number | undefined): FargateService {
    const { vpc } = this;
    const cluster = props.cluster ?? newCluster(this, vpc, props.spotWeight !== undefined);
    const blueGreen = props.deployment === 'blueGreen';
    const securityGroup = this.#securityGroup(vpc);
    this.endpoints?.connectTasks(securityGroup);
    const { cloudMapOptions } = this.#exposure;
    const service = new FargateService(this, 'Service', {
      cluster,
      taskDefinition: this.taskDefinition,
      platformVersion: FargatePlatformVersion.VERSION1_4,
      vpcSubnets: this.vpcSubnets,
      securityGroups: [securityGroup],
      assignPublicIp: false,
      enableExecuteCommand: false,
      ...(desiredCount === undefined ? {} : { desiredCount }),
      capacityProviderStrategies: capacityProviders(props.spotWeight ?? 0),
      availabilityZoneRebalancing: AvailabilityZoneRebalancing.ENABLED,
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      circuitBreaker: { enable: true, rollback: true },
      ...(blueGreen
        ? {
            deploymentStrategy: DeploymentStrategy.BLUE_GREEN,
            bakeTime: props.bakeTime ?? Duration.minutes(5),
          }
        : {}),
      enableECSManagedTags: true,
      propagateTags: PropagatedTagSource.SERVICE,
      ...(cloudMapOptions === undefined ? {} : { cloudMapOptions }),
    });
    // The first task must find its permissions and endpoints, or the circuit breaker gives up on the deployment.
    service.node.addDependency(this.taskDefinition);
    if (this.endpoints !== undefined) service.node.addDependency(this.endpoints);
    return service;
  }

  #securityGroup(vpc: IVpc): SecurityGroup {
    const group = new SecurityGroup(this, 'SecurityGroup', {
      vpc,
      description: 'Policy decision point: in, from the functions that may ask; out, to AWS endpoints',
      allowAllOutbound: false,
    });
    // The layers of the image come from S3, whose gateway has no security group to name. Whether there is more to
    // reach is the routes' to say: isolated subnets have none to the internet.
    group.addEgressRule(
      Peer.anyIpv4(),
      Port.tcp(443),
      'image, logs and key, through the endpoints of the VPC',
    );
    return group;
  }
}

function checkTogether(props: FargatePdpProps): void {
  const { exposure = 'privateDns', loadBalancer, deployment, namespace, serviceName, bakeTime } = props;
  if (exposure !== 'loadBalancer' && loadBalancer !== undefined) {
    throw new SynthesisError("loadBalancer: not used without one; set exposure: 'loadBalancer'");
  }
  if (exposure !== 'loadBalancer' && deployment === 'blueGreen') {
    throw new SynthesisError(
      "deployment: a blue/green deployment moves a load balancer's traffic; set exposure: 'loadBalancer'",
    );
  }
  if (exposure === 'loadBalancer' && (namespace !== undefined || serviceName !== undefined)) {
    const name = namespace !== undefined ? 'namespace' : 'serviceName';
    throw new SynthesisError(`${name}: a load balancer has its own name; use loadBalancer.domainName`);
  }
  if (bakeTime !== undefined && deployment !== 'blueGreen') {
    throw new SynthesisError("bakeTime: only a blue/green deployment has one; set deployment: 'blueGreen'");
  }
}

function newCluster(scope: Construct, vpc: IVpc, enableFargateCapacityProviders: boolean): Cluster {
  return new Cluster(scope, 'Cluster', {
    vpc,
    containerInsightsV2: ContainerInsights.ENABLED,
    enableFargateCapacityProviders,
  });
}

function privateSubnets(vpc: IVpc, asked: SubnetSelection | undefined): SubnetSelection {
  const fallback =
    vpc.isolatedSubnets.length > 0 ? SubnetType.PRIVATE_ISOLATED : SubnetType.PRIVATE_WITH_EGRESS;
  if (asked === undefined && vpc.isolatedSubnets.length + vpc.privateSubnets.length === 0) {
    throw new SynthesisError(
      'vpc: it has no private subnets; add isolated ones or some with egress, or name them in vpcSubnets',
    );
  }
  const selection = asked ?? { subnetType: fallback };
  if (vpc.selectSubnets(selection).hasPublic) {
    throw new SynthesisError('vpcSubnets: the PDP must not be in public subnets; select private ones');
  }
  return selection;
}
