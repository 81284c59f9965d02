import type { ContainerDefinition, ECS, Task } from '@aws-sdk/client-ecs';
import type { ServiceName } from './connect.ts';
import { lastPart } from './service.ts';

/** The label of the container that says which revision of the policies is in its image. */
const REVISION_LABEL = 'pdp.revision';

/** The PDP's port where the task definition names none. */
const DEFAULT_PORT = 7000;

export interface TaskStatus {
  id: string;
  zone: string | null;
  /** Its private address. */
  address: string | null;
  port: number;
  /** Such as `PENDING` or `RUNNING`. */
  lastStatus: string;
  /** `HEALTHY`, `UNHEALTHY`, or `UNKNOWN` while it starts. */
  health: string;
  /** Whether its container has a health check that ECS runs. */
  isChecked: boolean;
  /** Family and number. */
  taskDefinition: string;
  image: string | null;
  /** The revision of the policies that its task definition is labelled with. */
  revision: string | null;
  /** The deployment that started it. */
  deployment: string | null;
}

/** The tasks of the service that run or are to run, oldest task definition first. */
export async function readTasks(ecs: ECS, { cluster, service }: ServiceName): Promise<TaskStatus[]> {
  const tasks = await describeTasks(ecs, cluster, await taskArns(ecs, cluster, lastPart(service)));
  const arns = [...new Set(tasks.flatMap(({ taskDefinitionArn }) => taskDefinitionArn ?? []))];
  const definitions = await Promise.all(
    arns.map(async (taskDefinition) => {
      const { taskDefinition: found } = await ecs.describeTaskDefinition({ taskDefinition });
      return [taskDefinition, pdpContainer(found?.containerDefinitions ?? [])] as const;
    }),
  );
  const containers = new Map(definitions);
  return tasks
    .map((task) => taskStatus(task, containers.get(task.taskDefinitionArn ?? '')))
    .sort((a, b) => compare(a.taskDefinition, b.taskDefinition) || compare(a.id, b.id));
}

async function taskArns(ecs: ECS, cluster: string, serviceName: string): Promise<string[]> {
  const arns: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = await ecs.listTasks({ cluster, serviceName, ...(nextToken ? { nextToken } : {}) });
    arns.push(...(page.taskArns ?? []));
    nextToken = page.nextToken;
  } while (nextToken);
  return arns;
}

async function describeTasks(ecs: ECS, cluster: string, arns: string[]): Promise<Task[]> {
  const tasks: Task[] = [];
  // No more than 100 in a call.
  for (let from = 0; from < arns.length; from += 100) {
    const page = await ecs.describeTasks({ cluster, tasks: arns.slice(from, from + 100) });
    tasks.push(...(page.tasks ?? []));
  }
  return tasks;
}

/** The one that is labelled, or named `pdp`, among those of a task that may have others beside it. */
function pdpContainer(containers: ContainerDefinition[]): ContainerDefinition | undefined {
  return (
    containers.find(({ dockerLabels }) => dockerLabels?.[REVISION_LABEL] !== undefined) ??
    containers.find(({ name }) => name === 'pdp') ??
    containers[0]
  );
}

function taskStatus(task: Task, container: ContainerDefinition | undefined): TaskStatus {
  return {
    id: lastPart(task.taskArn),
    zone: task.availabilityZone ?? null,
    address: privateAddress(task) ?? null,
    port: container?.portMappings?.[0]?.containerPort ?? DEFAULT_PORT,
    lastStatus: task.lastStatus ?? '',
    health: task.healthStatus ?? 'UNKNOWN',
    isChecked: container?.healthCheck !== undefined,
    taskDefinition: lastPart(task.taskDefinitionArn),
    image: container?.image ?? null,
    revision: container?.dockerLabels?.[REVISION_LABEL] ?? null,
    deployment: task.startedBy ?? null,
  };
}

function privateAddress({ attachments = [], containers = [] }: Task): string | undefined {
  const details = attachments.flatMap((attachment) => attachment.details ?? []);
  const attached = details.find(({ name }) => name === 'privateIPv4Address')?.value;
  return (
    attached ?? containers.flatMap(({ networkInterfaces = [] }) => networkInterfaces)[0]?.privateIpv4Address
  );
}

function compare(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
