import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

type Json = Record<string, unknown>;

/** What the fake has: one service of the cluster `pdp`. Names are the API's own. */
export interface FakeCluster {
  service: Json;
  /** By id. Each has `taskDefinitionArn` and whatever a test looks at. */
  tasks: Record<string, Json>;
  /** By family and number. */
  taskDefinitions: Record<string, Json>;
  /** By id. */
  serviceDeployments: Record<string, Json>;
  /** By id. */
  serviceRevisions: Record<string, Json>;
}

export interface FakeEcs {
  /** For `AWS_…` variables of what talks to it. */
  env: Record<string, string>;
  cluster: FakeCluster;
  /** Every call, in order: its action and input. */
  calls: { action: string; input: Json }[];
  /** Answers an action with an error of the API from now on. */
  refuse(action: string, type: string, message: string): void;
  /** Called before an action is answered, to change the cluster as time would. */
  before: (action: string) => void;
}

const ACCOUNT = 'arn:aws:ecs:eu-west-1:123456789012';
export const arn = (kind: string, id: string) => `${ACCOUNT}:${kind}/pdp/${id}`;
export const taskDefinitionArn = (name: string) => `${ACCOUNT}:task-definition/${name}`;

/** Tasks in a page of ListTasks: few, so that there is more than one page. */
const PAGE = 2;

/**
 * A fake of the ECS API on a free port of 127.0.0.1, in its own protocol (AWS JSON 1.1), that ends with the test. It
 * knows the actions that the kit uses, and refuses what ECS refuses: another cluster, another service, 101 tasks.
 */
