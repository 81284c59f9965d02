import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { CpuArchitecture, ICluster } from 'aws-cdk-lib/aws-ecs';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IHostedZone } from 'aws-cdk-lib/aws-route53';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { INamespace } from 'aws-cdk-lib/aws-servicediscovery';
import type { PdpEndpoints } from './pdp-endpoints.ts';
import type { PdpImage } from './pdp-image.ts';
import type { PolicyLayers } from './policy-store.ts';

/** How many tasks there are, by load. */
export interface PdpScaling {
  /**
   * Fewest tasks.
   *
   * @default 2
   */
  readonly minTasks?: number;
  /** Most tasks. */
  readonly maxTasks: number;
  /**
   * The mean use of the tasks' CPU that their number is set for, in percent.
   *
   * @default 50
   */
  readonly targetCpuPercent?: number;
  /**
   * The requests a minute and task that their number is set for, behind a load balancer only.
   *
   * @default - the number follows the CPU alone
   */
  readonly requestsPerTaskPerMinute?: number;
}

/** What an internal load balancer in front of the tasks needs. */
export interface PdpLoadBalancer {
  /**
   * The certificate that callers see, for `domainName`. Its authority must be one that callers trust: Amazon's, for a
   * certificate of ACM.
   *
   * @default - none: needed unless `transport` is `plain`
   */
  readonly certificate?: ICertificate;
  /**
   * The name that callers ask for, such as `pdp.example.com`: one that `certificate` is for.
   *
   * @default - the load balancer's own name, with `transport: 'plain'` only
   */
  readonly domainName?: string;
  /**
   * The hosted zone that gets the record of `domainName`. It must be associated with the VPC.
   *
   * @default - a new private one for `domainName` alone
   */
  readonly hostedZone?: IHostedZone;
  /**
   * Where the load balancer writes its access log. The stack must then name its region.
   *
   * @default - none: the decision log has every request
   */
  readonly accessLogBucket?: IBucket;
}

export interface FargatePdpProps {
  /** The VPC of the functions that ask. */
  readonly vpc: IVpc;
  /**
   * The directory of the policies, schema and entities, checked and built at synth, or a `.tar.gz` that `pdp build`
   * wrote: a change of it is a deployment. Or a store, whose publications the tasks take within seconds. Or several of
   * these as layers.
   *
   * @default - `image` has them
   */
  readonly policies?: PolicyLayers;
  /**
   * How often the tasks look for a new publication, with policies in a store only. Whole seconds.
   *
   * @default Duration.seconds(10)
   */
  readonly refreshInterval?: Duration;
  /**
   * What the tasks run, in place of `policies`.
   *
   * @default - the kit's image with `policies`
   */
  readonly image?: PdpImage;
  /**
   * Where the tasks run. Public subnets are refused.
   *
   * @default - the isolated subnets, or those with egress when the VPC has no isolated ones
   */
  readonly vpcSubnets?: SubnetSelection;
  /**
   * The endpoints through which tasks and callers reach AWS in a VPC without a NAT gateway.
   *
   * @default - none are made: the VPC has a NAT gateway, or endpoints of its own for `ecr.api`, `ecr.dkr`, `logs`,
   * `secretsmanager` and the gateway of S3
   */
  readonly endpoints?: PdpEndpoints;
  /**
   * The cluster, in the same VPC. For `spotWeight` it must have Fargate's capacity providers.
   *
   * @default - a new one, with container insights
   */
  readonly cluster?: ICluster;
  /**
   * How callers find the tasks: `privateDns`, by addresses in a private DNS namespace, without a hop or a cost; or
   * `loadBalancer`, by an internal Application Load Balancer, which blue/green deployments and scaling by requests
   * need.
   *
   * @default 'privateDns'
   */
  readonly exposure?: 'privateDns' | 'loadBalancer';
  /**
   * The load balancer, with `exposure: 'loadBalancer'` only.
   *
   * @default - none
   */
  readonly loadBalancer?: PdpLoadBalancer;
  /**
   * How questions and keys travel. `tls`: encrypted, to a server that proves who it is by a certificate of the
   * deployment's own authority, which the callers that are granted trust (docs/tls.md). `plain`: HTTP. Security groups
   * still decide who can connect, but whoever can read the VPC's traffic reads keys, questions and answers, and can
   * change them. AuthZEN 1.0 requires TLS (section 11.1).
   *
   * @default 'tls'
   */
  readonly transport?: 'tls' | 'plain';
  /**
   * The generation of the certificate authority. Another value makes a new one; the old one is trusted until every
   * task was seen with a certificate of the new. Deploy all stacks with callers within a day (docs/tls.md).
   *
   * @default '1'
   */
  readonly certificateAuthority?: string;
  /**
   * The private DNS namespace of the VPC that the PDP is registered in, with `exposure: 'privateDns'` only.
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
   * The processor. An image from a registry must be built for it.
   *
   * @default CpuArchitecture.ARM64
   */
  readonly cpuArchitecture?: CpuArchitecture;
  /**
   * Number of tasks, spread over the zones. Not together with `scaling`.
   *
   * @default 2
   */
  readonly desiredCount?: number;
  /**
   * Sets the number of tasks by their load.
   *
   * @default - `desiredCount` tasks
   */
  readonly scaling?: PdpScaling;
  /**
   * The share of the tasks beyond the first that runs on Fargate Spot, in percent: cheaper, and stopped with two
   * minutes' notice when AWS needs the capacity.
   *
   * @default 0
   */
  readonly spotWeight?: number;
  /**
   * How a new revision takes over. `rolling`: task by task, none missing. `blueGreen`: all of its tasks beside the old
   * ones, then every request at once, with a way back for `bakeTime`; behind a load balancer only.
   *
   * @default 'rolling'
   */
  readonly deployment?: 'rolling' | 'blueGreen';
  /**
   * How long the old tasks are kept after a blue/green deployment. Whole minutes.
   *
   * @default Duration.minutes(5)
   */
  readonly bakeTime?: Duration;
  /**
   * The key that callers prove themselves with.
   *
   * @default - a new secret with 43 random letters and digits (256 bits)
   */
  readonly apiKey?: ISecret;
  /**
   * The KMS key of the secrets and logs that are made.
   *
   * @default - keys of AWS
   */
  readonly encryptionKey?: IKey;
  /**
   * How long the decision log is kept.
   *
   * @default RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: RetentionDays;
  /**
   * What becomes of the decision log when the construct is removed. With `RETAIN` a load balancer is protected from
   * deletion too.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** What is known of a PDP that another stack or app has deployed. */
export interface FargatePdpAttributes {
  /** The `endpoint` of the PDP. Of a value that is known at deployment only, the port is taken to be 7000. */
  readonly endpoint: string;
  /** The security group that it listens behind: of its tasks, or of its load balancer. */
  readonly securityGroup: ISecurityGroup;
  /** Its `apiKey`. */
  readonly apiKey: ISecret;
  /**
   * Its `certificateAuthority`, in PEM.
   *
   * @default - callers trust the well-known authorities, or the transport is plain
   */
  readonly certificateAuthority?: string;
  /**
   * Its `metricsName`.
   *
   * @default - its metrics are not known here
   */
  readonly metricsName?: string;
  /**
   * The VPC from which it is reached.
   *
   * @default - not known: callers are given their VPC by hand
   */
  readonly vpc?: IVpc;
  /**
   * The endpoints of the VPC, through which callers read the key.
   *
   * @default - callers reach Secrets Manager by themselves
   */
  readonly endpoints?: PdpEndpoints;
}
