import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { ECS } from '@aws-sdk/client-ecs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { rollOut } from '../../bin/ecs/rollout.ts';
import { arn, type FakeEcs, fakeDeployment, fakeEcs, fakeService } from '../fake-ecs.ts';
import { runPdp } from './run-pdp.ts';

const ROLLOUT = ['rollout', '--cluster', 'pdp', '--service', 'api'];
const OLD = fakeDeployment('ecs-svc/7', { status: 'ACTIVE' });

type Json = Record<string, unknown>;

/** A fake whose service is `states[0]` when the deployment begins, and the next at each look after that. */
async function fakeRollout(states: Json[]): Promise<FakeEcs> {
  const ecs = await fakeEcs({ service: fakeService(2) });
  let begun = false;
  let next = 0;
  ecs.before = (action) => {
    begun ||= action === 'UpdateService';
    if (!begun) return;
    ecs.cluster.service = fakeService(2, states[Math.min(next, states.length - 1)]);
    next += 1;
  };
  return ecs;
}

const going = (running: number, pending: number) => ({
  deployments: [
    fakeDeployment('ecs-svc/8', {
      rolloutState: 'IN_PROGRESS',
      runningCount: running,
      pendingCount: pending,
    }),
    OLD,
  ],
});

/** Rolls out with a clock that goes on when it is waited for. */
async function follow(ecs: FakeEcs, { timeoutMs = 60_000, signal = new AbortController().signal } = {}) {
  let now = 0;
  const lines: string[] = [];
  const waits: number[] = [];
  const clock = {
    now: () => now,
    wait: async (milliseconds: number) => {
      waits.push(milliseconds);
      now += milliseconds;
    },
  };
  const { AWS_ENDPOINT_URL_ECS: endpoint, AWS_REGION: region } = ecs.env;
  const credentials = { accessKeyId: 'fake', secretAccessKey: 'fake' };
  const client = new ECS({ endpoint, region, credentials, maxAttempts: 1 });
  onTestFinished(() => client.destroy());
  const onProgress = (seconds: number, progress: string) => lines.push(`${seconds} ${progress}`);
  const name = { cluster: 'pdp', service: 'api' };
  const result = await rollOut(client, name, { timeoutMs, signal, onProgress }, clock);
  return { result, lines, waits };
}

describe('a rolling deployment', () => {
  it('is forced and followed until it has completed, with a line for each change', async () => {
    const done = { deployments: [fakeDeployment('ecs-svc/8')] };
    const ecs = await fakeRollout([going(0, 0), going(0, 2), going(0, 2), going(1, 1), done]);
    const { result, lines, waits } = await follow(ecs);
    expect(lines).toEqual([
      '0 ecs-svc/8 IN_PROGRESS: 0 of 2 new tasks run, 2 pending, 0 failed; 2 old',
      '10 ecs-svc/8 IN_PROGRESS: 1 of 2 new tasks run, 1 pending, 0 failed; 2 old',
      '15 ecs-svc/8 COMPLETED: 2 of 2 new tasks run, 0 pending, 0 failed; 0 old',
    ]);
    expect(result).toMatchObject({ outcome: 'completed', seconds: 15 });
    expect(waits).toEqual([5_000, 5_000, 5_000]);
    expect(ecs.calls.filter(({ action }) => action === 'UpdateService')).toEqual([
      { action: 'UpdateService', input: { cluster: 'pdp', service: 'api', forceNewDeployment: true } },
    ]);
  });

  it('that fails says why', async () => {
    const failed = {
      deployments: [
        fakeDeployment('ecs-svc/9', { rolloutState: 'IN_PROGRESS' }),
        fakeDeployment('ecs-svc/8', {
          status: 'ACTIVE',
          runningCount: 0,
          failedTasks: 3,
          rolloutState: 'FAILED',
          rolloutStateReason: 'ECS deployment circuit breaker: tasks failed to start.',
        }),
      ],
    };
    const { result } = await follow(await fakeRollout([going(0, 2), failed]));
    expect(result).toEqual({
      outcome: 'failed',
      progress: 'ecs-svc/8 FAILED: 0 of 2 new tasks run, 0 pending, 3 failed; 2 old',
      reason: 'ECS deployment circuit breaker: tasks failed to start.',
      seconds: 0,
    });
  });

  it('may be shown late, but has failed when it is gone', async () => {
    const other = { deployments: [fakeDeployment('ecs-svc/9')] };
    const unseen = { deployments: [fakeDeployment('ecs-svc/7')] };
    const { result, lines } = await follow(await fakeRollout([going(0, 2), unseen, going(1, 1), other]));
    expect(lines[0]).toBe('0 ecs-svc/8: not shown yet');
    expect(result).toMatchObject({
      outcome: 'failed',
      reason: 'another deployment took its place',
      seconds: 10,
    });
  });

  it('is followed for no longer than the time-out', async () => {
    const { result, waits } = await follow(await fakeRollout([going(0, 2)]), { timeoutMs: 12_000 });
    expect(result).toMatchObject({ outcome: 'timed-out', seconds: 12 });
    expect(waits).toEqual([5_000, 5_000, 2_000]);
  });
});

