import type { TaskAnswer } from '../ecs/ask-task.ts';
import type { DeploymentStatus } from '../ecs/service.ts';
import type { ServiceDeploymentStatus } from '../ecs/service-deployments.ts';
import type { ServiceStatus } from '../ecs/status.ts';
import { count, print, styled } from './output.ts';

/** Prints what `pdp status` found, for people. */
export function printStatus(status: ServiceStatus): void {
  const { desired, running, pending, serviceDeployment } = status;
  print(
    `service     ${status.service} in ${status.cluster}: ${status.status}, ` +
      `${running} of ${count(desired, 'task')} run, ${pending} pending`,
  );
  for (const deployment of status.deployments) printDeployment(deployment);
  if (serviceDeployment !== null) printServiceDeployment(serviceDeployment);
  for (const task of status.tasks) {
    const place = [task.zone, task.address].filter((part) => part !== null).join('  ');
    print(`task        ${task.id}  ${place}  ${task.lastStatus}  ${health(task.health)}`);
    print(
      `            ${task.taskDefinition}  revision ${task.revision ?? 'not labelled'}  image ${task.image ?? 'unknown'}`,
    );
    if (task.answer !== undefined) print(`            asked: ${said(task.answer)}`);
  }
  if (status.problems.length === 0) print(styled('green', 'healthy'));
  for (const problem of status.problems) print(`${styled('red', 'not healthy')}  ${problem}`);
}

function printDeployment(deployment: DeploymentStatus): void {
  const { id, status, rolloutState, taskDefinition, desired, running, pending, failed, reason } = deployment;
  print(
    `deployment  ${id}  ${status}  ${rolloutState ?? 'unknown'}  ${taskDefinition}: ` +
      `${running} of ${desired} run, ${pending} pending, ${failed} failed`,
  );
  if (reason !== null) print(styled('dim', `            ${reason}`));
}

function printServiceDeployment(deployment: ServiceDeploymentStatus | { problem: string }): void {
  if ('problem' in deployment) {
    print(styled('dim', `            service deployments are not shown: ${deployment.problem}`));
    return;
  }
  const { id, status, strategy, stage, target, reason } = deployment;
  const parts = [strategy, status, stage].filter((part) => part !== null).join('  ');
  const progress =
    target === null ? '' : `: ${target.running} of ${target.requested} run, ${target.pending} pending`;
  const percent = target === null ? null : target.trafficPercent;
  print(`rollout     ${id}  ${parts}${progress}${percent === null ? '' : `, ${percent} % of the traffic`}`);
  if (reason !== null) print(styled('dim', `            ${reason}`));
}

function health(word: string): string {
  return word === 'HEALTHY' ? styled('green', word) : word === 'UNHEALTHY' ? styled('red', word) : word;
}

function said(answer: TaskAnswer): string {
  return 'problem' in answer ? answer.problem : `${answer.status}, revision ${answer.revision ?? 'none'}`;
}
