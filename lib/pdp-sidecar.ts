import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import {
  type CfnTaskDefinition,
  ContainerDefinition,
  ContainerDependencyCondition,
  CpuArchitecture,
  NetworkMode,
  type TaskDefinition,
} from 'aws-cdk-lib/aws-ecs';
import { Grant } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { MonitoredPdp } from './monitored-pdp.ts';
import type { PdpGrantee } from './pdp.ts';
import { imageOf, type PdpImage } from './pdp-image.ts';
import type { IPolicyStore, PolicyLayers } from './policy-store.ts';
import { pdpLog } from './private/decision-log.ts';
import { isService, pathOf } from './private/grantee.ts';
import { addPdpContainer, metricsName, PDP_CONTAINER, PDP_PORT } from './private/pdp-container.ts';
import { refreshOptions } from './private/refresh.ts';
import { SynthesisError } from './synthesis-error.ts';

export interface PdpSidecarProps {
  /** The application's task, with the network mode `awsvpc`: its containers share the loopback address. */
  readonly taskDefinition: TaskDefinition;
  /**
   * The directory of the policies, schema and entities, checked and built at synth, or a `.tar.gz` that `pdp build`
   * wrote. Or a store, which the role of the task then may read, and whose publications the container takes within
   * seconds. Or several of these as layers.
   *
   * @default - `image` has them
   */
  readonly policies?: PolicyLayers;
  /**
   * How often the container looks for a new publication, with policies in a store only. Whole seconds.
   *
   * @default Duration.seconds(10)
   */
  readonly refreshInterval?: Duration;
  /**
   * What the container runs, in place of `policies`. Permit's container is not offered here: it listens on every
   * address of the task.
   *
   * @default - the kit's image with `policies`
   */
  readonly image?: PdpImage;
  /**
   * The KMS key of the log.
   *
   * @default - a key of AWS
   */
  readonly encryptionKey?: IKey;
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
}

/**
 * The policy decision point as a container in the application's own task. It listens on the task's loopback address
 * alone, so only containers of the task reach it, and needs no key, no certificate and no rule. The task stops when
 * it stops, and starts its other containers when it is healthy.
 *
 * @example
 * const pdp = new PdpSidecar(this, 'Pdp', { taskDefinition, policies: 'policies' });
 * pdp.grantEvaluate(service);
 */
export class PdpSidecar extends MonitoredPdp {
  readonly connections = undefined;
  readonly endpoint = `http://127.0.0.1:${PDP_PORT}`;
  readonly vpc = undefined;
  readonly environment: Readonly<Record<string, string>> = { PDP_URL: this.endpoint };
  readonly container: ContainerDefinition;
  readonly logGroup: LogGroup;
  /** The revision of the policies, when it is known at synth: none of them is in a store. */
  readonly revision: string | undefined;
  /** The stores from which it takes policies. In an isolated VPC let them through with `endpoints.connectStore`. */
  readonly policyStores: readonly IPolicyStore[];
  readonly expectedTasks = undefined;
  readonly metricsName: string;
  readonly #taskDefinition: TaskDefinition;

  /**
   * @throws SynthesisError when the policies are missing or cannot be built, the task's network mode is not `awsvpc`,
   * or the image cannot be kept to the loopback address
   */
  constructor(scope: Construct, id: string, props: PdpSidecarProps) {
    super(scope, id);
    const { taskDefinition, removalPolicy = RemovalPolicy.RETAIN } = props;
    if (taskDefinition.networkMode !== NetworkMode.AWS_VPC) {
      throw new SynthesisError(
        `taskDefinition: its network mode is ${taskDefinition.networkMode}, in which containers share no loopback ` +
          'address; use awsvpc',
      );
    }
    const image = imageOf(props)._bind(this, cpuArchitectureOf(taskDefinition));
    if (!image.takesServeOptions) {
      throw new SynthesisError(
        'image: this container listens on every address of the task; a sidecar must be the kit’s own',
      );
    }
    this.#taskDefinition = taskDefinition;
    this.revision = image.revision;
    this.policyStores = image.stores ?? [];
    this.metricsName = metricsName(this);
    this.logGroup = pdpLog(this, { ...props, removalPolicy });
    this.container = addPdpContainer(this, taskDefinition, {
      image,
      serveOptions: [
        ...['--host', '127.0.0.1'],
        // Its callers are stopped first, so there is nobody to drain for.
        ...['--drain-seconds', '0'],
        ...['--opa-port', 'off'],
        ...['--cloudwatch-metrics', this.metricsName],
        ...refreshOptions(props.refreshInterval, image),
      ],
      logGroup: this.logGroup,
      stopTimeout: Duration.seconds(30),
    });
  }

  /**
   * Sets `PDP_URL` in every other container that the service's task has so far, and lets them start when the PDP is
   * healthy. No permission is needed to ask in the same task.
   *
   * @throws SynthesisError when the grantee is not a service of the sidecar's task, or the task has no other container
   */
  grantEvaluate(grantee: PdpGrantee): Grant {
    if (!isService(grantee) || grantee.taskDefinition !== this.#taskDefinition) {
      throw new SynthesisError(
        `${pathOf(grantee)}: only containers of its own task reach a sidecar; grant the service of that task`,
      );
    }
    const callers = this.#taskDefinition.node.children.filter(
      (child) => child instanceof ContainerDefinition && child.containerName !== PDP_CONTAINER,
    ) as ContainerDefinition[];
    if (callers.length === 0) {
      throw new SynthesisError(
        `${this.#taskDefinition.node.path}: the task has no container to ask yet; add it before grantEvaluate`,
      );
    }
    for (const caller of callers) {
      for (const [name, value] of Object.entries(this.environment)) caller.addEnvironment(name, value);
      caller.addContainerDependencies({
        container: this.container,
        condition: ContainerDependencyCondition.HEALTHY,
      });
    }
    return Grant.drop(
      { grantPrincipal: this.#taskDefinition.taskRole },
      'the policy decision point is in the task of its callers',
    );
  }
}

/** Fargate's own default is x86-64. */
function cpuArchitectureOf(task: TaskDefinition): CpuArchitecture {
  const platform = (task.node.defaultChild as CfnTaskDefinition).runtimePlatform;
  const isArm =
    platform !== undefined && 'cpuArchitecture' in platform && platform.cpuArchitecture === 'ARM64';
  return isArm ? CpuArchitecture.ARM64 : CpuArchitecture.X86_64;
}
