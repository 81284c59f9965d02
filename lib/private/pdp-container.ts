import { Duration, Names, Stack } from 'aws-cdk-lib';
import {
  AwsLogDriverMode,
  Capability,
  type ContainerDefinition,
  Secret as EcsSecret,
  LinuxParameters,
  LogDrivers,
  type TaskDefinition,
  UlimitName,
} from 'aws-cdk-lib/aws-ecs';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import type { PdpImageConfig } from '../pdp-image.ts';
import type { IPolicyStore } from '../policy-store.ts';
import { STATE_VOLUME } from './policy-layers.ts';

/** Where the container answers. A fixed port: Node resolves names to addresses, never to ports (SRV). */
export const PDP_PORT = 7000;

/** The name of the container in its task. */
export const PDP_CONTAINER = 'pdp';

/** The label of the container that tells its revision to whoever may describe the task definition. */
export const REVISION_LABEL = 'pdp.revision';

/** Each connection is a descriptor, and Fargate's own soft limit is 1,024. */
const OPEN_FILES = 65_535;

/** How long a container has to live to be started again in its task when it ends: ECS' shortest. */
const RESTART_PERIOD = Duration.seconds(60);

/** The name under which a PDP writes metrics: no other of the account and region has it. */
export function metricsName(pdp: Construct): string {
  return Names.uniqueResourceName(pdp, { maxLength: 64, separator: '-' });
}

export interface PdpContainerProps {
  readonly image: PdpImageConfig;
  /** The options of `pdp serve`, for an image that takes them. */
  readonly serveOptions: string[];
  readonly environment?: Record<string, string>;
  readonly secrets?: Record<string, EcsSecret>;
  readonly apiKey?: ISecret;
  readonly logGroup: ILogGroup;
  /** From SIGTERM to SIGKILL. */
  readonly stopTimeout: Duration;
  /** Whether the task stops with the container. */
  readonly essential?: boolean;
}

/**
 * Adds the PDP to a task: nothing it can write to, as far as the image goes, but a volume for the last good policies of
 * a store; and no privilege it can use.
 */
export function addPdpContainer(
  scope: Construct,
  task: TaskDefinition,
  props: PdpContainerProps,
): ContainerDefinition {
  const { image } = props;
  const { stores = [] } = image;
  const linuxParameters = new LinuxParameters(scope, 'Linux', { initProcessEnabled: true });
  linuxParameters.dropCapabilities(Capability.ALL);
  const secrets: Record<string, EcsSecret> = { ...props.secrets, ...image.secrets };
  if (props.apiKey !== undefined) secrets.PDP_API_KEY = EcsSecret.fromSecretsManager(props.apiKey);
  const container = task.addContainer(PDP_CONTAINER, {
    image: image.image,
    ...(image.takesServeOptions ? { command: ['serve', ...props.serveOptions] } : {}),
    ...(image.user === undefined ? {} : { user: image.user }),
    ...(image.revision === undefined ? {} : { dockerLabels: { [REVISION_LABEL]: image.revision } }),
    essential: props.essential ?? true,
    readonlyRootFilesystem: image.readonlyRootFilesystem,
    privileged: false,
    linuxParameters,
    portMappings: [{ containerPort: PDP_PORT }],
    environment: {
      ...props.environment,
      ...image.environment,
      // Where the AWS SDK asks; not every agent of ECS sets it.
      ...(stores.length === 0 ? {} : { AWS_REGION: Stack.of(scope).region }),
    },
    secrets,
    // In the task, where the volume is, and not by another task, which has none of it.
    ...(stores.length === 0 ? {} : { enableRestartPolicy: true, restartAttemptPeriod: RESTART_PERIOD }),
    healthCheck: {
      command: image.healthCheck,
      interval: Duration.seconds(10),
      timeout: Duration.seconds(5),
      retries: 3,
      startPeriod: Duration.seconds(30),
    },
    stopTimeout: props.stopTimeout,
    logging: LogDrivers.awsLogs({
      logGroup: props.logGroup,
      streamPrefix: 'pdp',
      // A log service that is slow or away must not hold up decisions; past the buffer lines are lost.
      mode: AwsLogDriverMode.NON_BLOCKING,
    }),
  });
  container.addUlimits({ name: UlimitName.NOFILE, softLimit: OPEN_FILES, hardLimit: OPEN_FILES });
  if (stores.length > 0) takeFrom(stores, task, container);
  return container;
}

/** The task may read the stores, starts when there is something in them, and keeps what it read while it lives. */
function takeFrom(
  stores: readonly IPolicyStore[],
  task: TaskDefinition,
  container: ContainerDefinition,
): void {
  // Fargate gives it to the user of the image, as the directory there is: see the Dockerfile.
  task.addVolume({ name: STATE_VOLUME.name });
  container.addMountPoints({
    sourceVolume: STATE_VOLUME.name,
    containerPath: STATE_VOLUME.path,
    readOnly: false,
  });
  for (const store of stores) {
    store.grantRead(task.taskRole);
    task.node.defaultChild?.node.addDependency(store);
  }
}
