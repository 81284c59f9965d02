import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { describe, expect, it } from 'vitest';
import { DeploymentGate } from '../../lib/deployment-gate.ts';
import { EmbeddedPdp } from '../../lib/embedded-pdp.ts';
import { FargatePdp } from '../../lib/fargate-pdp.ts';
import { PdpEndpoints } from '../../lib/pdp-endpoints.ts';
import { PdpImage } from '../../lib/pdp-image.ts';
import { PdpSidecar } from '../../lib/pdp-sidecar.ts';
import { type PolicyLayers, PolicyStore } from '../../lib/policy-store.ts';
import { SynthesisError } from '../../lib/synthesis-error.ts';
import { imageContext, inlineFunction, isolatedStack, newApp, temporaryDirectory } from './support.ts';
import { only, resources, roleStatements, securityGroupRules, statements, target } from './template.ts';

const outdir = temporaryDirectory();
const policies = 'pdp-container/policies';
const context = imageContext(temporaryDirectory());
const PEM = '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n';

const imageOf = (layers: PolicyLayers) => ({ image: PdpImage.fromPolicies(layers, context) });
const published = (stack: Stack, id: string, bucket: string, keys: { verifyKey?: string } = {}) =>
  PolicyStore.fromAttributes(stack, id, {
    bucket: Bucket.fromBucketName(stack, `${id}Bucket`, bucket),
    ...keys,
  });

/** The container of the PDP, and its task without it. */
function taskOf(template: Template) {
  const { ContainerDefinitions, ...task } = only(template, 'AWS::ECS::TaskDefinition');
  const containers = ContainerDefinitions as (Record<string, unknown> & { Environment?: object[] })[];
  const container = containers.find(({ Name }) => Name === 'pdp');
  if (container === undefined) throw new Error('no container pdp');
  const environment = Object.fromEntries(
    (container.Environment ?? []).map((one) => Object.values(one) as [string, unknown]),
  );
  return { task, container, environment };
}

describe('a PDP on Fargate that takes its policies from a store', () => {
  const { stack, vpc } = isolatedStack(outdir);
  const store = new PolicyStore(stack, 'Store', { policies });
  const endpoints = new PdpEndpoints(stack, 'Ends', { vpc });
  const pdp = new FargatePdp(stack, 'Pdp', { vpc, ...imageOf(store), endpoints });
  const template = Template.fromStack(stack);
  const { task, container, environment } = taskOf(template);

  it('is told where they are, and where to keep the last that were good', () => {
    expect(environment).toEqual({
      PDP_SOURCE: {
        'Fn::Join': ['', ['s3://', { Ref: expect.stringMatching(/^StoreBucket/) }, '/bundle.tar.gz']],
      },
      PDP_STATE_DIR: '/state/kept',
      AWS_REGION: { Ref: 'AWS::Region' },
    });
    expect(container.Command).not.toContain('--refresh-interval');
  });

  it('may read the one object, and nothing else of AWS', () => {
    expect(roleStatements(template).filter((line) => line.startsWith('PdpTaskTaskRole'))).toEqual([
      expect.stringMatching(
        /^PdpTaskTaskRole: Allow s3:GetObject on .*StoreBucket.*"\/bundle\.tar\.gz"\]\]\} if .*aws:ResourceAccount/,
      ),
    ]);
  });

  it('writes to one volume of the task, and is started again in the task when it ends', () => {
    expect(task.Volumes).toEqual([{ Name: 'pdp-state' }]);
    expect(container).toMatchObject({
      MountPoints: [{ SourceVolume: 'pdp-state', ContainerPath: '/state', ReadOnly: false }],
      ReadonlyRootFilesystem: true,
      RestartPolicy: { Enabled: true, RestartAttemptPeriod: 60 },
      Essential: true,
    });
  });

  it('has nothing baked in, and so no label of a revision', () => {
    expect(container).not.toHaveProperty('DockerLabels');
    expect([pdp.revision, pdp.policyStores]).toEqual([undefined, [store]]);
    const images = readdirSync(outdir).filter((name) => existsSync(join(outdir, name, 'Dockerfile')));
    expect(images).not.toEqual([]);
    for (const image of images) expect(existsSync(join(outdir, image, 'bundle.tar.gz'))).toBe(false);
  });

  it('starts when there is something in the store', () => {
    const [definition] = Object.values(template.findResources('AWS::ECS::TaskDefinition'));
    expect(definition?.DependsOn.map((id: string) => target({ Ref: id }))).toContain('StoreFirstPolicies');
  });

  it('reads it through the gateway of S3, which lets nothing else through', () => {
    const gateway = Object.values(resources(template, 'AWS::EC2::VPCEndpoint')).find(
      ({ VpcEndpointType }) => VpcEndpointType === 'Gateway',
    );
    expect(statements(gateway?.PolicyDocument).slice(1)).toEqual([
      {
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: 's3:GetObject',
        Resource: {
          'Fn::Join': [
            '',
            [{ 'Fn::GetAtt': [expect.stringMatching(/^StoreBucket/), 'Arn'] }, '/bundle.tar.gz'],
          ],
        },
        Condition: { StringEquals: { 'aws:PrincipalAccount': { Ref: 'AWS::AccountId' } } },
      },
    ]);
  });

  it('has no gate: what is published next is not of this deployment', () => {
    expect(() => new DeploymentGate(stack, 'Gate', { pdp, policies })).toThrow(
      new SynthesisError(
        'pdp: Test/Pdp takes its policies from Test/Store, where another revision may be published at any time; leave ' +
          'it ungated, and follow a publication with `pdp publish --wait`',
      ),
    );
  });
});

