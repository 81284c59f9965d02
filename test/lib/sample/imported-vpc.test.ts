import { Stack } from 'aws-cdk-lib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { addSample } from '../../../lib/sample/sample.ts';
import { readSettings } from '../../../lib/sample/settings.ts';
import { imageContext, newApp, temporaryDirectory } from '../support.ts';

const image = imageContext(temporaryDirectory());

/** As the CDK CLI keeps it in `cdk.context.json` when it has looked the VPC up. */
const LOOKED_UP = {
  'vpc-provider:account=123456789012:filter.vpc-id=vpc-0123456789abcdef0:region=eu-west-1:returnAsymmetricSubnets=true':
    {
      vpcId: 'vpc-0123456789abcdef0',
      vpcCidrBlock: '10.0.0.0/16',
      ownerAccountId: '123456789012',
      availabilityZones: [],
      subnetGroups: [
        {
          name: 'Private',
          type: 'Private',
          subnets: ['a', 'b'].map((zone) => ({
            subnetId: `subnet-0123456789abcde${zone}`,
            cidr: '10.0.0.0/24',
            availabilityZone: `eu-west-1${zone}`,
            routeTableId: `rtb-0123456789abcde${zone}`,
          })),
        },
      ],
    },
};

function synthesize(placement: string) {
  const context = { placement, vpcId: 'vpc-0123456789abcdef0', ...LOOKED_UP } as never;
  const app = newApp(temporaryDirectory(), context);
  addSample(app, readSettings(app.node), { pdp: image, app: image });
  const { stacks, manifest } = app.synth();
  return { names: stacks.map(({ stackName }) => stackName), stacks, missing: manifest.missing ?? [] };
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('a VPC that is there', () => {
  it.each([
    ['serverless', ['ServerlessPdp', 'ServerlessNotes']],
    ['sidecar', ['SidecarNotes']],
  ])('is where the placement %s is, without a stack for a network', (placement, names) => {
    vi.stubEnv('CDK_DEFAULT_ACCOUNT', '123456789012');
    vi.stubEnv('CDK_DEFAULT_REGION', 'eu-west-1');
    const made = synthesize(placement);
    expect(made.missing).toEqual([]);
    expect(made.names).toEqual(names);
    for (const { template } of made.stacks) {
      const types = Object.values(template.Resources as Record<string, { Type: string }>).map(
        ({ Type }) => Type,
      );
      expect(types.filter((type) => /EC2::(VPC|Subnet|VPCEndpoint)$/.test(type))).toEqual([]);
      expect(JSON.stringify(template)).toMatch(/subnet-0123456789abcdea.*subnet-0123456789abcdeb/);
    }
  });

  it('cannot be looked up without an account', () => {
    vi.stubEnv('CDK_DEFAULT_ACCOUNT', undefined);
    expect(() => synthesize('serverless')).toThrow(
      /^vpcId: looking a VPC up takes its account and region; sign in/,
    );
  });
});

it('makes no stack before it knows that it can', () => {
  vi.stubEnv('CDK_DEFAULT_ACCOUNT', undefined);
  const app = newApp(temporaryDirectory(), { placement: 'star', vpcId: 'vpc-0123456789abcdef0' });
  expect(() => addSample(app, readSettings(app.node), { pdp: image })).toThrow();
  expect(app.node.children.filter(Stack.isStack)).toEqual([]);
});
