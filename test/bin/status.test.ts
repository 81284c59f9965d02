import { describe, expect, it } from 'vitest';
import {
  arn,
  type FakeCluster,
  fakeDeployment,
  fakeEcs,
  fakeService,
  fakeTask,
  fakeTaskDefinition,
} from '../fake-ecs.ts';
import { freePort } from '../lambda/servers.ts';
import { runPdp } from './run-pdp.ts';

const STATUS = ['status', '--cluster', 'pdp', '--service', 'api'];

/** Three tasks, which are more than one page of them, all well. */
function steady(): Partial<FakeCluster> {
  return {
    service: fakeService(3),
    tasks: {
      a1: fakeTask('a1', '10.0.0.11'),
      a2: fakeTask('a2', '10.0.1.12', { availabilityZone: 'eu-west-1b' }),
      a3: fakeTask('a3', '10.0.0.13'),
    },
    taskDefinitions: { 'pdp:7': fakeTaskDefinition('pdp:7', '0123456789abcdef') },
  };
}

describe('a service that is well', () => {
  it('is shown with its deployment and every task, and ends with 0', async () => {
    const ecs = await fakeEcs(steady());
    const { code, stdout, stderr } = await runPdp(STATUS, ecs.env);
    expect(stdout.split('\n')).toEqual([
      'service     api in pdp: ACTIVE, 3 of 3 tasks run, 0 pending',
      'deployment  ecs-svc/7  PRIMARY  COMPLETED  pdp:7: 3 of 3 run, 0 pending, 0 failed',
      '            ECS deployment ecs-svc/7 completed.',
      ...['a1  eu-west-1a  10.0.0.11', 'a2  eu-west-1b  10.0.1.12', 'a3  eu-west-1a  10.0.0.13'].flatMap(
        (task) => [
          `task        ${task}  RUNNING  HEALTHY`,
          '            pdp:7  revision 0123456789abcdef  image 123456789012.dkr.ecr.eu-west-1.amazonaws.com/pdp:pdp-7',
        ],
      ),
      'healthy',
      '',
    ]);
    expect([code, stderr]).toEqual([0, '']);
  });

  it('is JSON for machines', async () => {
    const ecs = await fakeEcs(steady());
    const { code, stdout } = await runPdp([...STATUS, '--json'], ecs.env);
    const { tasks, deployments, ...service } = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(service).toEqual({
      healthy: true,
      cluster: 'pdp',
      service: 'api',
      status: 'ACTIVE',
      desired: 3,
      running: 3,
      pending: 0,
      serviceDeployment: null,
      problems: [],
    });
    expect(deployments).toMatchObject([
      { id: 'ecs-svc/7', rolloutState: 'COMPLETED', running: 3, failed: 0 },
    ]);
    expect(tasks[1]).toEqual({
      id: 'a2',
      zone: 'eu-west-1b',
      address: '10.0.1.12',
      port: 7000,
      lastStatus: 'RUNNING',
      health: 'HEALTHY',
      isChecked: true,
      taskDefinition: 'pdp:7',
      image: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/pdp:pdp-7',
      revision: '0123456789abcdef',
      deployment: 'ecs-svc/7',
    });
  });

  it('may be named by its ARN', async () => {
    const ecs = await fakeEcs(steady());
    const { code } = await runPdp(
      ['status', '--cluster', 'pdp', '--service', arn('service', 'api')],
      ecs.env,
    );
    expect(code).toBe(0);
  });

  it('reads each task definition once', async () => {
    const ecs = await fakeEcs(steady());
    await runPdp(STATUS, ecs.env);
    expect(ecs.calls.filter(({ action }) => action === 'DescribeTaskDefinition')).toHaveLength(1);
    expect(ecs.calls.filter(({ action }) => action === 'ListTasks')).toHaveLength(2);
  });

  it('may have a task without a health check, of which ECS knows nothing', async () => {
    const ecs = await fakeEcs({
      service: fakeService(1),
      tasks: { a1: fakeTask('a1', '10.0.0.11', { healthStatus: 'UNKNOWN' }) },
      taskDefinitions: { 'pdp:7': { containerDefinitions: [{ name: 'pdp', image: 'pdp' }] } },
    });
    const { code, stdout } = await runPdp(STATUS, ecs.env);
    expect(stdout).toContain('pdp:7  revision not labelled  image pdp\nhealthy\n');
    expect(code).toBe(0);
  });
});

