import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Connections, type IVpc, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { Cluster, ContainerImage, FargateService, FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Alias } from 'aws-cdk-lib/aws-lambda';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { describe, expect, it } from 'vitest';
import { EmbeddedPdp } from '../../lib/embedded-pdp.ts';
import { FargatePdp } from '../../lib/fargate-pdp.ts';
import { builtImage, inlineFunction, isolatedStack, newApp, temporaryDirectory } from './support.ts';
import { resources, roleStatements, securityGroupRules } from './template.ts';

const outdir = temporaryDirectory();

function service(stack: Stack, vpc: IVpc, withContainer = true): FargateService {
  const taskDefinition = new FargateTaskDefinition(stack, 'AppTask');
  if (withContainer) taskDefinition.addContainer('app', { image: ContainerImage.fromRegistry('app') });
  const group = new SecurityGroup(stack, 'AppGroup', { vpc, allowAllOutbound: false });
  return new FargateService(stack, 'App', {
    cluster: new Cluster(stack, 'AppCluster', { vpc }),
    taskDefinition,
    securityGroups: [group],
  });
}

const about = (name: string) => (line: string) => line.startsWith(name) && line.includes(': Allow');

describe('an ECS service that may ask', () => {
  const { stack, vpc } = isolatedStack(outdir);
  const pdp = new FargatePdp(stack, 'Pdp', { vpc, ...builtImage });
  pdp.grantEvaluate(service(stack, vpc));
  const template = Template.fromStack(stack);

  it('reaches the PDP, and Secrets Manager by whatever way the VPC has', () => {
    expect(securityGroupRules(template).filter((rule) => rule.includes('AppGroup'))).toEqual([
      'AppGroup out tcp 443 0.0.0.0/0',
      'AppGroup out tcp 7000 PdpSecurityGroup',
      'PdpSecurityGroup in tcp 7000 AppGroup',
    ]);
  });

  it('reads the key with the role of its containers, not the one that starts them', () => {
    expect(roleStatements(template).filter(about('AppTask'))).toEqual([
      'AppTaskTaskRole: Allow secretsmanager:GetSecretValue on PdpApiKey',
    ]);
  });

  it('has the environment in its container', () => {
    const task = resources(template, 'AWS::ECS::TaskDefinition').AppTask;
    const [container] = (task?.ContainerDefinitions ?? []) as { Environment: unknown }[];
    expect(container?.Environment).toEqual([
      { Name: 'PDP_URL', Value: 'https://api.pdp.internal:7000' },
      { Name: 'PDP_API_KEY_SECRET', Value: { Ref: expect.stringMatching(/^PdpApiKey/) } },
      {
        Name: 'PDP_CA',
        Value: { 'Fn::GetAtt': [expect.stringMatching(/^PdpCertificate/), 'CertificateAuthority'] },
      },
      { Name: 'PDP_CA_GENERATION', Value: '1' },
    ]);
  });
});

describe('anything else with a role and security groups', () => {
  it('gets rule and permission, and sets its own environment', () => {
    const { stack, vpc } = isolatedStack(outdir);
    const pdp = new FargatePdp(stack, 'Pdp', { vpc, ...builtImage });
    const group = new SecurityGroup(stack, 'BuildGroup', { vpc, allowAllOutbound: false });
    const grantPrincipal = new Role(stack, 'BuildRole', {
      assumedBy: new ServicePrincipal('codebuild.amazonaws.com'),
    });
    const grant = pdp.grantEvaluate({
      grantPrincipal,
      connections: new Connections({ securityGroups: [group], defaultPort: Port.tcp(1) }),
    });
    expect(grant.success).toBe(true);
    const template = Template.fromStack(stack);
    expect(securityGroupRules(template).filter((rule) => rule.includes('BuildGroup'))).toEqual([
      'BuildGroup out tcp 443 0.0.0.0/0',
      'BuildGroup out tcp 7000 PdpSecurityGroup',
      'PdpSecurityGroup in tcp 7000 BuildGroup',
    ]);
    expect(roleStatements(template).filter(about('Build'))).toEqual([
      'BuildRole: Allow secretsmanager:GetSecretValue on PdpApiKey',
    ]);
    expect(Object.keys(pdp.environment)).toEqual([
      'PDP_URL',
      'PDP_API_KEY_SECRET',
      'PDP_CA',
      'PDP_CA_GENERATION',
    ]);
  });
});