describe('the gateway of S3 in another stack', () => {
  it('does not name the bucket of a stack that may wait for it, but the account', () => {
    const app = newApp(outdir);
    const network = new Stack(app, 'Network');
    const vpc = new Vpc(network, 'Vpc', { natGateways: 0 });
    const endpoints = new PdpEndpoints(network, 'Ends', { vpc });
    const stack = new Stack(app, 'Pdp');
    const [one, two] = ['One', 'Two'].map((id) => new PolicyStore(stack, id));
    for (const store of [one, two, one]) endpoints.connectStore(store as PolicyStore);
    endpoints.connectStore(published(stack, 'Three', 'acme-policies'));
    const gateway = Object.values(resources(Template.fromStack(network), 'AWS::EC2::VPCEndpoint')).find(
      ({ VpcEndpointType }) => VpcEndpointType === 'Gateway',
    );
    const account = { Ref: 'AWS::AccountId' };
    expect(statements(gateway?.PolicyDocument).slice(1)).toEqual([
      {
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: 's3:GetObject',
        Resource: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':s3:::*/*']] },
        Condition: { StringEquals: { 'aws:PrincipalAccount': account, 'aws:ResourceAccount': account } },
      },
      {
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: 's3:GetObject',
        Resource: {
          'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':s3:::acme-policies/bundle.tar.gz']],
        },
        Condition: { StringEquals: { 'aws:PrincipalAccount': account } },
      },
    ]);
    expect(network.dependencies).toEqual([]);
  });
});

