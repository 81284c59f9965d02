import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { arn, type FakeCluster, fakeEcs, fakeService, fakeTask, fakeTaskDefinition } from '../fake-ecs.ts';
import { runPdp } from './run-pdp.ts';

const text = await readFile(join(resolve(import.meta.dirname, '../..'), 'docs/deployments.md'), 'utf8');
const SERVICE = ['--cluster', 'pdp', '--service', 'api'];

function cluster(more: Record<string, unknown> = {}): Partial<FakeCluster> {
  const id = 'api/d1';
  return {
    service: fakeService(2, more),
    tasks: {
      a1: fakeTask('a1', '10.0.0.11'),
      a2: fakeTask('a2', '10.0.1.12', { availabilityZone: 'eu-west-1b' }),
    },
    taskDefinitions: { 'pdp:7': fakeTaskDefinition('pdp:7', '0123456789abcdef') },
    serviceDeployments: { d1: { serviceDeploymentArn: arn('service-deployment', id), status: 'SUCCESSFUL' } },
  };
}

/** The actions that a section of the document names. */
function permissions(section: string): string[] {
  const [, body = ''] = text.split(`\n## ${section}\n`);
  const [own = ''] = body.split('\n## ');
  return [...new Set([...own.matchAll(/`ecs:(\w+)`/g)].map(([, action]) => action as string))].sort();
}

const called = (calls: { action: string }[]) => [...new Set(calls.map(({ action }) => action))].sort();

it('shows what pdp status prints', async () => {
  const ecs = await fakeEcs({ ...cluster(), serviceDeployments: {} });
  const { stdout } = await runPdp(['status', ...SERVICE], ecs.env);
  expect(text).toContain(`$ npx pdp status ${SERVICE.join(' ')}\n${stdout}\`\`\``);
});

it('names the permissions that pdp status takes, as its help does', async () => {
  const ecs = await fakeEcs(cluster());
  await runPdp(['status', ...SERVICE], ecs.env);
  expect(permissions('pdp status')).toEqual(called(ecs.calls));
  const { stdout } = await runPdp(['status', '--help']);
  expect(called(ecs.calls).filter((action) => !stdout.includes(`ecs:${action}`))).toEqual([]);
});

it('names the permissions that pdp rollout takes, as its help does', async () => {
  const rolling = await fakeEcs(cluster());
  const blueGreen = await fakeEcs(cluster({ deploymentConfiguration: { strategy: 'BLUE_GREEN' } }));
  blueGreen.before = (action) => {
    if (action !== 'UpdateService') return;
    const d2 = { serviceDeploymentArn: arn('service-deployment', 'api/d2'), status: 'SUCCESSFUL' };
    blueGreen.cluster.serviceDeployments = { ...blueGreen.cluster.serviceDeployments, d2 };
  };
  for (const ecs of [rolling, blueGreen]) {
    expect((await runPdp(['rollout', ...SERVICE], ecs.env)).code).toBe(0);
  }
  expect(called(rolling.calls)).toEqual(['DescribeServices', 'UpdateService']);
  const all = called([...rolling.calls, ...blueGreen.calls]);
  expect(permissions('pdp rollout')).toEqual(all);
  const { stdout } = await runPdp(['rollout', '--help']);
  expect(all.filter((action) => !stdout.includes(`ecs:${action}`))).toEqual([]);
});
