import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { AwsSolutionsChecks, NIST80053R5Checks, ServerlessChecks } from 'cdk-nag';
import { beforeAll, describe, expect, it } from 'vitest';
import { DeploymentGate } from '../../lib/deployment-gate.ts';
import { FargatePdp } from '../../lib/fargate-pdp.ts';
import { image, type Made, make, outdir, policies } from './gated-stack.ts';
import { isolatedStack } from './support.ts';
import { only, resources, roleStatements, securityGroupRules, statements, target } from './template.ts';

const BLUE_GREEN = { exposure: 'loadBalancer', deployment: 'blueGreen' } as const;

const gateRoles = (template: Template) =>
  roleStatements(template).filter((line) => line.startsWith('Gate') && !line.includes(' ec2:'));

const inCluster = (resource: string) =>
  `{"Fn::Join":["",["arn:",{"Ref":"AWS::Partition"},":ecs:",{"Ref":"AWS::Region"},":",{"Ref":"AWS::AccountId"},` +
  `":${resource}/",{"Ref":"PdpCluster2272D262"},"/*"]]}`;

describe('the gate of a rolling deployment', () => {
  let made: Made;
  let template: Template;
  beforeAll(() => {
    made = make();
    template = made.template;
  });

  it('is checked after the service, whenever its task definition or the revision is another', () => {
    const [[, check] = []] = Object.entries(template.findResources('Custom::PdpDeploymentGate'));
    expect(check?.Properties).toEqual({
      ServiceToken: { 'Fn::GetAtt': [expect.stringMatching(/^GateProviderframeworkonEvent/), 'Arn'] },
      ServiceTimeout: '420',
      Cluster: { Ref: expect.stringMatching(/^PdpCluster/) },
      Service: { 'Fn::GetAtt': [expect.stringMatching(/^PdpService/), 'Name'] },
      Revision: made.pdp.revision,
      TaskDefinition: { Ref: expect.stringMatching(/^PdpTask/) },
    });
    const waitsFor = ((check?.DependsOn ?? []) as string[]).map((id) => target({ Ref: id }));
    expect(waitsFor).toContain('PdpService');
  });

  it('has what it expects in its package, readable by anyone', () => {
    const { Code } = resources(template, 'AWS::Lambda::Function').GateFunction ?? {};
    const { S3Key } = Code as { S3Key: string };
    const directory = join(outdir, `asset.${S3Key.replace('.zip', '')}`);
    expect(readdirSync(directory).sort()).toEqual(['expected.json', 'index.mjs']);
    for (const file of readdirSync(directory))
      expect(statSync(join(directory, file)).mode & 0o777).toBe(0o644);
    const expected = JSON.parse(readFileSync(join(directory, 'expected.json'), 'utf8'));
    expect(expected.revision).toBe(made.pdp.revision);
    expect(expected.revision).toBe(made.gate.revision);
    expect(expected.tests.length).toBeGreaterThanOrEqual(30);
    expect(expected.tests[0]).toMatchObject({
      name: expect.any(String),
      request: {},
      decision: expect.any(Boolean),
    });
  });

  it('may see the one service and the tasks of its cluster, read the key and write its log, and no more', () => {
    expect(gateRoles(template)).toEqual([
      'GateProviderRole: Allow lambda:GetFunction on GateFunction',
      'GateProviderRole: Allow lambda:InvokeFunction on GateFunction ' +
        '{"Fn::Join":["",[{"Fn::GetAtt":["GateFunction115324B9","Arn"]},":*"]]}',
      'GateProviderRole: Allow logs:CreateLogStream logs:PutLogEvents on GateProviderLog',
      'GateRole: Allow ecs:DescribeServices on PdpService',
      `GateRole: Allow ecs:DescribeTasks on ${inCluster('task')}`,
      'GateRole: Allow ecs:ListTasks on * if {"ArnEquals":{"ecs:cluster":{"Fn::GetAtt":["PdpCluster2272D262","Arn"]}}}',
      'GateRole: Allow logs:CreateLogStream logs:PutLogEvents on GateLog',
      'GateRole: Allow secretsmanager:GetSecretValue on PdpApiKey',
    ]);
  });

  it('reaches the tasks and the endpoints of ECS and Secrets Manager, and is reached by nobody', () => {
    expect(securityGroupRules(template).filter((rule) => rule.includes('GateFunction'))).toEqual([
      'EndpointsEcs in tcp 443 GateFunctionSecurityGroup',
      'EndpointsSecrets in tcp 443 GateFunctionSecurityGroup',
      'GateFunctionSecurityGroup out tcp 443 EndpointsEcs',
      'GateFunctionSecurityGroup out tcp 443 EndpointsSecrets',
      'GateFunctionSecurityGroup out tcp 7000 PdpSecurityGroup',
      'PdpSecurityGroup in tcp 7000 GateFunctionSecurityGroup',
    ]);
  });

  it('has an endpoint of ECS that lets through what it asks, and no more', () => {
    const { PolicyDocument } = resources(template, 'AWS::EC2::VPCEndpoint').EndpointsEcsApi ?? {};
    expect(statements(PolicyDocument).map(({ Action }) => Action)).toEqual([
      ['ecs:DescribeServiceRevisions', 'ecs:DescribeServices', 'ecs:DescribeTasks', 'ecs:ListTasks'],
    ]);
  });

  it('asks as callers of the PDP do, from its subnets', () => {
    const {
      Environment,
      Code: _,
      VpcConfig,
      ...settings
    } = resources(template, 'AWS::Lambda::Function').GateFunction as Record<string, unknown>;
    expect(made.stack.resolve(Environment)).toEqual({
      Variables: { ...made.stack.resolve(made.pdp.environment), PDP_TASK_PORT: '7000' },
    });
    expect((VpcConfig as { SubnetIds: unknown[] }).SubnetIds.map(target)).toEqual([
      'VpcInSubnet1Subnet',
      'VpcInSubnet2Subnet',
    ]);
    expect(settings).toEqual({
      Architectures: ['arm64'],
      Description: 'Checks the tasks of the policy decision point after a deployment',
      Handler: 'index.handler',
      LoggingConfig: { LogFormat: 'JSON', LogGroup: { Ref: expect.stringMatching(/^GateLog/) } },
      MemorySize: 512,
      Role: { 'Fn::GetAtt': [expect.stringMatching(/^GateRole/), 'Arn'] },
      Runtime: 'nodejs24.x',
      Timeout: 300,
    });
  });

  it('has a framework outside of the VPC, which can answer CloudFormation', () => {
    const framework = resources(template, 'AWS::Lambda::Function').GateProviderframeworkonEvent;
    expect(framework).toMatchObject({ Timeout: 900, Runtime: 'nodejs24.x' });
    expect(framework).not.toHaveProperty('VpcConfig');
  });

  it('leaves the deployment of the service to itself', () => {
    expect(only(template, 'AWS::ECS::Service').DeploymentConfiguration).not.toHaveProperty('LifecycleHooks');
  });
});