describe('a service that is not well', () => {
  it.each<[string, (cluster: FakeCluster) => void, string]>([
    [
      'is being deleted',
      ({ service }) => Object.assign(service, { status: 'DRAINING' }),
      'the service is DRAINING',
    ],
    ['lacks a task', ({ service }) => Object.assign(service, { runningCount: 2 }), '2 of 3 tasks run'],
    [
      'asks for none',
      ({ service }) => Object.assign(service, { desiredCount: 0 }),
      'no task is asked for: the desired count is 0',
    ],
    [
      'failed to deploy',
      ({ service }) =>
        Object.assign(service, {
          deployments: [
            fakeDeployment('ecs-svc/8', {
              rolloutState: 'FAILED',
              rolloutStateReason: 'tasks failed to start.',
            }),
          ],
        }),
      'deployment ecs-svc/8 failed: tasks failed to start.',
    ],
    [
      'has a sick task',
      ({ tasks }) => Object.assign(tasks.a2 ?? {}, { healthStatus: 'UNHEALTHY' }),
      'task a2 is UNHEALTHY',
    ],
    [
      'has a task that starts',
      ({ tasks }) => Object.assign(tasks.a2 ?? {}, { healthStatus: 'UNKNOWN' }),
      'task a2 is UNKNOWN',
    ],
  ])('as it %s, ends with 1 and says why', async (_, change, problem) => {
    const ecs = await fakeEcs(steady());
    change(ecs.cluster);
    const { code, stdout } = await runPdp(STATUS, ecs.env);
    expect(stdout.split('\n').slice(-2)).toEqual([`not healthy  ${problem}`, '']);
    expect(code).toBe(1);
  });
});

describe('the newest service deployment', () => {
  const deployments = {
    old: {
      serviceDeploymentArn: arn('service-deployment', 'api/old'),
      createdAt: 1_790_000_000,
      status: 'SUCCESSFUL',
    },
    green: {
      serviceDeploymentArn: arn('service-deployment', 'api/green'),
      createdAt: 1_790_000_100,
      status: 'IN_PROGRESS',
      statusReason: 'waiting for hooks',
      lifecycleStage: 'POST_TEST_TRAFFIC_SHIFT',
      deploymentConfiguration: { strategy: 'BLUE_GREEN' },
      targetServiceRevision: {
        arn: arn('service-revision', 'api/42'),
        requestedTaskCount: 3,
        runningTaskCount: 2,
        pendingTaskCount: 1,
        requestedProductionTrafficWeight: 0,
      },
    },
  };

  it('is shown with its stage and the share of the traffic', async () => {
    const ecs = await fakeEcs({ ...steady(), serviceDeployments: deployments });
    const { code, stdout } = await runPdp(STATUS, ecs.env);
    expect(stdout).toContain(
      'rollout     green  BLUE_GREEN  IN_PROGRESS  POST_TEST_TRAFFIC_SHIFT: 2 of 3 run, 1 pending, 0 % of the traffic\n' +
        '            waiting for hooks\n',
    );
    expect(code).toBe(0);
  });

  it('is left out where AWS does not allow to see it', async () => {
    const ecs = await fakeEcs({ ...steady(), serviceDeployments: deployments });
    ecs.refuse('ListServiceDeployments', 'AccessDeniedException', 'User: ann is not authorized');
    const { code, stdout } = await runPdp(STATUS, ecs.env);
    expect(stdout).toContain(
      'service deployments are not shown: AWS does not allow it: User: ann is not authorized\n',
    );
    expect(code).toBe(0);
  });
});

describe('what AWS refuses is one line, and ends with 2', () => {
  const OPTIONS = (cluster: string, service: string) => [
    'status',
    '--cluster',
    cluster,
    '--service',
    service,
  ];

  it.each([
    [OPTIONS('other', 'api'), 'pdp: --cluster: there is no cluster other in this account and region\n'],
    [OPTIONS('pdp', 'other'), 'pdp: --service: there is no service other in cluster pdp\n'],
  ])('%j', async (args, line) => {
    const ecs = await fakeEcs(steady());
    expect(await runPdp(args, ecs.env)).toEqual({ code: 2, stdout: '', stderr: line });
  });

  it.each([
    [
      'AccessDeniedException',
      'User: arn:aws:iam::1:user/ann is not authorized to perform: ecs:DescribeServices',
      'AWS does not allow it: User: arn:aws:iam::1:user/ann is not authorized to perform: ecs:DescribeServices',
    ],
    [
      'ExpiredTokenException',
      'The security token included in the request is expired',
      'AWS does not take the credentials, which may have expired: The security token included in the request is expired',
    ],
    ['InvalidParameterException', 'No.\nMore', 'ECS: InvalidParameterException: No.'],
  ])('%s', async (type, message, line) => {
    const ecs = await fakeEcs(steady());
    ecs.refuse('DescribeServices', type, message);
    expect(await runPdp(STATUS, ecs.env)).toEqual({ code: 2, stdout: '', stderr: `pdp: ${line}\n` });
  });

  it('no region, no credentials, no answer', async () => {
    const { AWS_REGION: _, ...elsewhere } = (await fakeEcs()).env;
    expect((await runPdp(STATUS, elsewhere)).stderr).toBe(
      'pdp: there is no region: give --region, or set AWS_REGION\n',
    );
    expect((await runPdp([...STATUS, '--region', 'eu-west-1'])).stderr).toContain(
      'pdp: there are no AWS credentials: set AWS_PROFILE',
    );
    const endpoint = { ...elsewhere, AWS_ENDPOINT_URL_ECS: `http://127.0.0.1:${await freePort()}` };
    expect((await runPdp([...STATUS, '--region', 'eu-west-1'], endpoint)).stderr).toBe(
      'pdp: the ECS API cannot be reached (ECONNREFUSED): is the region right?\n',
    );
  });
});