export async function fakeEcs(contents: Partial<FakeCluster> = {}): Promise<FakeEcs> {
  const cluster: FakeCluster = {
    service: {},
    tasks: {},
    taskDefinitions: {},
    serviceDeployments: {},
    serviceRevisions: {},
    ...contents,
  };
  const refusals = new Map<string, { type: string; message: string }>();
  const fake = { cluster, calls: [] as FakeEcs['calls'], before: (_action: string) => {} };
  const server = createServer(async (request, response) => {
    const input = JSON.parse(await text(request)) as Json;
    const [, action = ''] = String(request.headers['x-amz-target']).split('.');
    fake.calls.push({ action, input });
    fake.before(action);
    const refusal = refusals.get(action) ?? refusalOf(action, input);
    if (refusal !== undefined) send(response, 400, { __type: refusal.type, message: refusal.message });
    else send(response, 200, answer(fake.cluster, action, input));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return Object.assign(fake, {
    env: {
      AWS_ENDPOINT_URL_ECS: `http://127.0.0.1:${port}`,
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'fake',
      AWS_SECRET_ACCESS_KEY: 'fake',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_MAX_ATTEMPTS: '1',
    },
    refuse: (action: string, type: string, message: string) => refusals.set(action, { type, message }),
  });
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
  response.end(JSON.stringify(body));
}

function refusalOf(action: string, input: Json): { type: string; message: string } | undefined {
  const inCluster = 'cluster' in input || !/Deployments$|Definition$|Revisions$/.test(action);
  if (inCluster && input.cluster !== 'pdp') {
    return { type: 'ClusterNotFoundException', message: 'Cluster not found.' };
  }
  // The one that tasks are listed by is a name, where others may be ARNs.
  const service =
    input.serviceName ??
    String(input.service ?? 'api')
      .split('/')
      .at(-1);
  if (service !== 'api') {
    return { type: 'ServiceNotFoundException', message: 'Service not found.' };
  }
  if (Array.isArray(input.tasks) && input.tasks.length > 100) {
    return { type: 'InvalidParameterException', message: 'Tasks cannot be more than 100.' };
  }
  return undefined;
}

function answer(cluster: FakeCluster, action: string, input: Json): Json {
  const wanted = (key: string, from: Record<string, Json>) =>
    (input[key] as string[]).flatMap((given) => from[given.split('/').at(-1) ?? ''] ?? []);
  switch (action) {
    case 'DescribeServices':
      return (input.services as string[]).every((name) => name === 'api' || name.endsWith('/api'))
        ? { services: [cluster.service], failures: [] }
        : { services: [], failures: [{ arn: input.services, reason: 'MISSING' }] };
    case 'ListTasks': {
      const ids = Object.keys(cluster.tasks);
      const from = Number(input.nextToken ?? 0);
      const more = from + PAGE < ids.length ? { nextToken: String(from + PAGE) } : {};
      return { taskArns: ids.slice(from, from + PAGE).map((id) => arn('task', id)), ...more };
    }
    case 'DescribeTasks':
      return { tasks: wanted('tasks', cluster.tasks), failures: [] };
    case 'DescribeTaskDefinition':
      return {
        taskDefinition: cluster.taskDefinitions[String(input.taskDefinition).split('/').at(-1) ?? ''],
      };
    case 'ListServiceDeployments':
      return { serviceDeployments: Object.values(cluster.serviceDeployments) };
    case 'DescribeServiceDeployments':
      return {
        serviceDeployments: wanted('serviceDeploymentArns', cluster.serviceDeployments),
        failures: [],
      };
    case 'DescribeServiceRevisions':
      return { serviceRevisions: wanted('serviceRevisionArns', cluster.serviceRevisions), failures: [] };
    case 'UpdateService':
      return { service: cluster.service };
    default:
      throw new Error(`the fake does not know ${action}`);
  }
}

/** A task of Fargate that runs at an address. */
export function fakeTask(id: string, address: string, more: Json = {}): Json {
  return {
    taskArn: arn('task', id),
    taskDefinitionArn: taskDefinitionArn('pdp:7'),
    availabilityZone: 'eu-west-1a',
    lastStatus: 'RUNNING',
    desiredStatus: 'RUNNING',
    healthStatus: 'HEALTHY',
    startedBy: 'ecs-svc/7',
    group: 'service:api',
    attachments: [
      {
        type: 'ElasticNetworkInterface',
        status: 'ATTACHED',
        details: [
          { name: 'subnetId', value: 'subnet-1' },
          { name: 'privateIPv4Address', value: address },
        ],
      },
    ],
    ...more,
  };
}

/** A task definition of the kit: one container, labelled with the revision of its policies. */
export function fakeTaskDefinition(name: string, revision: string | undefined, port = 7000): Json {
  return {
    taskDefinitionArn: taskDefinitionArn(name),
    containerDefinitions: [
      { name: 'log-router', image: 'router:1' },
      {
        name: 'pdp',
        image: `123456789012.dkr.ecr.eu-west-1.amazonaws.com/pdp:${name.replace(':', '-')}`,
        portMappings: [{ containerPort: port, protocol: 'tcp' }],
        healthCheck: { command: ['CMD', 'node', '/app/healthcheck.mjs'] },
        ...(revision === undefined ? {} : { dockerLabels: { 'pdp.revision': revision } }),
      },
    ],
  };
}

/** The service `api`, steady with `count` tasks of `pdp:7`. */
export function fakeService(count: number, more: Json = {}): Json {
  const counts = { desiredCount: count, runningCount: count, pendingCount: 0 };
  return {
    serviceArn: arn('service', 'api'),
    serviceName: 'api',
    clusterArn: `${ACCOUNT}:cluster/pdp`,
    status: 'ACTIVE',
    ...counts,
    taskDefinition: taskDefinitionArn('pdp:7'),
    deployments: [fakeDeployment('ecs-svc/7', counts)],
    ...more,
  };
}

/** A deployment of the service; without more it has completed. */
export function fakeDeployment(id: string, more: Json = {}): Json {
  return {
    id,
    status: 'PRIMARY',
    taskDefinition: taskDefinitionArn('pdp:7'),
    desiredCount: 2,
    runningCount: 2,
    pendingCount: 0,
    failedTasks: 0,
    rolloutState: 'COMPLETED',
    rolloutStateReason: `ECS deployment ${id} completed.`,
    createdAt: 1_790_000_000,
    ...more,
  };
}
