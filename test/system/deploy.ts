import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Assembly, assemblies, storeAssembly } from './support/assemblies.ts';
import { withCleanup } from './support/cleanup.ts';
import { Deployed } from './support/deployed.ts';
import { ACCOUNT, type Deployment, type Holdings, openDeployment, REGION } from './support/deployment.ts';
import { startMockAws } from './support/mock-aws.ts';
import { pdpImage } from './support/pdp-image.ts';
import { pythonProgram } from './support/python.ts';
import { containersOf } from './support/task-definition.ts';
import { ofType } from './support/template.ts';

export const title =
  'a mock of AWS: cdk bootstrap and deploy create every stack of every placement, with the image built by buildah';

export const prepare = () => Promise.all([assemblies(), pythonProgram('python')]);

export async function run(): Promise<void> {
  const { containers } = await pdpImage();
  await withCleanup(async (defer) => {
    const directory = await mkdtemp(join(tmpdir(), 'pdp-deploy-'));
    defer(() => rm(directory, { recursive: true, force: true }));
    const aws = await startMockAws(defer);
    const deployment = await openDeployment(aws, containers, directory);
    await deployment.cdk('bootstrap', `aws://${ACCOUNT}/${REGION}`);
    const all = await assemblies();
    const store = policiesOf(await storeAssembly());
    try {
      const options = ['--require-approval', 'never', '--method', 'direct'];
      for (const { directory: app } of all) await deployment.cdk('deploy', '--app', app, '--all', ...options);
      const stacks = store.stacks.map(({ name }) => name);
      await deployment.cdk('deploy', '--app', store.directory, ...stacks, '--exclusively', ...options);
    } finally {
      // The tool's success is no proof: the mock answers some of its own failures with a stack that is complete.
      const failures = aws.lines.filter((line) => line.startsWith('Traceback') || / 500 /.test(line));
      assert.deepEqual(failures, [], firstTraceback(aws.lines));
    }

    const holdings = await deployment.holdings();
    for (const assembly of [...all, store]) {
      createsStacksInOrder(assembly, holdings);
      const deployed = new Deployed(assembly, holdings);
      deployed.hasEveryResource();
      deployed.servicesRunTheirTasks();
      deployed.functionsKnowTheirPdp();
      deployed.securityGroupsAreTheTemplates();
      deployed.endpointsAreGuarded();
    }
    await buildsEachImageOnce(all, deployment);
  });
}

/** The stack of published policies alone: the others have the names of those of the placement without it. */
function policiesOf(assembly: Assembly): Assembly {
  const stacks = assembly.stacks.filter(({ name }) => name.endsWith('Policies'));
  assert.equal(stacks.length, 1, 'there is one stack of policies');
  return { ...assembly, stacks };
}

/** The mock's own reason, which the tool does not show. */
function firstTraceback(lines: readonly string[]): string {
  const start = lines.findIndex((line) => line.startsWith('Traceback'));
  const end = lines.findIndex((line, index) => index > start && !/^\s/.test(line));
  return lines.slice(Math.max(start, end - 6), end + 1).join('\n');
}

function createsStacksInOrder({ stacks }: Assembly, holdings: Holdings): void {
  const made = new Map(holdings.stacks.map((stack) => [stack.name, stack]));
  for (const { name, dependencies } of stacks) {
    const stack = made.get(name);
    assert.equal(stack?.status, 'CREATE_COMPLETE', name);
    for (const dependency of dependencies) {
      const before = made.get(dependency)?.created ?? '';
      assert.ok(before !== '' && before < stack.created, `${name} was created before ${dependency}`);
    }
  }
}

/** Each image that a task names was built for its architecture, and pushed under that very name. */
async function buildsEachImageOnce(all: Assembly[], deployment: Deployment): Promise<void> {
  const commands = await deployment.dockerCommands();
  const of = (name: string) => commands.filter(([command]) => command === name);
  const built = of('build').map((args) => args[args.indexOf('--tag') + 1] ?? '');
  assert.deepEqual(built, [...new Set(built)], 'an image was built twice');
  for (const args of of('build')) {
    assert.equal(args[args.indexOf('--platform') + 1], 'linux/arm64');
  }
  const pushed = new Set(of('push').map((args) => args.at(-1)?.split(':').at(-1)));
  const named = all.flatMap(({ stacks }) =>
    stacks.flatMap(({ template }) =>
      [...ofType(template, 'AWS::ECS::TaskDefinition').values()].flatMap(containersOf).map(({ Image }) => {
        const { 'Fn::Sub': image = '' } = Image as { 'Fn::Sub'?: string };
        return image.split(':').at(-1);
      }),
    ),
  );
  assert.deepEqual([...new Set(named)].sort(), [...pushed].sort());
  console.log(
    `        ${built.length} images built, ${all.flatMap(({ stacks }) => stacks).length} stacks created`,
  );
}
