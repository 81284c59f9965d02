import type { Deployment, ECS, Service } from '@aws-sdk/client-ecs';
import { UsageError } from '../terminal/exit.ts';
import type { ServiceName } from './connect.ts';
import { noSuchService } from './problem.ts';

/** @throws UsageError when there is none of that name, or the SDK's own error */
export async function describeService(ecs: ECS, { cluster, service }: ServiceName): Promise<Service> {
  const { services } = await ecs.describeServices({ cluster, services: [service] });
  const [found] = services ?? [];
  if (found === undefined) throw new UsageError(noSuchService({ cluster, service }));
  return found;
}

/** A deployment of the service, as the scheduler counts its tasks. */
export interface DeploymentStatus {
  id: string;
  /** `PRIMARY`: the newest; `ACTIVE`: one whose tasks it replaces. */
  status: string;
  /** `IN_PROGRESS`, `COMPLETED` or `FAILED`; null where ECS tells none. */
  rolloutState: string | null;
  reason: string | null;
  /** Family and number of the task definition. */
  taskDefinition: string;
  desired: number;
  running: number;
  pending: number;
  /** Tasks that could not be started or failed their checks. */
  failed: number;
}

export function deploymentStatus(deployment: Deployment): DeploymentStatus {
  return {
    id: deployment.id ?? '',
    status: deployment.status ?? '',
    rolloutState: deployment.rolloutState ?? null,
    reason: deployment.rolloutStateReason || null,
    taskDefinition: lastPart(deployment.taskDefinition),
    desired: deployment.desiredCount ?? 0,
    running: deployment.runningCount ?? 0,
    pending: deployment.pendingCount ?? 0,
    failed: deployment.failedTasks ?? 0,
  };
}

/** The id that an ARN ends with; of a name, the name. */
export function lastPart(arn: string | undefined): string {
  return arn?.split('/').at(-1) ?? '';
}
