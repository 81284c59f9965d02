import { Duration } from 'aws-cdk-lib';
import type { CapacityProviderStrategy, FargateService } from 'aws-cdk-lib/aws-ecs';
import type { ApplicationTargetGroup } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { FargatePdpProps, PdpScaling } from '../fargate-pdp-props.ts';
import { SynthesisError } from '../synthesis-error.ts';

const DEFAULT_TASKS = 2;

/** Tasks are there in half a minute, and load that goes may come back: out at once, in slowly. */
const SCALE_OUT_COOLDOWN = Duration.seconds(30);
const SCALE_IN_COOLDOWN = Duration.minutes(5);

/**
 * The number of tasks that the service starts with, or nothing when their load sets it: a number in the template
 * would undo at each deployment what the load has set.
 *
 * @throws SynthesisError when the numbers do not go together
 */
export function initialTasks({ desiredCount, scaling, exposure }: FargatePdpProps): number | undefined {
  if (scaling === undefined) return atLeast('desiredCount', desiredCount ?? DEFAULT_TASKS, 1);
  if (desiredCount !== undefined) {
    throw new SynthesisError('desiredCount: scaling sets the number of tasks; use scaling.minTasks instead');
  }
  const { minTasks = DEFAULT_TASKS, maxTasks, targetCpuPercent = 50, requestsPerTaskPerMinute } = scaling;
  atLeast('scaling.minTasks', minTasks, 1);
  atLeast('scaling.maxTasks', maxTasks, minTasks);
  if (targetCpuPercent < 1 || targetCpuPercent > 100) {
    throw new SynthesisError(
      `scaling.targetCpuPercent: ${targetCpuPercent} is not a percentage; use 1 to 100`,
    );
  }
  if (requestsPerTaskPerMinute !== undefined && exposure !== 'loadBalancer') {
    throw new SynthesisError(
      "scaling.requestsPerTaskPerMinute: only a load balancer counts requests; set exposure: 'loadBalancer'",
    );
  }
  return undefined;
}

/** Fewest tasks there are when all is well. */
export function fewestTasks({ desiredCount, scaling }: FargatePdpProps): number {
  return scaling?.minTasks ?? desiredCount ?? DEFAULT_TASKS;
}

export function scale(
  service: FargateService,
  { minTasks = DEFAULT_TASKS, maxTasks, targetCpuPercent = 50, requestsPerTaskPerMinute }: PdpScaling,
  targets: ApplicationTargetGroup | undefined,
): void {
  const count = service.autoScaleTaskCount({ minCapacity: minTasks, maxCapacity: maxTasks });
  const cooldowns = { scaleOutCooldown: SCALE_OUT_COOLDOWN, scaleInCooldown: SCALE_IN_COOLDOWN };
  count.scaleOnCpuUtilization('Cpu', { targetUtilizationPercent: targetCpuPercent, ...cooldowns });
  if (requestsPerTaskPerMinute !== undefined && targets !== undefined) {
    count.scaleOnRequestCount('Requests', {
      requestsPerTarget: requestsPerTaskPerMinute,
      targetGroup: targets,
      ...cooldowns,
    });
  }
}

/**
 * Where the tasks run: the first on Fargate, so that one is always there; of the others `spotWeight` percent on Spot.
 *
 * @throws SynthesisError when it is no percentage
 */
export function capacityProviders(spotWeight: number): CapacityProviderStrategy[] {
  if (!Number.isInteger(spotWeight) || spotWeight < 0 || spotWeight > 100) {
    throw new SynthesisError(
      `spotWeight: ${spotWeight} is not a share in percent; use a whole number, 0 to 100`,
    );
  }
  const onDemand = { capacityProvider: 'FARGATE', base: 1, weight: 100 - spotWeight };
  return spotWeight === 0 ? [] : [onDemand, { capacityProvider: 'FARGATE_SPOT', weight: spotWeight }];
}

function atLeast(name: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw new SynthesisError(`${name}: ${value} tasks; use a whole number, ${least} or more`);
}
