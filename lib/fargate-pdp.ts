import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import type { Connections, IConnectable, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import { CpuArchitecture, type FargateService, type FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import type { Grant } from 'aws-cdk-lib/aws-iam';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import type { FargatePdpAttributes, FargatePdpProps } from './fargate-pdp-props.ts';
import { type IMonitoredPdp, MonitoredPdp } from './monitored-pdp.ts';
import type { PdpGrantee } from './pdp.ts';
import type { PdpEndpoints } from './pdp-endpoints.ts';
import { imageOf } from './pdp-image.ts';
import type { IPolicyStore } from './policy-store.ts';
import { acknowledge } from './private/acknowledge.ts';
import { newApiKey } from './private/api-key.ts';
import { checkImage, checkTogether } from './private/check-fargate-props.ts';
import { pdpLog } from './private/decision-log.ts';
import type { Exposure } from './private/exposure.ts';
import { pdpService, privateSubnets } from './private/fargate-service.ts';
import { grantNetworked } from './private/grantee.ts';
import { ImportedPdp } from './private/imported-pdp.ts';
import { type LoadBalancerProps, PdpBalancer } from './private/load-balancer.ts';
import { PdpCertificate } from './private/pdp-certificate.ts';
import { addPdpContainer, metricsName } from './private/pdp-container.ts';
import { DNS_TTL, PrivateDns } from './private/private-dns.ts';
import { refreshOptions } from './private/refresh.ts';
import { fewestTasks, scale } from './private/task-count.ts';
import { fargateTask, STORE_FINDINGS } from './private/task-size.ts';

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
export class FargatePdp extends MonitoredPdp implements IConnectable {
  /**
   * A PDP that another stack or app has deployed.
   *
   * @throws SynthesisError when `endpoint` is no URL
   */
  static fromAttributes(scope: Construct, id: string, attributes: FargatePdpAttributes): IMonitoredPdp {
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
  /**
   * The authorities that callers are to trust, in PEM, known at deployment.
   *
   * @default - the transport is plain, or the certificate is one of the load balancer
   */
  readonly certificateAuthority: string | undefined;
  /** The authority of the tasks' own certificate, in PEM, known at deployment; whoever asks them past a load balancer trusts it. */
  readonly taskAuthority: string | undefined;
  /** The revision of the policies, when it is known at synth: none of them is in a store. */
  readonly revision: string | undefined;
  /** The stores from which the tasks take policies. */
  readonly policyStores: readonly IPolicyStore[];
  readonly expectedTasks: number;
  readonly metricsName: string | undefined;
  /** Failures to renew the certificate of the tasks, when they have one. */
  readonly metricCertificateErrors?: (props?: MetricOptions) => Metric;
  readonly #exposure: Exposure;

  /**
   * @throws SynthesisError when the policies are missing or cannot be built, Fargate has no task of that size, the
   * subnets are public, the namespace is not a private DNS one, or properties do not go together
   */
  constructor(scope: Construct, id: string, props: FargatePdpProps) {
    super(scope, id);
    checkTogether(props);
    const { vpc, cpuArchitecture = CpuArchitecture.ARM64, removalPolicy = RemovalPolicy.RETAIN } = props;
    this.vpc = vpc;
    this.endpoints = props.endpoints;
    this.vpcSubnets = privateSubnets(vpc, props.vpcSubnets);
    const image = imageOf(props)._bind(this, cpuArchitecture);
    checkImage(props, image);
    this.revision = image.revision;
    this.policyStores = image.stores ?? [];
    for (const store of this.policyStores) props.endpoints?.connectStore(store);
    this.expectedTasks = fewestTasks(props);
    this.metricsName = image.takesServeOptions ? metricsName(this) : undefined;
    this.apiKey = image.apiKey ?? props.apiKey ?? newApiKey(this, props.encryptionKey);
    this.logGroup = pdpLog(this, { ...props, removalPolicy });
    const { transport = 'tls' } = props;
    const tasksServeTls = transport === 'tls' && image.takesServeOptions;
    this.#exposure = this.#expose(props, {
      transport,
      tasksServeTls,
      readyPath: image.readyPath,
      removalPolicy,
    });
    this.endpoint = this.#exposure.endpoint;
    const certificate = tasksServeTls ? this.#newCertificate(props, removalPolicy) : undefined;
    // A load balancer has a certificate that the well-known authorities vouch for.
    this.taskAuthority = certificate?.certificateAuthority;
    this.certificateAuthority = props.exposure === 'loadBalancer' ? undefined : this.taskAuthority;
    this.environment = callerEnvironment(this, props.certificateAuthority);
    this.taskDefinition = fargateTask(this, {
      cpu: props.cpu ?? 512,
      memoryLimitMiB: props.memoryLimitMiB ?? 1024,
      cpuArchitecture,
    });
    if (this.policyStores.length > 0) acknowledge(this.taskDefinition, STORE_FINDINGS);
    addPdpContainer(this, this.taskDefinition, {
      image,
      serveOptions: [
        ...['--public-url', this.endpoint],
        ...['--drain-seconds', `${DRAIN.toSeconds()}`],
        // No security group lets anyone reach it.
        ...['--opa-port', 'off'],
        ...(this.metricsName === undefined ? [] : ['--cloudwatch-metrics', this.metricsName]),
        ...refreshOptions(props.refreshInterval, image),
      ],
      ...(image.apiKey === undefined ? { apiKey: this.apiKey } : {}),
      ...(certificate === undefined ? {} : { secrets: certificate.containerSecrets }),
      logGroup: this.logGroup,
      stopTimeout: STOP_TIMEOUT,
    });
    this.service = pdpService(this, {
      ...props,
      taskDefinition: this.taskDefinition,
      vpcSubnets: this.vpcSubnets,
      cloudMapOptions: this.#exposure.cloudMapOptions,
    });
    if (certificate !== undefined) {
      this.service.node.addDependency(certificate);
      certificate.restartOnRenewal(this.service);
      this.metricCertificateErrors = (metric) => certificate.metricErrors(metric);
    }
    const { connections, targets } = this.#exposure.attach(this.service);
    this.connections = connections;
    if (props.scaling !== undefined) scale(this.service, props.scaling, targets);
  }

  /**
   * Opens the PDP's port to the grantee, lets it read the key, and sets `PDP_URL`, `PDP_API_KEY_SECRET` and
   * `PDP_CA`. The grant is the one to read the key.
   *
   * @throws SynthesisError when the grantee is in no VPC, or has no security group
   */
  grantEvaluate(grantee: PdpGrantee): Grant {
    return grantNetworked(this, this.#exposure.port, grantee);
  }

  #newCertificate(props: FargatePdpProps, removalPolicy: RemovalPolicy): PdpCertificate {
    const { certificateAuthority: generation, encryptionKey, logRetention } = props;
    return new PdpCertificate(this, 'Certificate', {
      serverNames: this.#exposure.serverNames,
      removalPolicy,
      ...(generation === undefined ? {} : { generation }),
      ...(encryptionKey === undefined ? {} : { encryptionKey }),
      ...(logRetention === undefined ? {} : { logRetention }),
    });
  }

  #expose(
    props: FargatePdpProps,
    serving: Pick<LoadBalancerProps, 'transport' | 'tasksServeTls' | 'readyPath'> & {
      removalPolicy: RemovalPolicy;
    },
  ): Exposure {
    const { vpc, namespace, serviceName, deployment } = props;
    const { removalPolicy, ...tls } = serving;
    if (props.exposure !== 'loadBalancer') {
      const scheme = tls.transport === 'tls' ? 'https' : 'http';
      return new PrivateDns(this, { vpc, scheme, namespace, name: serviceName ?? 'api' });
    }
    return new PdpBalancer(this, {
      ...props.loadBalancer,
      vpc,
      vpcSubnets: this.vpcSubnets,
      ...tls,
      blueGreen: deployment === 'blueGreen',
      deletionProtection: removalPolicy !== RemovalPolicy.DESTROY,
    });
  }
}

/** What `pdpFromEnvironment()` reads of a PDP that listens. */
function callerEnvironment(pdp: FargatePdp, generation = '1'): Record<string, string> {
  const { endpoint, apiKey, certificateAuthority } = pdp;
  const environment = { PDP_URL: endpoint, PDP_API_KEY_SECRET: apiKey.secretArn };
  if (certificateAuthority === undefined) return environment;
  // The authority is a reference, and the same text in the template when its value changes. The generation beside it
  // makes the deployment of another authority one of its callers too.
  return { ...environment, PDP_CA: certificateAuthority, PDP_CA_GENERATION: generation };
}
