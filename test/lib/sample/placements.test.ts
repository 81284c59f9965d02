import { AwsSolutionsChecks, type NagPack, NIST80053R5Checks, ServerlessChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { PLACEMENTS } from '../../../lib/sample/placements.ts';
import { resources, statements } from '../template.ts';
import { synthesize, VARIANTS } from './synthesize.ts';

const STACKS: Record<string, string[]> = {
  serverless: ['Network', 'Pdp', 'Notes'],
  cluster: ['Network', 'Pdp', 'Notes'],
  star: ['Network', 'Pdp', 'Notes'],
  sidecar: ['Network', 'Notes'],
  embedded: ['Notes'],
  remote: ['Notes'],
};

/** The actions that a role may do with every resource, and why no statement can name one. */
const ANY_RESOURCE: Record<string, string> = {
  'ecr:GetAuthorizationToken': 'has no resource',
  'ec2:AssignPrivateIpAddresses': 'Lambda itself, kept from the code of functions by a deny',
  'ec2:CreateNetworkInterface': 'Lambda itself, kept from the code of functions by a deny',
  'ec2:DeleteNetworkInterface': 'Lambda itself, kept from the code of functions by a deny',
  'ec2:DescribeNetworkInterfaces': 'Lambda itself, kept from the code of functions by a deny',
  'ec2:DescribeSubnets': 'Lambda itself, kept from the code of functions by a deny',
  'ec2:UnassignPrivateIpAddresses': 'Lambda itself, kept from the code of functions by a deny',
};

/** Tasks are listed by the cluster that they are in: it is a condition and not the resource. */
const isInCluster = (condition: unknown) =>
  /^\{"ArnEquals":\{"ecs:cluster":/.test(JSON.stringify(condition ?? ''));

/** What AWS does not delete with a stack by itself. */
const LEFT_BEHIND = [
  'AWS::Logs::LogGroup',
  'AWS::Cognito::UserPool',
  'AWS::SecretsManager::Secret',
  'AWS::S3::Bucket',
];

/** Values that change with the code, and say nothing about the template. */
const ASSET = /[0-9a-f]{64}/g;

describe.each(Object.entries(VARIANTS))('the placement %s', (variant, context) => {
  const { app, templates, waits } = synthesize(context);
  const all = Object.entries(templates);

  it.each([AwsSolutionsChecks, NIST80053R5Checks, ServerlessChecks])(
    'has no finding of $name that is not acknowledged with a reason',
    (Pack) => {
      expect(new Pack(app).validateScope(app)).toEqual({ success: true, violations: [] });
    },
  );

  it('acknowledges these findings and no other', () => {
    const found = [AwsSolutionsChecks, NIST80053R5Checks, ServerlessChecks].flatMap((Pack) => {
      const pack: NagPack = new Pack(app);
      Object.assign(pack, { isAcknowledged: () => false });
      return pack
        .validateScope(app)
        .violations.flatMap(({ ruleName, violatingResources }) =>
          violatingResources.map(
            ({ constructPath }) => `${ruleName} ${constructPath?.replace(/^[A-Z][a-z]+/, '')}`,
          ),
        );
    });
    expect(found.sort()).toMatchSnapshot();
  });

  it('is of stacks that are deployed one after the other, none of which waits for a later one', () => {
    const store = context.policies === 'store' ? ['Policies'] : [];
    const expected = [...store, ...(STACKS[context.placement ?? ''] ?? [])];
    expect(Object.keys(templates)).toEqual(expected);
    for (const [index, name] of expected.entries()) {
      for (const before of waits[name] ?? []) expect(expected.slice(0, index)).toContain(before);
    }
  });

  it('lets no role do anything with every resource but what has no other', () => {
    for (const [, template] of all) {
      for (const policy of Object.values(resources(template, 'AWS::IAM::Policy'))) {
        for (const { Effect, Action, Resource, Condition } of statements(policy.PolicyDocument)) {
          if (Effect !== 'Allow' || ![Resource].flat().includes('*') || isInCluster(Condition)) continue;
          for (const action of [Action].flat()) expect(ANY_RESOURCE).toHaveProperty([String(action)]);
        }
      }
      expect(JSON.stringify(resources(template, 'AWS::IAM::Policy'))).not.toMatch(/"Action":"[^"]*\*"/);
    }
  });

  it('has nothing public, no NAT gateway and no way out but the named ones', () => {
    for (const [, template] of all) {
      for (const type of ['NatGateway', 'InternetGateway', 'EIP', 'EgressOnlyInternetGateway', 'Route']) {
        template.resourceCountIs(`AWS::EC2::${type}`, 0);
      }
      for (const { NetworkConfiguration } of Object.values(resources(template, 'AWS::ECS::Service'))) {
        expect(NetworkConfiguration).toMatchObject({ AwsvpcConfiguration: { AssignPublicIp: 'DISABLED' } });
      }
      const open = JSON.stringify(Object.values(resources(template, 'AWS::EC2::SecurityGroupIngress')));
      expect(open).not.toMatch(/CidrIp/);
    }
  });

  it('leaves nothing behind, and keeps no log for ever', () => {
    for (const [, template] of all) {
      for (const type of LEFT_BEHIND) {
        for (const { DeletionPolicy, Properties } of Object.values(template.findResources(type))) {
          expect(DeletionPolicy).toBe('Delete');
          if (type === 'AWS::Logs::LogGroup') expect([30, 90]).toContain(Properties.RetentionInDays);
        }
      }
    }
  });

  it('tags what it makes', () => {
    for (const [, template] of all) {
      for (const { Tags } of Object.values(resources(template, 'AWS::ECS::Service'))) {
        expect(Tags).toEqual([
          { Key: 'application', Value: 'serverless-pdp' },
          { Key: 'placement', Value: context.placement },
        ]);
      }
    }
  });

  it.each(all)(`is, in its stack %s, what it was`, (_part, template) => {
    expect(JSON.stringify(template.toJSON(), null, 1).replaceAll(ASSET, '<asset>')).toMatchSnapshot(variant);
  });
});

describe('the placements', () => {
  it('run the same handlers, bit by bit', () => {
    const code = PLACEMENTS.filter((placement) => placement !== 'sidecar').map((placement) => {
      const { templates } = synthesize(VARIANTS[placement] ?? {});
      const functions = resources(templates.Notes as never, 'AWS::Lambda::Function');
      return ['ViewNote', 'EditNote', 'CreateNote'].map((name) => functions[name]?.Code);
    });
    for (const one of code) expect(one).toEqual(code[0]);
  });
});
