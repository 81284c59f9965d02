import { CfnOutput, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { MappingValue, ParameterMapping, VpcLink } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpServiceDiscoveryIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { DockerImageAsset, Platform } from 'aws-cdk-lib/aws-ecr-assets';
import {
  AvailabilityZoneRebalancing,
  AwsLogDriverMode,
  Capability,
  Cluster,
  ContainerImage,
  ContainerInsights,
  CpuArchitecture,
  FargateService,
  FargateTaskDefinition,
  LinuxParameters,
  LogDrivers,
  OperatingSystemFamily,
} from 'aws-cdk-lib/aws-ecs';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { DnsRecordType, PrivateDnsNamespace } from 'aws-cdk-lib/aws-servicediscovery';
import type { Construct } from 'constructs';
import type { PdpImage } from '../pdp-image.ts';
import { PdpSidecar } from '../pdp-sidecar.ts';
import { acknowledge, LOG_WITH_AWS_KEY } from '../private/acknowledge.ts';
import { TASK_FINDINGS } from '../private/task-size.ts';
import { type TokenIssuer, userPoolIssuer } from './identity.ts';
import { type NetworkSource, networkIn, type SampleNetwork } from './network-stack.ts';
import { NotesApi } from './notes-api.ts';
import { NOTES_ROUTES } from './notes-routes.ts';

/** Where the application answers in its task. */
const APP_PORT = 8080;

const removalPolicy = RemovalPolicy.DESTROY;

export interface NotesServiceStackProps extends StackProps {
  readonly network: NetworkSource;
  readonly image: PdpImage;
  /** The build context of the application's image. */
  readonly appContext: string;
  readonly tokens?: TokenIssuer;
}

/**
 * The sample application as a service on ECS, with the PDP in its task. API Gateway verifies the token, puts the user
 * into a header, over whatever a client sent there, and comes through a VPC link: nothing else reaches the service.
 */
export class NotesServiceStack extends Stack {
  readonly pdp: PdpSidecar;

  constructor(scope: Construct, id: string, props: NotesServiceStackProps) {
    const { network: source, image, appContext, tokens, ...stackProps } = props;
    super(scope, id, { description: 'Notes for many tenants, with a PDP beside the service', ...stackProps });
    const network = networkIn(this, source);
    const taskDefinition = this.#task(appContext);
    this.pdp = new PdpSidecar(this, 'Pdp', { taskDefinition, image, removalPolicy });
    const { vpc, endpoints } = network;
    const link = this.#group('LinkSecurityGroup', network, 'API Gateway: out, to the notes service');
    const tasks = this.#group('SecurityGroup', network, 'Notes: in, from API Gateway; out, to AWS endpoints');
    tasks.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'image and log, through the endpoints of the VPC');
    link.connections.allowTo(tasks, Port.tcp(APP_PORT), 'requests to the notes service');
    endpoints?.connectTasks(tasks);
    const service = new FargateService(this, 'Service', {
      cluster: new Cluster(this, 'Cluster', { vpc, containerInsightsV2: ContainerInsights.ENABLED }),
      taskDefinition,
      vpcSubnets: network.subnets,
      securityGroups: [tasks],
      assignPublicIp: false,
      desiredCount: 2,
      availabilityZoneRebalancing: AvailabilityZoneRebalancing.ENABLED,
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      circuitBreaker: { enable: true, rollback: true },
      cloudMapOptions: {
        cloudMapNamespace: new PrivateDnsNamespace(this, 'Namespace', { vpc, name: 'notes.internal' }),
        name: 'notes',
        // API Gateway takes the port from the record.
        dnsRecordType: DnsRecordType.SRV,
        containerPort: APP_PORT,
      },
    });
    service.node.addDependency(taskDefinition);
    if (endpoints !== undefined) service.node.addDependency(endpoints);
    this.pdp.grantEvaluate(service);
    this.#api(
      service,
      new VpcLink(this, 'Link', { vpc, subnets: network.subnets, securityGroups: [link] }),
      tokens,
    );
  }

  #task(appContext: string): FargateTaskDefinition {
    const task = new FargateTaskDefinition(this, 'Task', {
      cpu: 512,
      memoryLimitMiB: 1024,
      runtimePlatform: {
        cpuArchitecture: CpuArchitecture.ARM64,
        operatingSystemFamily: OperatingSystemFamily.LINUX,
      },
    });
    const log = new LogGroup(this, 'Log', { retention: RetentionDays.ONE_MONTH, removalPolicy });
    acknowledge(log, LOG_WITH_AWS_KEY);
    const linuxParameters = new LinuxParameters(this, 'Linux', { initProcessEnabled: true });
    linuxParameters.dropCapabilities(Capability.ALL);
    task.addContainer('app', {
      image: ContainerImage.fromDockerImageAsset(
        new DockerImageAsset(this, 'App', {
          directory: appContext,
          displayName: 'notes',
          platform: Platform.LINUX_ARM64,
        }),
      ),
      user: '65532:65532',
      readonlyRootFilesystem: true,
      linuxParameters,
      portMappings: [{ containerPort: APP_PORT }],
      healthCheck: { command: ['CMD', 'node', '/app/healthcheck.mjs'], interval: Duration.seconds(10) },
      logging: LogDrivers.awsLogs({
        logGroup: log,
        streamPrefix: 'app',
        mode: AwsLogDriverMode.NON_BLOCKING,
      }),
    });
    acknowledge(task, {
      ...TASK_FINDINGS,
      'AwsSolutions-ECS2': 'The one variable is PDP_URL, a loopback address.',
    });
    return task;
  }

  #group(id: string, { vpc }: SampleNetwork, description: string): SecurityGroup {
    return new SecurityGroup(this, id, { vpc, description, allowAllOutbound: false });
  }

  #api(service: FargateService, vpcLink: VpcLink, tokens: TokenIssuer | undefined): void {
    const api = new NotesApi(this, 'Notes', {
      tokens: tokens ?? userPoolIssuer(this, removalPolicy),
      removalPolicy,
    });
    const { cloudMapService } = service;
    if (cloudMapService === undefined) return;
    const parameterMapping = new ParameterMapping().overwriteHeader(
      'x-notes-subject',
      MappingValue.contextVariable('authorizer.claims.sub'),
    );
    const integration = new HttpServiceDiscoveryIntegration('Service', cloudMapService, {
      vpcLink,
      parameterMapping,
    });
    for (const { method, path } of NOTES_ROUTES) api.addRoute(method, path, integration);
    new CfnOutput(this, 'ApiUrl', { value: api.url, description: 'The notes API' });
  }
}
