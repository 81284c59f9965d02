import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import {
  Cluster,
  ContainerImage,
  CpuArchitecture,
  Ec2TaskDefinition,
  FargateService,
  FargateTaskDefinition,
  NetworkMode,
} from 'aws-cdk-lib/aws-ecs';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { describe, expect, it } from 'vitest';
import { PdpImage } from '../../lib/pdp-image.ts';
import { PdpSidecar } from '../../lib/pdp-sidecar.ts';
import { builtImage, imageContext, inlineFunction, isolatedStack, temporaryDirectory } from './support.ts';
import { only, roleStatements } from './template.ts';

const outdir = temporaryDirectory();

function application(props: object = {}) {
  const { stack, vpc } = isolatedStack(outdir);
  const taskDefinition = new FargateTaskDefinition(stack, 'Task', props);
  const addApp = () => taskDefinition.addContainer('app', { image: ContainerImage.fromRegistry('app') });
  const service = () =>
    new FargateService(stack, 'Service', { cluster: new Cluster(stack, 'Cluster', { vpc }), taskDefinition });
  return { stack, vpc, taskDefinition, addApp, service };
}

function containers(stack: Stack): Record<string, Record<string, unknown>> {
  const task = only(Template.fromStack(stack), 'AWS::ECS::TaskDefinition');
  const list = task.ContainerDefinitions as Record<string, unknown>[];
  return Object.fromEntries(list.map((container) => [String(container.Name), container]));
}

describe('a PDP in the task of its callers', () => {
  const { stack, taskDefinition, addApp, service } = application();
  const pdp = new PdpSidecar(stack, 'Pdp', { taskDefinition, ...builtImage });
  addApp();
  pdp.grantEvaluate(service());
  const { pdp: sidecar, app } = containers(stack);

  it('listens on the loopback address alone, and needs no key', () => {
    expect(sidecar).toMatchObject({
      Command: [
        'serve',
        ...['--host', '127.0.0.1'],
        ...['--drain-seconds', '0'],
        ...['--opa-port', 'off'],
        ...['--cloudwatch-metrics', pdp.metricsName],
      ],
      Essential: true,
      User: '65532:65532',
      ReadonlyRootFilesystem: true,
      LinuxParameters: { Capabilities: { Drop: ['ALL'] } },
      HealthCheck: { Command: ['CMD', 'node', '/app/healthcheck.mjs'] },
    });
    expect(sidecar).not.toHaveProperty('Secrets');
    expect([pdp.connections, pdp.vpc]).toEqual([undefined, undefined]);
  });

  it('is where the application is told it is, and is healthy before that starts', () => {
    expect(app).toMatchObject({
      Environment: [{ Name: 'PDP_URL', Value: 'http://127.0.0.1:7000' }],
      DependsOn: [{ ContainerName: 'pdp', Condition: 'HEALTHY' }],
    });
  });

  it('takes no permission but to write its log', () => {
    expect(roleStatements(Template.fromStack(stack)).filter((line) => line.startsWith('Task'))).toEqual([
      'TaskExecutionRole: Allow logs:CreateLogStream logs:PutLogEvents on PdpLog',
    ]);
  });
});

describe('the image of a sidecar', () => {
  it.each([
    [{}, 'linux/amd64'],
    [{ runtimePlatform: { cpuArchitecture: CpuArchitecture.ARM64 } }, 'linux/arm64'],
  ])('is built for the processor of the task: %j', (props, platform) => {
    const { stack, taskDefinition } = application(props);
    const image = PdpImage.fromPolicies('pdp-container/policies', imageContext(temporaryDirectory()));
    new PdpSidecar(stack, 'Pdp', { taskDefinition, image });
    Template.fromStack(stack);
    const { dockerImages } = JSON.parse(readFileSync(join(outdir, 'Test.assets.json'), 'utf8'));
    const [asset] = Object.values(dockerImages) as { source: { platform: string } }[];
    expect(asset?.source.platform).toBe(platform);
  });
});

describe('what cannot work is refused at synth', () => {
  it('a task whose containers share no loopback address', () => {
    const { stack } = application();
    const taskDefinition = new Ec2TaskDefinition(stack, 'Bridge', { networkMode: NetworkMode.BRIDGE });
    expect(() => new PdpSidecar(stack, 'Pdp', { taskDefinition, ...builtImage })).toThrow(
      /^taskDefinition: its network mode is bridge, .* use awsvpc$/,
    );
  });

  it("Permit's container, which listens on every address", () => {
    const { stack, taskDefinition } = application();
    const image = PdpImage.permit({ apiKey: Secret.fromSecretNameV2(stack, 'Key', 'permit') });
    expect(() => new PdpSidecar(stack, 'Pdp', { taskDefinition, image })).toThrow(
      /^image: this container listens/,
    );
  });

  it('a caller outside of the task, and a task with nobody to ask', () => {
    const { stack, vpc, taskDefinition, service } = application();
    const pdp = new PdpSidecar(stack, 'Pdp', { taskDefinition, ...builtImage });
    expect(() => pdp.grantEvaluate(inlineFunction(stack, 'Function', vpc))).toThrow(
      /^Test\/Function: only containers of its own task reach a sidecar/,
    );
    expect(() => pdp.grantEvaluate(service())).toThrow(/^Test\/Task: the task has no container to ask yet/);
  });
});