describe('the gate of a blue/green deployment', () => {
  let made: Made;
  let template: Template;
  beforeAll(() => {
    made = make({ ...BLUE_GREEN, transport: 'plain' });
    template = made.template;
  });

  it('is a hook that the service waits for before green has traffic', () => {
    expect(only(template, 'AWS::ECS::Service').DeploymentConfiguration).toMatchObject({
      Strategy: 'BLUE_GREEN',
      LifecycleHooks: [
        {
          HookTargetArn: { 'Fn::GetAtt': [expect.stringMatching(/^GateFunction/), 'Arn'] },
          LifecycleStages: ['POST_SCALE_UP'],
          RoleArn: { 'Fn::GetAtt': [expect.stringMatching(/^GateHookRole/), 'Arn'] },
        },
      ],
    });
    expect(template.findResources('Custom::PdpDeploymentGate')).toEqual({});
  });

  it('may see the revisions of services of the cluster; only ECS may call it', () => {
    expect(gateRoles(template)).toEqual([
      'GateHookRole: Allow lambda:InvokeFunction on GateFunction',
      `GateRole: Allow ecs:DescribeServiceRevisions on ${inCluster('service-revision')}`,
      `GateRole: Allow ecs:DescribeTasks on ${inCluster('task')}`,
      'GateRole: Allow ecs:ListTasks on * if {"ArnEquals":{"ecs:cluster":{"Fn::GetAtt":["PdpCluster2272D262","Arn"]}}}',
      'GateRole: Allow logs:CreateLogStream logs:PutLogEvents on GateLog',
      'GateRole: Allow secretsmanager:GetSecretValue on PdpApiKey',
    ]);
    const { AssumeRolePolicyDocument } = resources(template, 'AWS::IAM::Role').GateHookRole ?? {};
    expect(statements(AssumeRolePolicyDocument)).toEqual([
      { Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'ecs.amazonaws.com' } },
    ]);
  });

  it('asks the tasks, and not the load balancer', () => {
    expect(securityGroupRules(template)).toContain('GateFunctionSecurityGroup out tcp 7000 PdpSecurityGroup');
    expect(
      securityGroupRules(template).filter((rule) => /^GateFunction.* 443 PdpBalancer/.test(rule)),
    ).toEqual([]);
  });

  it('trusts the authority of the tasks, where callers trust that of the load balancer', () => {
    const { stack, vpc } = isolatedStack(outdir);
    const pdp = new FargatePdp(stack, 'Pdp', {
      vpc,
      image,
      ...BLUE_GREEN,
      loadBalancer: {
        domainName: 'pdp.example.com',
        certificate: Certificate.fromCertificateArn(
          stack,
          'Acm',
          'arn:aws:acm:eu-west-1:123456789012:certificate/a',
        ),
      },
    });
    new DeploymentGate(stack, 'Gate', { pdp, policies });
    const own = Template.fromStack(stack);
    const { Environment } = resources(own, 'AWS::Lambda::Function').GateFunction ?? {};
    expect(Environment).toMatchObject({
      Variables: {
        PDP_URL: 'https://pdp.example.com',
        PDP_TASK_PORT: '7000',
        PDP_CA: { 'Fn::GetAtt': [expect.stringMatching(/^PdpCertificate/), 'CertificateAuthority'] },
      },
    });
    expect(pdp.environment).not.toHaveProperty('PDP_CA');
    // A PDP without endpoints of the kit: the VPC has a way to AWS that is not known here.
    expect(securityGroupRules(own).filter((rule) => rule.startsWith('GateFunction'))).toEqual([
      'GateFunctionSecurityGroup out tcp 443 0.0.0.0/0',
      'GateFunctionSecurityGroup out tcp 7000 PdpSecurityGroup',
    ]);
  });
});

it.each([
  ['rolling', {}],
  ['blue/green', { ...BLUE_GREEN, transport: 'plain' } as const],
])('has no open finding: %s', (_, pdpProps) => {
  const { stack, gate } = make(pdpProps);
  for (const Checks of [AwsSolutionsChecks, NIST80053R5Checks, ServerlessChecks]) {
    const checks = new Checks(stack.node.root as App);
    expect(checks.validateScope(gate as unknown as App).violations).toEqual([]);
    Object.assign(checks, { isAcknowledged: () => false });
    expect(checks.validateScope(gate as unknown as App).violations).not.toEqual([]);
  }
});
