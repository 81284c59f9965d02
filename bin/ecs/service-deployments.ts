import type { ECS, ServiceDeployment, ServiceRevisionSummary } from '@aws-sdk/client-ecs';
import type { ServiceName } from './connect.ts';
import { lastPart } from './service.ts';

/** A service deployment: what blue/green, linear and canary deployments are followed by. */
export interface ServiceDeploymentStatus {
  id: string;
  /** Such as `IN_PROGRESS`, `SUCCESSFUL`, `ROLLBACK_SUCCESSFUL`. */
  status: string;
  reason: string | null;
  /** Where a blue/green deployment is, such as `POST_TEST_TRAFFIC_SHIFT`. */
  stage: string | null;
  /** `ROLLING`, `BLUE_GREEN`, `LINEAR` or `CANARY`. */
  strategy: string | null;
  target: RevisionProgress | null;
  sources: RevisionProgress[];
}

/** How far a revision of the service is; this is ECS' revision, not that of the policies. */
export interface RevisionProgress {
  id: string;
  requested: number;
  running: number;
  pending: number;
  /** Percent of the traffic of production that it is to have; null for a rolling deployment. */
  trafficPercent: number | null;
}

/** The ARNs of the service's deployments, the newest first. */
export async function serviceDeploymentArns(ecs: ECS, { cluster, service }: ServiceName): Promise<string[]> {
  const { serviceDeployments = [] } = await ecs.listServiceDeployments({ cluster, service, maxResults: 100 });
  return serviceDeployments
    .toSorted((a, b) => (b.createdAt?.getTime() ?? 0) - (a.createdAt?.getTime() ?? 0))
    .flatMap(({ serviceDeploymentArn }) => serviceDeploymentArn ?? []);
}

export async function describeServiceDeployment(
  ecs: ECS,
  arn: string,
): Promise<ServiceDeploymentStatus | undefined> {
  const { serviceDeployments } = await ecs.describeServiceDeployments({ serviceDeploymentArns: [arn] });
  const [found] = serviceDeployments ?? [];
  return found && serviceDeploymentStatus(found);
}

function serviceDeploymentStatus(deployment: ServiceDeployment): ServiceDeploymentStatus {
  const { targetServiceRevision: target, sourceServiceRevisions: sources = [] } = deployment;
  return {
    id: lastPart(deployment.serviceDeploymentArn),
    status: deployment.status ?? '',
    reason: deployment.statusReason || deployment.rollback?.reason || null,
    stage: deployment.lifecycleStage ?? null,
    strategy: deployment.deploymentConfiguration?.strategy ?? null,
    target: target === undefined ? null : revisionProgress(target),
    sources: sources.map(revisionProgress),
  };
}

function revisionProgress(revision: ServiceRevisionSummary): RevisionProgress {
  return {
    id: lastPart(revision.arn),
    requested: revision.requestedTaskCount ?? 0,
    running: revision.runningTaskCount ?? 0,
    pending: revision.pendingTaskCount ?? 0,
    trafficPercent: revision.requestedProductionTrafficWeight ?? null,
  };
}