describe('layers', () => {
  it('are read in their order, one of them from the image', () => {
    const { stack, vpc } = isolatedStack(temporaryDirectory());
    const layers = [published(stack, 'Base', 'base'), policies, published(stack, 'Own', 'own')];
    const pdp = new FargatePdp(stack, 'Pdp', {
      vpc,
      ...imageOf(layers),
      refreshInterval: Duration.seconds(30),
    });
    const template = Template.fromStack(stack);
    const { container, environment } = taskOf(template);
    expect(environment.PDP_SOURCE).toBe(
      's3://base/bundle.tar.gz\n/bundle/bundle.tar.gz\ns3://own/bundle.tar.gz',
    );
    expect(container.Command).toEqual(expect.arrayContaining(['--refresh-interval', '30']));
    expect(roleStatements(template).filter((line) => line.startsWith('PdpTaskTaskRole'))).toEqual([
      expect.stringMatching(/Allow s3:GetObject on .*base\/bundle\.tar\.gz.*own\/bundle\.tar\.gz/),
    ]);
    expect([pdp.revision, container.DockerLabels]).toEqual([undefined, undefined]);
  });

  it('that are all signed are verified with the keys of all of them', () => {
    const { stack, vpc } = isolatedStack(outdir);
    const [a, b] = [PEM, PEM.replace('MC', 'MD')];
    const layers = [a, b, a].map((verifyKey, index) =>
      published(stack, `S${index}`, `store-${index}`, { verifyKey }),
    );
    new FargatePdp(stack, 'Pdp', { vpc, ...imageOf(layers) });
    expect(taskOf(Template.fromStack(stack)).environment.PDP_VERIFY_KEY).toBe(`${a}\n${b}`);
  });

  it('may replace what is in an image that was pushed', () => {
    const { stack, vpc } = isolatedStack(outdir);
    const image = PdpImage.fromRegistry('example.com/pdp', published(stack, 'Own', 'own'));
    new FargatePdp(stack, 'Pdp', { vpc, image });
    const { container, environment } = taskOf(Template.fromStack(stack));
    expect(container.Image).toBe('example.com/pdp');
    expect(environment.PDP_SOURCE).toBe('s3://own/bundle.tar.gz');
  });

  it('are refused when they do not go together', () => {
    const { stack, vpc } = isolatedStack(outdir);
    const unsigned = published(stack, 'Unsigned', 'unsigned');
    const signed = published(stack, 'Signed', 'signed', { verifyKey: PEM });
    const refused = (layers: PolicyLayers) => () => PdpImage.fromPolicies(layers, context);
    expect(refused([])).toThrow(
      new SynthesisError('policies: there is no layer; name a directory or a store'),
    );
    expect(refused(['one', 'two'])).toThrow(
      new SynthesisError(
        'policies: one and two would both be built into the image, which has one bundle; publish one of them to a ' +
          'store, or put their files together',
      ),
    );
    const mixed = (name: string) =>
      new SynthesisError(
        `policies: ${name} is not signed, and another layer is; a PDP with keys takes no layer without a signature, so ` +
          'publish all of them to stores with keys',
      );
    expect(refused([policies, signed])).toThrow(mixed(policies));
    expect(refused([signed, unsigned])).toThrow(mixed('Test/Unsigned'));
    const image = PdpImage.fromRegistry('example.com/pdp');
    expect(() => new FargatePdp(stack, 'Both', { vpc, image, policies: signed })).toThrow(
      new SynthesisError('policies: the image has its own; leave policies or image out'),
    );
    const seconds = (refreshInterval: Duration) => () =>
      new FargatePdp(stack, `I${refreshInterval.toMilliseconds()}`, {
        vpc,
        ...imageOf(signed),
        refreshInterval,
      });
    for (const milliseconds of [0, 1500]) {
      const interval = Duration.millis(milliseconds);
      expect(seconds(interval)).toThrow(
        new SynthesisError(
          `refreshInterval: ${interval.toHumanString()} is not a whole number of seconds; use Duration.seconds(10)`,
        ),
      );
    }
    expect(() => new FargatePdp(stack, 'I', { vpc, image, refreshInterval: Duration.seconds(5) })).toThrow(
      new SynthesisError(
        'refreshInterval: the policies are in the image, where nothing new comes; leave it out, or give a PolicyStore',
      ),
    );
  });
});

