import type { ECS, Task } from '@aws-sdk/client-ecs';
import type { GatedService } from './events.ts';
import { GateError } from './gate-error.ts';

/** A task that is to be checked. */
export interface GatedTask {
  id: string;
  /** Its private address, once it has one. */
  address: string | undefined;
  /** Whether it runs; another may be starting. */
  isRunning: boolean;
}

/** The tasks of what is being deployed. */
export interface Deployed {
  tasks: GatedTask[];
  /** Fewest tasks that there must be. */
  atLeast: number;
}

/**
 * The tasks of the service's primary deployment, the newest; those of the one before are on their way out.
 *
 * @throws GateError when there is no such service, or the SDK's own error
 */
export async function tasksOfPrimary(ecs: ECS, name: GatedService): Promise<Deployed> {
  const { services } = await ecs.describeServices({ cluster: name.cluster, services: [name.service] });
  const [service] = services ?? [];
  const primary = service?.deployments?.find(({ status }) => status === 'PRIMARY');
  if (primary === undefined) throw new GateError(`there is no service ${name.service} with a deployment`);
  const tasks = await readTasks(ecs, name);
  return {
    tasks: tasks.filter(({ startedBy }) => startedBy === primary.id).map(gatedTask),
    atLeast: primary.desiredCount ?? 0,
  };
}

/**
 * The tasks of a service revision, one of which there must be: those of its task definition.
 *
 * @throws GateError when there is no such revision, or the SDK's own error
 */
export async function tasksOfRevision(ecs: ECS, name: GatedService, revision: string): Promise<Deployed> {
  const { serviceRevisions } = await ecs.describeServiceRevisions({ serviceRevisionArns: [revision] });
  const definition = serviceRevisions?.[0]?.taskDefinition;
  if (definition === undefined) throw new GateError(`there is no service revision ${revision}`);
  const tasks = await readTasks(ecs, name);
  return {
    tasks: tasks.filter(({ taskDefinitionArn }) => taskDefinitionArn === definition).map(gatedTask),
    atLeast: 1,
  };
}

/** All tasks that are to run. */
async function readTasks(ecs: ECS, { cluster, service }: GatedService): Promise<Task[]> {
  const tasks: Task[] = [];
  let nextToken: string | undefined;
  do {
    // As many as can be described in one call.
    const page = await ecs.listTasks({
      cluster,
      serviceName: service,
      desiredStatus: 'RUNNING',
      maxResults: 100,
      ...(nextToken ? { nextToken } : {}),
    });
    nextToken = page.nextToken;
    if (page.taskArns === undefined || page.taskArns.length === 0) continue;
    const described = await ecs.describeTasks({ cluster, tasks: page.taskArns });
    tasks.push(...(described.tasks ?? []));
  } while (nextToken);
  // One may have been told to stop since the list.
  return tasks.filter(({ desiredStatus }) => desiredStatus === 'RUNNING');
}

function gatedTask({ taskArn, lastStatus, attachments = [] }: Task): GatedTask {
  const details = attachments.flatMap((attachment) => attachment.details ?? []);
  return {
    id: taskArn?.split('/').at(-1) ?? '',
    address: details.find(({ name }) => name === 'privateIPv4Address')?.value,
    isRunning: lastStatus === 'RUNNING',
  };
}
