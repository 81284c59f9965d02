import { Template } from 'aws-cdk-lib/assertions';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { describe, expect, it } from 'vitest';
import { FargatePdp } from '../../lib/fargate-pdp.ts';
import { PdpEndpoints } from '../../lib/pdp-endpoints.ts';
import { RemotePdp } from '../../lib/remote-pdp.ts';
import { builtImage, inlineFunction, isolatedStack, temporaryDirectory } from './support.ts';
import { resources, securityGroupRules, statements, target } from './template.ts';

const outdir = temporaryDirectory();

describe('the endpoints of a VPC without a NAT gateway', () => {
  const { stack, vpc } = isolatedStack(outdir);
  const endpoints = new PdpEndpoints(stack, 'Ends', { vpc, ecs: true });
  const pdp = new FargatePdp(stack, 'Pdp', { vpc, ...builtImage, endpoints });
  pdp.grantEvaluate(inlineFunction(stack, 'Function', vpc));
  endpoints.connectGate(inlineFunction(stack, 'Gate', vpc));
  const template = Template.fromStack(stack);

  it('are what tasks and callers need, each for this account and the calls that are made', () => {
    const account = { StringEquals: { 'aws:PrincipalAccount': { Ref: 'AWS::AccountId' } } };
    const pull = [
      'ecr:BatchCheckLayerAvailability',
      'ecr:BatchGetImage',
      'ecr:GetAuthorizationToken',
      'ecr:GetDownloadUrlForLayer',
    ];
    const found = Object.entries(resources(template, 'AWS::EC2::VPCEndpoint')).map(([name, endpoint]) => {
      const [statement] = statements(endpoint.PolicyDocument);
      const groups = ((endpoint.SecurityGroupIds ?? []) as unknown[]).map(target);
      return [name, groups, statement?.Action, statement?.Condition];
    });
    expect(found).toEqual([
      ['VpcS3', [], 's3:GetObject', undefined],
      ['EndsEcrApi', ['EndsTasks'], pull, account],
      ['EndsEcrDocker', ['EndsTasks'], pull, account],
      ['EndsLogs', ['EndsTasks'], ['logs:CreateLogStream', 'logs:PutLogEvents'], account],
      [
        'EndsSecretsManager',
        ['EndsSecrets'],
        ['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue'],
        account,
      ],
      [
        'EndsEcsApi',
        ['EndsEcs'],
        ['ecs:DescribeServiceRevisions', 'ecs:DescribeServices', 'ecs:DescribeTasks', 'ecs:ListTasks'],
        account,
      ],
    ]);
  });

  it('let in tasks, callers and the gate, each to what is theirs', () => {
    expect(
      securityGroupRules(template).filter((rule) => rule.startsWith('Ends') && rule.includes(' in ')),
    ).toEqual([
      'EndsEcs in tcp 443 GateSecurityGroup',
      'EndsSecrets in tcp 443 FunctionSecurityGroup',
      'EndsSecrets in tcp 443 PdpSecurityGroup',
      'EndsTasks in tcp 443 PdpSecurityGroup',
    ]);
  });

  it('are there before the first task is', () => {
    const [service] = Object.values(template.findResources('AWS::ECS::Service'));
    expect(service?.DependsOn.map((id: string) => target({ Ref: id }))).toEqual(
      expect.arrayContaining(['EndsEcrApi', 'EndsEcrDocker', 'EndsLogs', 'EndsSecretsManager']),
    );
  });
});

describe('a PDP that someone else hosts', () => {
  const make = (props = {}) => {
    const { stack, vpc } = isolatedStack(outdir);
    const apiKey = Secret.fromSecretNameV2(stack, 'Key', 'pdp');
    const pdp = new RemotePdp(stack, 'Pdp', { url: 'https://pdp.example.com:8443/', apiKey, ...props });
    return { stack, vpc, pdp };
  };

  it('is reached by a function of a VPC on its port, and Secrets Manager on its', () => {
    const { stack, vpc, pdp } = make();
    pdp.grantEvaluate(inlineFunction(stack, 'Function', vpc));
    expect(securityGroupRules(Template.fromStack(stack))).toEqual([
      'FunctionSecurityGroup out tcp 443 0.0.0.0/0',
      'FunctionSecurityGroup out tcp 8443 0.0.0.0/0',
    ]);
  });

  it('is asked by a function without a VPC, with nothing but its address and key', () => {
    const { stack, pdp } = make({ certificateAuthority: '-----BEGIN CERTIFICATE-----\nAAAA' });
    pdp.grantEvaluate(inlineFunction(stack, 'Function'));
    const template = Template.fromStack(stack);
    expect(securityGroupRules(template)).toEqual([]);
    expect(resources(template, 'AWS::Lambda::Function').Function?.Environment).toEqual({
      Variables: {
        PDP_URL: 'https://pdp.example.com:8443/',
        PDP_API_KEY_SECRET: expect.anything(),
        PDP_CA: '-----BEGIN CERTIFICATE-----\nAAAA',
      },
    });
  });

  it.each([
    [
      { url: 'http://pdp.example.com' },
      /^url: "http:\/\/pdp\.example\.com" is not an https URL; the key must not/,
    ],
    [{ url: 'pdp' }, /^url: "pdp" is not an https URL/],
    [
      { certificateAuthority: 'ca.pem' },
      /^certificateAuthority: it is not a certificate in PEM; pass the text/,
    ],
    [
      { certificateAuthority: `-----BEGIN CERTIFICATE-----${'A'.repeat(4000)}` },
      /^certificateAuthority: 4027 characters; .* pass 3072 at most$/,
    ],
  ])('is refused with %j', (props, message) => {
    expect(() => make(props)).toThrow(message);
  });
});

describe('a PDP that another app has deployed', () => {
  it.each([
    ['https://api.pdp.internal:7000', 7000],
    ['https://pdp.example.com', 443],
    ['http://api.pdp.internal', 80],
  ])('is asked at %s on port %d', (endpoint, port) => {
    const { stack, vpc } = isolatedStack(outdir);
    const own = new FargatePdp(stack, 'Own', { vpc, ...builtImage });
    const pdp = FargatePdp.fromAttributes(stack, 'Pdp', {
      endpoint,
      vpc,
      securityGroup: own.service.connections.securityGroups[0] as never,
      apiKey: Secret.fromSecretNameV2(stack, 'Key', 'pdp'),
      certificateAuthority: 'PEM',
    });
    pdp.grantEvaluate(inlineFunction(stack, 'Function', vpc));
    const template = Template.fromStack(stack);
    expect(securityGroupRules(template)).toContain(`OwnSecurityGroup in tcp ${port} FunctionSecurityGroup`);
    expect(resources(template, 'AWS::Lambda::Function').Function?.Environment).toEqual({
      Variables: { PDP_URL: endpoint, PDP_API_KEY_SECRET: expect.anything(), PDP_CA: 'PEM' },
    });
  });

  it('is refused without a URL', () => {
    const { stack, vpc } = isolatedStack(outdir);
    const securityGroup = new FargatePdp(stack, 'Own', { vpc, ...builtImage }).connections.securityGroups[0];
    const apiKey = Secret.fromSecretNameV2(stack, 'Key', 'pdp');
    expect(() =>
      FargatePdp.fromAttributes(stack, 'Pdp', {
        endpoint: 'api',
        apiKey,
        securityGroup: securityGroup as never,
      }),
    ).toThrow(/^endpoint: "api" is not the URL of a PDP/);
  });
});
