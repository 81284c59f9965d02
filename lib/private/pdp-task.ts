import { Duration, Validations } from 'aws-cdk-lib';
import {
  AwsLogDriverMode,
  Capability,
  type ContainerImage,
  CpuArchitecture,
  Secret as EcsSecret,
  FargateTaskDefinition,
  LinuxParameters,
  LogDrivers,
  OperatingSystemFamily,
  UlimitName,
} from 'aws-cdk-lib/aws-ecs';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { IMAGE_HEALTH_CHECK, IMAGE_USER } from './pdp-image.ts';
import { checkTaskSize } from './task-size.ts';

/** Where the container answers. A fixed port: Node resolves names to addresses, never to ports (SRV). */
export const PDP_PORT = 7000;

/** How long a resolver may keep the addresses: what a client is behind, at most, when tasks come and go. */
export const DNS_TTL = Duration.seconds(10);

/** How long a stopping task goes on answering: twice the time that names which a client resolved may be kept. */
const DRAIN = Duration.seconds(2 * DNS_TTL.toSeconds());

/** From SIGTERM to SIGKILL: the drain and the longest request after it, so that the server always ends by itself. */
const STOP_TIMEOUT = Duration.seconds(DRAIN.toSeconds() + 40);

/** Each connection is a descriptor, and Fargate's own soft limit is 1,024. */
const OPEN_FILES = 65_535;

export interface PdpTaskProps {
  readonly image: ContainerImage;
  /** 1,024 units are one vCPU. */
  readonly cpu: number;
  readonly memoryLimitMiB: number;
  /** The URL that clients know the PDP by. */
  readonly endpoint: string;
  readonly apiKey: ISecret;
  readonly logGroup: ILogGroup;
}

/**
 * The PDP's task: nothing it can write to, no privilege it can use, and a task role that may do nothing.
 *
 * @throws SynthesisError when Fargate has no task of that size
 */
export function pdpTask(scope: Construct, props: PdpTaskProps): FargateTaskDefinition {
  checkTaskSize(props.cpu, props.memoryLimitMiB);
  const task = new FargateTaskDefinition(scope, 'Task', {
    cpu: props.cpu,
    memoryLimitMiB: props.memoryLimitMiB,
    runtimePlatform: {
      cpuArchitecture: CpuArchitecture.ARM64,
      operatingSystemFamily: OperatingSystemFamily.LINUX,
    },
  });
  const linuxParameters = new LinuxParameters(scope, 'Linux', { initProcessEnabled: true });
  linuxParameters.dropCapabilities(Capability.ALL);
  const container = task.addContainer('pdp', {
    image: props.image,
    command: [
      'serve',
      ...['--public-url', props.endpoint],
      ...['--drain-seconds', `${DRAIN.toSeconds()}`],
      // No security group lets anyone reach it.
      ...['--opa-port', 'off'],
    ],
    user: IMAGE_USER,
    readonlyRootFilesystem: true,
    privileged: false,
    linuxParameters,
    portMappings: [{ containerPort: PDP_PORT }],
    secrets: { PDP_API_KEY: EcsSecret.fromSecretsManager(props.apiKey) },
    healthCheck: {
      command: IMAGE_HEALTH_CHECK,
      interval: Duration.seconds(10),
      timeout: Duration.seconds(5),
      retries: 3,
      startPeriod: Duration.seconds(30),
    },
    stopTimeout: STOP_TIMEOUT,
    logging: LogDrivers.awsLogs({
      logGroup: props.logGroup,
      streamPrefix: 'pdp',
      // A log service that is slow or away must not hold up decisions; past the buffer lines are lost.
      mode: AwsLogDriverMode.NON_BLOCKING,
    }),
  });
  container.addUlimits({ name: UlimitName.NOFILE, softLimit: OPEN_FILES, hardLimit: OPEN_FILES });
  Validations.of(task).acknowledge({
    id: 'AwsSolutions-IAM5[Resource::*]',
    reason:
      'ecr:GetAuthorizationToken has no resource; every other statement of the execution role names its own.',
  });
  return task;
}
