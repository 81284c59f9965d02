import type { ECS, Service } from '@aws-sdk/client-ecs';
import { askTask, type TaskAccess, type TaskAnswer } from './ask-task.ts';
import type { ServiceName } from './connect.ts';
import { problemOf } from './problem.ts';
import { type DeploymentStatus, deploymentStatus, describeService, lastPart } from './service.ts';
import {
  describeServiceDeployment,
  type ServiceDeploymentStatus,
  serviceDeploymentArns,
} from './service-deployments.ts';
import { readTasks, type TaskStatus } from './tasks.ts';

/** A PDP's service as it is now. */
export interface ServiceStatus {
  cluster: string;
  service: string;
  /** `ACTIVE`, `DRAINING` or `INACTIVE`. */
  status: string;
  desired: number;
  running: number;
  pending: number;
  deployments: DeploymentStatus[];
  /** The newest service deployment, or why it is not known. */
  serviceDeployment: ServiceDeploymentStatus | { problem: string } | null;
  tasks: (TaskStatus & { answer?: TaskAnswer })[];
  /** Why it is not healthy; none when it is. */
  problems: string[];
}

/**
 * Reads the state of a service and of its tasks, and with `access` asks each running task.
 *
 * @throws UsageError when there is no such service, or the SDK's own error
 */
export async function readStatus(ecs: ECS, name: ServiceName, access?: TaskAccess): Promise<ServiceStatus> {
  const [service, found, serviceDeployment] = await Promise.all([
    describeService(ecs, name),
    readTasks(ecs, name),
    newestServiceDeployment(ecs, name),
  ]);
  const tasks = await Promise.all(
    found.map(async (task) =>
      access === undefined || task.lastStatus !== 'RUNNING'
        ? task
        : { ...task, answer: await askTask(task, access) },
    ),
  );
  const status = { ...countsOf(service), tasks, serviceDeployment };
  return { ...status, problems: problemsOf(status) };
}

function countsOf(service: Service) {
  return {
    cluster: lastPart(service.clusterArn),
    service: service.serviceName ?? '',
    status: service.status ?? '',
    desired: service.desiredCount ?? 0,
    running: service.runningCount ?? 0,
    pending: service.pendingCount ?? 0,
    deployments: (service.deployments ?? []).map(deploymentStatus),
  };
}

/** It is more than there is to know of a rolling deployment, so being refused it does not end the command. */
async function newestServiceDeployment(
  ecs: ECS,
  name: ServiceName,
): Promise<ServiceStatus['serviceDeployment']> {
  try {
    const [newest] = await serviceDeploymentArns(ecs, name);
    return newest === undefined ? null : ((await describeServiceDeployment(ecs, newest)) ?? null);
  } catch (error) {
    return { problem: problemOf(error, name) };
  }
}

function problemsOf(status: Omit<ServiceStatus, 'problems'>): string[] {
  const problems: string[] = [];
  if (status.status !== 'ACTIVE') problems.push(`the service is ${status.status}`);
  if (status.desired === 0) problems.push('no task is asked for: the desired count is 0');
  if (status.running < status.desired) problems.push(`${status.running} of ${status.desired} tasks run`);
  for (const { id, rolloutState, reason } of status.deployments) {
    if (rolloutState === 'FAILED')
      problems.push(`deployment ${id} failed${reason === null ? '' : `: ${reason}`}`);
  }
  for (const task of status.tasks.filter(({ lastStatus }) => lastStatus === 'RUNNING')) {
    // Without a check of its own ECS never knows.
    const isWell = task.health === 'HEALTHY' || (task.health === 'UNKNOWN' && !task.isChecked);
    if (!isWell) problems.push(`task ${task.id} is ${task.health}`);
    const said = task.answer === undefined ? undefined : problemOfAnswer(task.answer, task.revision);
    if (said !== undefined) problems.push(`task ${task.id}: ${said}`);
  }
  return problems;
}

function problemOfAnswer(answer: TaskAnswer, expected: string | null): string | undefined {
  if ('problem' in answer) return answer.problem;
  if (answer.status !== 'ready') return `it says that it is ${answer.status}`;
  if (expected === null || answer.revision === expected) return undefined;
  return `it serves revision ${answer.revision}, its task definition is labelled ${expected}`;
}