describe('a version and an alias of a function', () => {
  it('are let in as the function itself', () => {
    const { stack, vpc } = isolatedStack(temporaryDirectory());
    const fn = inlineFunction(stack, 'Function', vpc);
    const alias = new Alias(stack, 'Live', { aliasName: 'live', version: fn.currentVersion });
    new FargatePdp(stack, 'Pdp', { vpc, ...builtImage }).grantEvaluate(alias);
    const template = Template.fromStack(stack);
    expect(securityGroupRules(template)).toContain('PdpSecurityGroup in tcp 7000 FunctionSecurityGroup');
    expect(resources(template, 'AWS::Lambda::Function').Function?.Environment).toMatchObject({
      Variables: { PDP_URL: 'https://api.pdp.internal:7000' },
    });
  });
});

describe('a grant across stacks', () => {
  it('leaves the stack of the PDP without a word of its callers', () => {
    const synthesize = (withCaller: boolean) => {
      const { stack, vpc } = isolatedStack(temporaryDirectory());
      const pdp = new FargatePdp(stack, 'Pdp', { vpc, ...builtImage });
      const app = new Stack(stack.node.root, 'Application');
      const caller = inlineFunction(app, 'Function', vpc);
      if (withCaller) pdp.grantEvaluate(caller);
      const { Resources } = Template.fromStack(stack).toJSON();
      return { Resources, stack, rules: securityGroupRules(Template.fromStack(app)) };
    };
    const { Resources, stack, rules } = synthesize(true);
    expect(Resources).toEqual(synthesize(false).Resources);
    expect(stack.dependencies).toEqual([]);
    expect(rules.filter((rule) => rule.includes(' 7000 '))).toHaveLength(2);
  });
});

describe('a key imported by its name', () => {
  it('is granted with the characters that its ARN ends with', () => {
    const { stack, vpc } = isolatedStack(outdir);
    const apiKey = Secret.fromSecretNameV2(stack, 'Key', 'pdp-key');
    new FargatePdp(stack, 'Pdp', { vpc, ...builtImage, apiKey }).grantEvaluate(
      inlineFunction(stack, 'Function', vpc),
    );
    expect(roleStatements(Template.fromStack(stack)).filter(about('Function'))).toEqual([
      expect.stringMatching(
        /^FunctionServiceRole: Allow secretsmanager:GetSecretValue on .*:secret:pdp-key-\?{6}"/,
      ),
    ]);
  });
});

describe('what cannot ask is refused at synth', () => {
  const { stack, vpc } = isolatedStack(outdir);
  const pdp = new FargatePdp(stack, 'Pdp', { vpc, ...builtImage });

  it('a grantee without a security group', () => {
    const grantPrincipal = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') });
    expect(() => pdp.grantEvaluate({ grantPrincipal, connections: new Connections() })).toThrow(
      /^the grantee: it has no security group/,
    );
  });

  it('a service whose task has no container yet', () => {
    expect(() => pdp.grantEvaluate(service(stack, vpc, false))).toThrow(
      /^Test\/AppTask: the task has no container/,
    );
  });

  it('a service, of a PDP that is inside functions', () => {
    const inside = new EmbeddedPdp(new Stack(newApp(outdir), 'Other'), 'Pdp', {
      policies: 'pdp-container/policies',
    });
    const own = isolatedStack(outdir);
    expect(() => inside.grantEvaluate(service(own.stack, own.vpc))).toThrow(
      /^Test\/App: the embedded PDP is a Lambda layer, for functions only; beside a container use PdpSidecar$/,
    );
  });
});
