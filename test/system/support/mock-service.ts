import { ECS } from '@aws-sdk/client-ecs';
import { command } from './command.ts';
import type { MockAws } from './mock-aws.ts';

/** A service on Fargate in a mock AWS, in which nothing starts by itself. */
export interface MockService {
  readonly cluster: string;
  readonly service: string;
  /**
   * Starts a task of the service's newest deployment, as its scheduler would. Its private address is one of the
   * loopback interface of this machine until the end of the test, so what listens on it is the task.
   */
  runTask(): Promise<{ id: string; address: string }>;
}

/** @param revision what the container is labelled with */
export async function mockService(
  { env }: MockAws,
  revision: string,
  defer: (undo: () => unknown) => void,
): Promise<MockService> {
  const ecs = new ECS({
    region: env.AWS_REGION,
    endpoint: env.AWS_ENDPOINT_URL,
    credentials: { accessKeyId: 'mock', secretAccessKey: 'mock' },
  });
  defer(() => ecs.destroy());
  await keepTasksRunning(env);
  const cluster = 'pdp';
  const service = 'api';
  await ecs.createCluster({ clusterName: cluster });
  await ecs.registerTaskDefinition({
    family: 'pdp',
    networkMode: 'awsvpc',
    requiresCompatibilities: ['FARGATE'],
    cpu: '512',
    memory: '1024',
    containerDefinitions: [
      {
        name: 'pdp',
        image: 'pdp:1',
        cpu: 0,
        memory: 512,
        portMappings: [{ containerPort: 7000 }],
        dockerLabels: { 'pdp.revision': revision },
      },
    ],
  });
  const networkConfiguration = { awsvpcConfiguration: await defaultNetwork(env) };
  const launch = { launchType: 'FARGATE', networkConfiguration } as const;
  // Made with no task and then given one: the mock counts that as running, and the first as not yet begun.
  await ecs.createService({
    cluster,
    serviceName: service,
    taskDefinition: 'pdp',
    desiredCount: 0,
    ...launch,
  });
  await ecs.updateService({ cluster, service, desiredCount: 1 });
  return {
    cluster,
    service,
    runTask: async () => {
      const { services } = await ecs.describeServices({ cluster, services: [service] });
      const startedBy = services?.[0]?.deployments?.[0]?.id;
      const group = `service:${service}`;
      const { tasks } = await ecs.runTask({ cluster, taskDefinition: 'pdp', startedBy, group, ...launch });
      const [task] = tasks ?? [];
      const details = task?.attachments?.[0]?.details ?? [];
      const address = details.find(({ name }) => name === 'privateIPv4Address')?.value;
      const id = task?.taskArn?.split('/').at(-1);
      if (id === undefined || address === undefined) throw new Error('the mock started no task');
      const onLoopback = [`${address}/32`, 'dev', 'lo'];
      await command('ip', ['address', 'add', ...onLoopback]);
      defer(() => command('ip', ['address', 'del', ...onLoopback]));
      return { id, address };
    },
  };
}

/** Otherwise a task is a step nearer to its end each time it is looked at. */
async function keepTasksRunning({ AWS_ENDPOINT_URL }: Record<string, string>): Promise<void> {
  const transition = { progression: 'manual', times: 1_000_000 };
  const response = await fetch(`${AWS_ENDPOINT_URL}/moto-api/state-manager/set-transition`, {
    method: 'POST',
    body: JSON.stringify({ model_name: 'ecs::task', transition }),
  });
  if (!response.ok) throw new Error(`the mock of AWS keeps no task running: ${response.status}`);
}

/** A subnet and a security group of the VPC that an account has from the start. */
async function defaultNetwork(
  env: Record<string, string>,
): Promise<{ subnets: string[]; securityGroups: string[] }> {
  return {
    subnets: [await firstOf(env, 'DescribeSubnets', 'subnetId')],
    securityGroups: [await firstOf(env, 'DescribeSecurityGroups', 'groupId')],
  };
}

/** Asks the EC2 API, without a client of its own for two questions. The mock looks at the region alone. */
async function firstOf(env: Record<string, string>, action: string, element: string): Promise<string> {
  const scope = `mock/20260101/${env.AWS_REGION}/ec2/aws4_request`;
  const response = await fetch(env.AWS_ENDPOINT_URL ?? '', {
    method: 'POST',
    headers: { authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=none` },
    body: new URLSearchParams({ Action: action, Version: '2016-11-15' }),
  });
  const [, found] = new RegExp(`<${element}>([^<]+)<`).exec(await response.text()) ?? [];
  if (found === undefined) throw new Error(`the mock of AWS has no ${element}`);
  return found;
}
