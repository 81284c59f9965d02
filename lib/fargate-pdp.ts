import { RemovalPolicy, Validations } from 'aws-cdk-lib';
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
  FargatePlatformVersion,
  FargateService,
  type ICluster,
  PropagatedTagSource,
} from 'aws-cdk-lib/aws-ecs';
import type { Grant } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import {
  DnsRecordType,
  type INamespace,
  NamespaceType,
  PrivateDnsNamespace,
} from 'aws-cdk-lib/aws-servicediscovery';
import { Construct } from 'constructs';
import type { IPdp, PdpGrantee } from './pdp.ts';
import { grantReadKey } from './private/api-key.ts';
import { connectableOf, principalOf, setEnvironment } from './private/grantee.ts';
import { imageContextDirectory } from './private/package-files.ts';
import { pdpImage } from './private/pdp-image.ts';
import { DNS_TTL, PDP_PORT, pdpTask } from './private/pdp-task.ts';
import { SynthesisError } from './synthesis-error.ts';

export interface FargatePdpProps {
  /** The VPC of the functions that ask. */
  readonly vpc: IVpc;
  /**
   * The directory of the policies, schema and entities, checked and built at synth; or a `.tar.gz` that
   * `pdp build` wrote. A change of it is a rolling deployment.
   */
  readonly policies: string;
  /**
   * Where the tasks run. Without a NAT gateway they need these endpoints: `ecr.api`, `ecr.dkr`, `logs`,
   * `secretsmanager` and the gateway of S3. Public subnets are refused.
   *
   * @default - the isolated subnets, or those with egress when the VPC has no isolated ones
   */
  readonly vpcSubnets?: SubnetSelection;
  /**
   * The cluster, in the same VPC.
   *
   * @default - a new one, with container insights
   */
  readonly cluster?: ICluster;
  /**
   * The private DNS namespace of the VPC that the PDP is registered in.
   *
   * @default - a new one, `pdp.internal`
   */
  readonly namespace?: INamespace;
  /**
   * The name in the namespace. One namespace may hold several PDPs, each with a name of its own.
   *
   * @default 'api'
   */
  readonly serviceName?: string;
  /**
   * CPU units of a task: 256, 512, 1024, 2048, 4096, 8192 or 16384; 1,024 are one vCPU. The server is one process
   * that uses one vCPU at most.
   *
   * @default 512
   */
  readonly cpu?: number;
  /**
   * Memory of a task in MiB, one of the sizes that Fargate has for `cpu`.
   *
   * @default 1024
   */
  readonly memoryLimitMiB?: number;
  /**
   * Number of tasks, spread over the zones.
   *
   * @default 2
   */
  readonly desiredCount?: number;
  /**
   * The key that callers prove themselves with.
   *
   * @default - a new secret with 43 random letters and digits (256 bits)
   */
  readonly apiKey?: ISecret;
  /**
   * How long the decision log is kept.
   *
   * @default RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: RetentionDays;
  /**
   * What becomes of the decision log when the construct is removed.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
  /**
   * The build context of the container image, without a bundle.
   *
   * @default - the kit's own
   */
  readonly imageContext?: string;
}

/**
 * The policy decision point as an ECS service on Fargate (ARM64) that functions of the same VPC find by private DNS.
 * Nothing outside the VPC reaches it, and inside it only what {@link FargatePdp.grantEvaluate} let in.
 *
 * @example
 * const pdp = new FargatePdp(this, 'Pdp', { vpc, policies: 'policies' });
 * pdp.grantEvaluate(viewNote);
 */
export class FargatePdp extends Construct implements IPdp, IConnectable {
  readonly connections: Connections;
  readonly endpoint: string;
  readonly vpc: IVpc;
  readonly environment: Readonly<Record<string, string>>;
  /** The key that callers prove themselves with. */
  readonly apiKey: ISecret;
  readonly service: FargateService;
  readonly logGroup: LogGroup;