describe('a sidecar that takes its policies from a store', () => {
  it("reads it with the role of its task, and writes to the task's volume", () => {
    const { stack } = isolatedStack(outdir);
    const taskDefinition = new FargateTaskDefinition(stack, 'Task');
    const pdp = new PdpSidecar(stack, 'Pdp', {
      taskDefinition,
      ...imageOf(published(stack, 'Own', 'own', { verifyKey: PEM })),
      refreshInterval: Duration.minutes(1),
    });
    const { task, container, environment } = taskOf(Template.fromStack(stack));
    expect(environment).toEqual({
      PDP_SOURCE: 's3://own/bundle.tar.gz',
      PDP_STATE_DIR: '/state/kept',
      PDP_VERIFY_KEY: PEM,
      AWS_REGION: { Ref: 'AWS::Region' },
    });
    expect(container.Command).toEqual(expect.arrayContaining(['--refresh-interval', '60']));
    expect(task.Volumes).toEqual([{ Name: 'pdp-state' }]);
    expect(
      roleStatements(Template.fromStack(stack)).filter((line) => line.startsWith('TaskTaskRole')),
    ).toEqual([expect.stringMatching(/^TaskTaskRole: Allow s3:GetObject on .*own\/bundle\.tar\.gz/)]);
    expect(pdp.revision).toBeUndefined();
  });
});

describe('a PDP in the function that follows a store', () => {
  it('has the policies of its layer, and may read those that are published after it', () => {
    const stack = new Stack(newApp(outdir), 'Test');
    const refreshFrom = published(stack, 'Store', 'acme', { verifyKey: PEM });
    const pdp = new EmbeddedPdp(stack, 'Pdp', {
      policies,
      refreshFrom,
      refreshInterval: Duration.minutes(2),
      maxStale: Duration.hours(1),
    });
    const grant = pdp.grantEvaluate(inlineFunction(stack, 'Function'));
    inlineFunction(stack, 'Stranger');
    grant.assertSuccess();
    const template = Template.fromStack(stack);
    expect(resources(template, 'AWS::Lambda::Function').Function?.Environment).toEqual({
      Variables: {
        PDP_BUNDLE: '/opt/pdp',
        PDP_SOURCE: 's3://acme/bundle.tar.gz',
        PDP_REFRESH_INTERVAL: '120',
        PDP_MAX_STALE: '3600',
        PDP_VERIFY_KEY: PEM,
      },
    });
    expect(roleStatements(template).filter((line) => line.includes(': Allow'))).toEqual([
      expect.stringMatching(/^FunctionServiceRole: Allow s3:GetObject on .*acme\/bundle\.tar\.gz/),
    ]);
  });

  it('is let out of its VPC to S3, through the gateway when there is one', () => {
    const { stack, vpc } = isolatedStack(outdir);
    const endpoints = new PdpEndpoints(stack, 'Ends', { vpc });
    const refreshFrom = new PolicyStore(stack, 'Store');
    const pdp = new EmbeddedPdp(stack, 'Pdp', { policies, refreshFrom, endpoints });
    pdp.grantEvaluate(inlineFunction(stack, 'Function', vpc));
    const template = Template.fromStack(stack);
    expect(securityGroupRules(template)).toContain('FunctionSecurityGroup out tcp 443 0.0.0.0/0');
    expect(JSON.stringify(resources(template, 'AWS::EC2::VPCEndpoint'))).toContain('StoreBucket');
  });

  it('is refused an interval or endpoints of which it makes no use', () => {
    const { stack, vpc } = isolatedStack(outdir);
    const endpoints = new PdpEndpoints(stack, 'Ends', { vpc });
    const refused = (props: object) => () =>
      new EmbeddedPdp(stack, `Pdp${Object.keys(props)}`, { policies, ...props });
    expect(refused({ refreshInterval: Duration.minutes(1) })).toThrow(
      new SynthesisError(
        'refreshInterval: nothing is refreshed; leave it out, or name a store in refreshFrom',
      ),
    );
    expect(refused({ maxStale: Duration.minutes(1) })).toThrow(
      /^maxStale: nothing is refreshed; leave it out/,
    );
    const refreshFrom = published(stack, 'Store', 'acme');
    expect(refused({ refreshFrom, maxStale: Duration.seconds(59) })).toThrow(
      new SynthesisError('maxStale: 59 seconds are less than the 60 after which a function looks again'),
    );
    expect(refused({ endpoints })).toThrow(
      new SynthesisError('endpoints: nothing is refreshed; leave it out, or name a store in refreshFrom'),
    );
  });
});
