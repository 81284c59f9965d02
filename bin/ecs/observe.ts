import type { ECS } from '@aws-sdk/client-ecs';
import type { ServiceName } from './connect.ts';
import { deploymentStatus, describeService } from './service.ts';
import { describeServiceDeployment, serviceDeploymentArns } from './service-deployments.ts';

/** What a look at a deployment showed. */
export interface Observation {
  state: 'going' | 'completed' | 'failed';
  /** How far it is, in a line. */
  progress: string;
  /** Why it failed, where ECS says so. */
  reason: string | null;
}

/** Looks at one deployment. */
export type Observer = () => Promise<Observation>;

/** A rolling deployment is a deployment of the service, whose `rolloutState` says how it ends. */
export function rollingObserver(ecs: ECS, name: ServiceName, id: string): Observer {
  let wasThere = false;
  return async () => {
    const deployments = ((await describeService(ecs, name)).deployments ?? []).map(deploymentStatus);
    const ours = deployments.find((deployment) => deployment.id === id);
    if (ours === undefined) {
      // ECS may need a moment to show what it has just begun.
      if (!wasThere) return { state: 'going', progress: `${id}: not shown yet`, reason: null };
      return { state: 'failed', progress: `${id}: gone`, reason: 'another deployment took its place' };
    }
    wasThere = true;
    const old = deployments.reduce((sum, { id: other, running }) => (other === id ? sum : sum + running), 0);
    const { rolloutState, running, desired, pending, failed, reason } = ours;
    const progress =
      `${id} ${rolloutState ?? 'unknown'}: ${running} of ${desired} new tasks run, ` +
      `${pending} pending, ${failed} failed; ${old} old`;
    return { state: STATES.get(rolloutState ?? '') ?? 'going', progress, reason };
  };
}

/** Any other is a service deployment, which goes through stages; it is the first that was not there before. */
export function serviceDeploymentObserver(
  ecs: ECS,
  name: ServiceName,
  before: ReadonlySet<string>,
): Observer {
  let arn: string | undefined;
  return async () => {
    arn ??= (await serviceDeploymentArns(ecs, name)).find((listed) => !before.has(listed));
    const found = arn === undefined ? undefined : await describeServiceDeployment(ecs, arn);
    if (found === undefined)
      return { state: 'going', progress: 'the deployment is not shown yet', reason: null };
    const { id, status, stage, target, reason } = found;
    const tasks =
      target === null
        ? ''
        : `: ${target.running} of ${target.requested} new tasks run, ${target.pending} pending, ` +
          `${target.trafficPercent ?? 0} % of the traffic`;
    const progress = `${id} ${status}${stage === null ? '' : ` ${stage}`}${tasks}`;
    return { state: STATES.get(status) ?? 'going', progress, reason };
  };
}

/** The states that end a deployment; all others go on. */
const STATES: ReadonlyMap<string, Observation['state']> = new Map([
  ['COMPLETED', 'completed'],
  ['FAILED', 'failed'],
  ['SUCCESSFUL', 'completed'],
  ['STOPPED', 'failed'],
  ['ROLLBACK_SUCCESSFUL', 'failed'],
  ['ROLLBACK_FAILED', 'failed'],
]);