  /**
   * @throws SynthesisError when the policies are missing or cannot be built, Fargate has no task of that size, the
   * subnets are public, or the namespace is not a private DNS one
   */
  constructor(scope: Construct, id: string, props: FargatePdpProps) {
    super(scope, id);
    const { vpc } = props;
    this.vpc = vpc;
    const vpcSubnets = privateSubnets(vpc, props.vpcSubnets);
    this.apiKey = props.apiKey ?? this.#newApiKey();
    this.logGroup = new LogGroup(this, 'Log', {
      retention: props.logRetention ?? RetentionDays.THREE_MONTHS,
      removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
    });
    const name = props.serviceName ?? 'api';
    const namespace = privateNamespace(
      props.namespace ?? new PrivateDnsNamespace(this, 'Namespace', { vpc, name: 'pdp.internal' }),
    );
    this.endpoint = `http://${name}.${namespace.namespaceName}:${PDP_PORT}`;
    this.environment = { PDP_URL: this.endpoint, PDP_API_KEY_SECRET: this.apiKey.secretArn };
    const taskDefinition = pdpTask(this, {
      image: pdpImage(this, props.imageContext ?? imageContextDirectory, props.policies),
      cpu: props.cpu ?? 512,
      memoryLimitMiB: props.memoryLimitMiB ?? 1024,
      endpoint: this.endpoint,
      apiKey: this.apiKey,
      logGroup: this.logGroup,
    });
    this.service = new FargateService(this, 'Service', {
      cluster:
        props.cluster ??
        new Cluster(this, 'Cluster', { vpc, containerInsightsV2: ContainerInsights.ENABLED }),
      taskDefinition,
      platformVersion: FargatePlatformVersion.VERSION1_4,
      vpcSubnets,
      securityGroups: [this.#securityGroup(vpc)],
      assignPublicIp: false,
      enableExecuteCommand: false,
      desiredCount: props.desiredCount ?? 2,
      availabilityZoneRebalancing: AvailabilityZoneRebalancing.ENABLED,
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      circuitBreaker: { enable: true, rollback: true },
      enableECSManagedTags: true,
      propagateTags: PropagatedTagSource.SERVICE,
      cloudMapOptions: {
        cloudMapNamespace: namespace,
        name,
        dnsRecordType: DnsRecordType.A,
        dnsTtl: DNS_TTL,
      },
    });
    // The first task must find its permissions, or the circuit breaker gives up on the deployment.
    this.service.node.addDependency(taskDefinition);
    this.connections = this.service.connections;
  }

  /**
   * Opens port 7000 from the grantee to the tasks, lets it read the key, and sets `PDP_URL` and `PDP_API_KEY_SECRET`.
   * The grant is the one to read the key.
   *
   * @throws SynthesisError when the grantee is in no VPC, or has no security group
   */
  grantEvaluate(grantee: PdpGrantee): Grant {
    connectableOf(grantee).connections.allowTo(this, Port.tcp(PDP_PORT), 'ask the policy decision point');
    setEnvironment(grantee, this.environment);
    return grantReadKey(this.apiKey, principalOf(grantee));
  }

  #newApiKey(): Secret {
    const secret = new Secret(this, 'ApiKey', {
      description: 'The key that functions prove themselves with to the policy decision point',
      generateSecretString: { passwordLength: 43, excludePunctuation: true },
      removalPolicy: RemovalPolicy.DESTROY,
    });
    Validations.of(secret).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason:
        'Tasks and functions read the key when they start. Rotating it is a deployment, which a rotation schedule ' +
        'cannot do; only functions that a security group names can use the key at all.',
    });
    return secret;
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

function privateSubnets(vpc: IVpc, asked: SubnetSelection | undefined): SubnetSelection {
  const fallback =
    vpc.isolatedSubnets.length > 0 ? SubnetType.PRIVATE_ISOLATED : SubnetType.PRIVATE_WITH_EGRESS;
  const selection = asked ?? { subnetType: fallback };
  if (vpc.selectSubnets(selection).hasPublic) {
    throw new SynthesisError('vpcSubnets: the PDP must not be in public subnets; select private ones');
  }
  return selection;
}

function privateNamespace(namespace: INamespace): INamespace {
  if (namespace.type === NamespaceType.DNS_PRIVATE) return namespace;
  throw new SynthesisError(
    `namespace: ${namespace.type} has no private names; use a PrivateDnsNamespace of the PDP's VPC`,
  );
}