describe('a blue/green deployment', () => {
  const strategy = { deploymentConfiguration: { strategy: 'BLUE_GREEN' } };
  const deployment = (id: string, more: Json) => ({
    serviceDeploymentArn: arn('service-deployment', `api/${id}`),
    createdAt: 1_790_000_000,
    status: 'IN_PROGRESS',
    ...more,
  });
  const target = (running: number, percent: number) => ({
    targetServiceRevision: {
      requestedTaskCount: 2,
      runningTaskCount: running,
      pendingTaskCount: 2 - running,
      requestedProductionTrafficWeight: percent,
    },
  });

  async function fakeBlueGreen(stages: Json[]): Promise<FakeEcs> {
    const old = deployment('old', { status: 'SUCCESSFUL' });
    const ecs = await fakeEcs({ service: fakeService(2, strategy), serviceDeployments: { old } });
    let begun = false;
    let next = -1;
    ecs.before = (action) => {
      begun ||= action === 'UpdateService';
      if (!begun || action !== 'DescribeServiceDeployments') {
        if (begun) ecs.cluster.serviceDeployments = { old, new: deployment('new', {}) };
        return;
      }
      next += 1;
      ecs.cluster.serviceDeployments = { old, new: deployment('new', stages[next] ?? {}) };
    };
    return ecs;
  }

  it('is followed through its stages', async () => {
    const ecs = await fakeBlueGreen([
      { lifecycleStage: 'SCALE_UP', ...target(1, 0) },
      { lifecycleStage: 'PRODUCTION_TRAFFIC_SHIFT', ...target(2, 100) },
      { status: 'SUCCESSFUL', lifecycleStage: 'CLEAN_UP', ...target(2, 100) },
    ]);
    const { result, lines } = await follow(ecs);
    expect(lines).toEqual([
      '0 new IN_PROGRESS SCALE_UP: 1 of 2 new tasks run, 1 pending, 0 % of the traffic',
      '5 new IN_PROGRESS PRODUCTION_TRAFFIC_SHIFT: 2 of 2 new tasks run, 0 pending, 100 % of the traffic',
      '10 new SUCCESSFUL CLEAN_UP: 2 of 2 new tasks run, 0 pending, 100 % of the traffic',
    ]);
    expect(result.outcome).toBe('completed');
  });

  it.each(['ROLLBACK_SUCCESSFUL', 'ROLLBACK_FAILED', 'STOPPED'])(
    'that ends as %s has failed',
    async (status) => {
      const ecs = await fakeBlueGreen([
        { status: 'ROLLBACK_IN_PROGRESS' },
        { status, statusReason: 'a lifecycle hook failed' },
      ]);
      const { result } = await follow(ecs);
      expect(result).toMatchObject({ outcome: 'failed', reason: 'a lifecycle hook failed', seconds: 5 });
    },
  );
});

describe('the command', () => {
  const done = { deployments: [fakeDeployment('ecs-svc/8')] };
  const failed = {
    deployments: [fakeDeployment('ecs-svc/8', { rolloutState: 'FAILED', rolloutStateReason: 'it broke' })],
  };

  it('ends with 0 when it has completed', async () => {
    const ecs = await fakeRollout([done]);
    expect(await runPdp(ROLLOUT, ecs.env)).toEqual({
      code: 0,
      stdout:
        '    0 s  ecs-svc/8 COMPLETED: 2 of 2 new tasks run, 0 pending, 0 failed; 0 old\ncompleted after 0 s\n',
      stderr: '',
    });
  });

  it('ends with 1 when it has failed, and says so to machines', async () => {
    const ecs = await fakeRollout([failed]);
    const { code, stdout } = await runPdp([...ROLLOUT, '--json'], ecs.env);
    expect(JSON.parse(stdout)).toEqual({
      cluster: 'pdp',
      service: 'api',
      outcome: 'failed',
      progress: 'ecs-svc/8 FAILED: 2 of 2 new tasks run, 0 pending, 0 failed; 0 old',
      reason: 'it broke',
      seconds: 0,
    });
    expect(code).toBe(1);
  });

  it('ends with 2 when AWS does not allow it, and begins nothing where there is no service', async () => {
    const ecs = await fakeRollout([done]);
    ecs.refuse('UpdateService', 'AccessDeniedException', 'ann may not');
    const refused = { code: 2, stdout: '', stderr: 'pdp: AWS does not allow it: ann may not\n' };
    expect(await runPdp(ROLLOUT, ecs.env)).toEqual(refused);
    const other = ['rollout', '--cluster', 'pdp', '--service', 'other'];
    expect((await runPdp(other, ecs.env)).stderr).toBe(
      'pdp: --service: there is no service other in cluster pdp\n',
    );
    expect(ecs.calls.filter(({ action }) => action === 'UpdateService')).toHaveLength(1);
  });

  it('says that the deployment goes on when it cannot be followed any more', async () => {
    const ecs = await fakeRollout([done]);
    const { before } = ecs;
    ecs.before = (action) => {
      before(action);
      if (action === 'UpdateService') ecs.refuse('DescribeServices', 'ExpiredTokenException', 'too late');
    };
    const { code, stderr } = await runPdp(ROLLOUT, ecs.env);
    expect(stderr).toBe(
      'pdp: AWS does not take the credentials, which may have expired: too late; the deployment goes on\n',
    );
    expect(code).toBe(2);
  });

  it('refuses a time-out that is none', async () => {
    const { code, stderr } = await runPdp([...ROLLOUT, '--timeout', '0']);
    expect(stderr).toContain('It must be a whole number of seconds from 1 to 86400.');
    expect(code).toBe(2);
  });

  it('stops following on Ctrl-C, and says that the deployment goes on', async () => {
    const ecs = await fakeRollout([going(0, 2)]);
    const env = { PATH: process.env.PATH, NO_COLOR: '1', ...ecs.env };
    const child = spawn(process.execPath, ['bin/pdp.ts', ...ROLLOUT], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const lines: string[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      // It has begun, so it waits or is about to.
      if (lines.length === 1) child.kill('SIGINT');
    });
    const [code] = await once(child, 'close');
    expect(lines.at(-1)).toBe(
      'no longer followed; the deployment goes on, and pdp status shows how far it is',
    );
    expect(code).toBe(130);
  });
});
