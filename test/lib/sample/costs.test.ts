import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { costRow, monthlyCosts } from '../../../scripts/costs.ts';
import { synthesize, VARIANTS } from './synthesize.ts';

const readme = await readFile('README.md', 'utf8');

/** What a store costs is the same wherever the PDP is: one placement stands for the others. */
const rows = Object.entries(VARIANTS).filter(
  ([variant]) => !/^(sidecar|embedded) with published policies$/.test(variant),
);

it.each(rows)('the README says what %s costs', (variant, context) => {
  const templates = Object.values(synthesize(context).templates).map((template) => template.toJSON());
  const name = variant === context.placement ? `\`${variant}\`` : variant;
  expect(readme).toContain(costRow(name, monthlyCosts(templates)));
});

it('counts tasks, endpoints in each zone, the balancer and what is paid by the month', () => {
  const endpoint = { Type: 'AWS::EC2::VPCEndpoint', Properties: { SubnetIds: ['a', 'b'] } };
  const ContainerDefinitions = [{ Environment: [{ Name: 'PDP_SOURCE', Value: 's3://bucket/key' }] }];
  const Resources = {
    task: {
      Type: 'AWS::ECS::TaskDefinition',
      Properties: { Cpu: '1024', Memory: '2048', ContainerDefinitions },
    },
    service: { Type: 'AWS::ECS::Service', Properties: { DesiredCount: 3 } },
    gateway: { Type: 'AWS::EC2::VPCEndpoint', Properties: {} },
    one: endpoint,
    two: endpoint,
    balancer: { Type: 'AWS::ElasticLoadBalancingV2::LoadBalancer' },
    secret: { Type: 'AWS::SecretsManager::Secret' },
  };
  const costs = monthlyCosts([{ Resources }]);
  expect(costs.tasks).toBeCloseTo(3 * 730 * (0.03238 + 2 * 0.00356));
  expect(costs.endpoints).toBeCloseTo(4 * 730 * 0.01);
  expect(costs.balancer).toBeCloseTo(730 * 0.0225);
  // Three tasks look into the store every 10 seconds, at $0.40 for a million requests.
  expect(costs.others).toBeCloseTo(0.4 + 10 * 0.3 + 3 * 730 * 360 * 0.4e-6);
  expect(costRow('x', costs)).toBe('| x | $87 | $29 | $16 | $4 | **$136** |');
});
