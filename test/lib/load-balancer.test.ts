import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { PrivateHostedZone } from 'aws-cdk-lib/aws-route53';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { describe, expect, it } from 'vitest';
import { FargatePdp } from '../../lib/fargate-pdp.ts';
import type { FargatePdpProps } from '../../lib/fargate-pdp-props.ts';
import { PdpImage } from '../../lib/pdp-image.ts';
import { builtImage, inlineFunction, isolatedStack, temporaryDirectory } from './support.ts';
import { only, resources, securityGroupRules, target } from './template.ts';

const outdir = temporaryDirectory();
const CERTIFICATE = 'arn:aws:acm:eu-west-1:123456789012:certificate/pdp';

function synthesize(props: Partial<FargatePdpProps> | ((stack: Stack) => Partial<FargatePdpProps>) = {}) {
  const { stack, vpc } = isolatedStack(outdir);
  const certificate = Certificate.fromCertificateArn(stack, 'Certificate', CERTIFICATE);
  const pdp = new FargatePdp(stack, 'Pdp', {
    vpc,
    ...builtImage,
    exposure: 'loadBalancer',
    loadBalancer: { certificate, domainName: 'pdp.example.com' },
    ...(typeof props === 'function' ? props(stack) : props),
  });
  pdp.grantEvaluate(inlineFunction(stack, 'Function', vpc));
  return { pdp, template: Template.fromStack(stack) };
}

describe('a PDP behind an internal load balancer', () => {
  const { pdp, template } = synthesize();

  it('is reached through the balancer alone', () => {
    expect(securityGroupRules(template)).toEqual([
      'FunctionSecurityGroup out tcp 443 0.0.0.0/0',
      'FunctionSecurityGroup out tcp 443 PdpBalancerSecurityGroup',
      'PdpBalancerSecurityGroup in tcp 443 FunctionSecurityGroup',
      'PdpBalancerSecurityGroup out tcp 7000 PdpSecurityGroup',
      'PdpSecurityGroup in tcp 7000 PdpBalancerSecurityGroup',
      'PdpSecurityGroup out tcp 443 0.0.0.0/0',
    ]);
  });

  it('is inside the VPC, and takes no odd header and no accidental end', () => {
    const balancer = only(template, 'AWS::ElasticLoadBalancingV2::LoadBalancer');
    expect(balancer.Scheme).toBe('internal');
    expect(JSON.stringify(balancer.Subnets)).toMatch(/VpcInSubnet1.*VpcInSubnet2/);
    expect(balancer.LoadBalancerAttributes).toEqual(
      expect.arrayContaining([
        { Key: 'deletion_protection.enabled', Value: 'true' },
        { Key: 'routing.http.drop_invalid_header_fields.enabled', Value: 'true' },
      ]),
    );
  });

  it('speaks TLS 1.2 or later with the given certificate, and TLS to the tasks too', () => {
    const listener = only(template, 'AWS::ElasticLoadBalancingV2::Listener');
    expect(listener).toMatchObject({
      Port: 443,
      Protocol: 'HTTPS',
      Certificates: [{ CertificateArn: CERTIFICATE }],
      SslPolicy: expect.stringMatching(/^ELBSecurityPolicy-TLS13-1-2-Res/),
    });
    expect(only(template, 'AWS::ElasticLoadBalancingV2::TargetGroup')).toMatchObject({
      Port: 7000,
      Protocol: 'HTTPS',
      TargetType: 'ip',
      HealthCheckPath: '/ready',
      HealthCheckProtocol: 'HTTPS',
      HealthCheckIntervalSeconds: 10,
    });
    template.resourceCountIs('Custom::PdpCertificate', 1);
  });

  it('lets requests end on a task that goes, within the time that the task drains', () => {
    const { TargetGroupAttributes } = only(template, 'AWS::ElasticLoadBalancingV2::TargetGroup');
    expect(TargetGroupAttributes).toContainEqual({
      Key: 'deregistration_delay.timeout_seconds',
      Value: '15',
    });
  });

  it('has a name in the VPC, which callers trust by the well-known authorities', () => {
    expect(pdp.endpoint).toBe('https://pdp.example.com');
    expect(only(template, 'AWS::Route53::HostedZone')).toMatchObject({ Name: 'pdp.example.com.' });
    expect(only(template, 'AWS::Route53::RecordSet')).toMatchObject({
      Name: 'pdp.example.com.',
      Type: 'A',
    });
    expect(Object.keys(pdp.environment)).toEqual(['PDP_URL', 'PDP_API_KEY_SECRET']);
    template.resourceCountIs('AWS::ServiceDiscovery::Service', 0);
  });
});

describe('what a user sets of the balancer', () => {
  it('is a hosted zone of their own', () => {
    const { template } = synthesize((stack) => {
      const zone = new PrivateHostedZone(stack, 'Zone', {
        zoneName: 'example.com',
        vpc: stack.node.findChild('Vpc') as never,
      });
      const certificate = Certificate.fromCertificateArn(stack, 'Own', CERTIFICATE);
      return { loadBalancer: { certificate, domainName: 'pdp.example.com', hostedZone: zone } };
    });
    expect(only(template, 'AWS::Route53::HostedZone').Name).toBe('example.com.');
    expect(only(template, 'AWS::Route53::RecordSet').Name).toBe('pdp.example.com.');
  });

  it('is plain HTTP, on the name of the balancer, with no certificate anywhere', () => {
    const { pdp, template } = synthesize({ transport: 'plain', loadBalancer: {} });
    expect(pdp.endpoint).toMatch(/^http:\/\/\$\{Token\[.*\]\}:7000$/);
    expect(only(template, 'AWS::ElasticLoadBalancingV2::Listener')).toMatchObject({
      Port: 7000,
      Protocol: 'HTTP',
    });
    template.resourceCountIs('Custom::PdpCertificate', 0);
    template.resourceCountIs('AWS::Route53::RecordSet', 0);
  });

  it('is that it goes with its stack', () => {
    const { template } = synthesize({ removalPolicy: RemovalPolicy.DESTROY });
    expect(only(template, 'AWS::ElasticLoadBalancingV2::LoadBalancer').LoadBalancerAttributes).toContainEqual(
      { Key: 'deletion_protection.enabled', Value: 'false' },
    );
  });
});

describe('scaling', () => {
  it('follows CPU and requests, between bounds, and leaves the number alone at a deployment', () => {
    const { template } = synthesize({
      scaling: { minTasks: 3, maxTasks: 9, targetCpuPercent: 40, requestsPerTaskPerMinute: 1000 },
    });
    expect(only(template, 'AWS::ECS::Service')).not.toHaveProperty('DesiredCount');
    expect(only(template, 'AWS::ApplicationAutoScaling::ScalableTarget')).toMatchObject({
      MinCapacity: 3,
      MaxCapacity: 9,
    });
    const policies = Object.values(resources(template, 'AWS::ApplicationAutoScaling::ScalingPolicy')).map(
      ({ TargetTrackingScalingPolicyConfiguration: configuration }) => configuration,
    );
    expect(policies).toMatchObject([
      {
        PredefinedMetricSpecification: { PredefinedMetricType: 'ECSServiceAverageCPUUtilization' },
        TargetValue: 40,
        ScaleOutCooldown: 30,
        ScaleInCooldown: 300,
      },
      {
        PredefinedMetricSpecification: { PredefinedMetricType: 'ALBRequestCountPerTarget' },
        TargetValue: 1000,
      },
    ]);
  });

  it('may be on Spot, but for one task', () => {
    const { template } = synthesize({ scaling: { maxTasks: 4 }, spotWeight: 75 });
    expect(only(template, 'AWS::ECS::Service')).toMatchObject({
      CapacityProviderStrategy: [
        { CapacityProvider: 'FARGATE', Base: 1, Weight: 25 },
        { CapacityProvider: 'FARGATE_SPOT', Weight: 75 },
      ],
    });
    expect(only(template, 'AWS::ECS::Service')).not.toHaveProperty('LaunchType');
    template.hasResourceProperties('AWS::ECS::ClusterCapacityProviderAssociations', {
      CapacityProviders: ['FARGATE', 'FARGATE_SPOT'],
    });
  });
});

describe('a blue/green deployment', () => {
  const { template } = synthesize({ deployment: 'blueGreen', bakeTime: Duration.minutes(7) });

  it('moves one rule from one target group to the other, and keeps the old tasks for a while', () => {
    const { DeploymentConfiguration, LoadBalancers } = only(template, 'AWS::ECS::Service');
    expect(DeploymentConfiguration).toMatchObject({ Strategy: 'BLUE_GREEN', BakeTimeInMinutes: 7 });
    const [balancer] = LoadBalancers as Record<string, Record<string, unknown>>[];
    expect(target(balancer?.TargetGroupArn)).toBe('PdpBalancerTargets');
    expect(target(balancer?.AdvancedConfiguration?.AlternateTargetGroupArn)).toBe(
      'PdpBalancerAlternateTargets',
    );
    expect(target(balancer?.AdvancedConfiguration?.ProductionListenerRule)).toBe('PdpBalancerProduction');
  });

  it('answers nothing behind the balancer that is not behind the rule', () => {
    expect(only(template, 'AWS::ElasticLoadBalancingV2::Listener').DefaultActions).toEqual([
      { Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404' } },
    ]);
    expect(only(template, 'AWS::ElasticLoadBalancingV2::ListenerRule')).toMatchObject({
      Priority: 1,
      Conditions: [{ Field: 'path-pattern', PathPatternConfig: { Values: ['/*'] } }],
    });
  });
});

describe("Permit's container", () => {
  const apiKey = (stack: Stack) => Secret.fromSecretNameV2(stack, 'PermitKey', 'permit');

  it('has its key from Secrets Manager, its own settings, and TLS in front of it', () => {
    const { template } = synthesize((stack) => ({
      image: PdpImage.permit({ apiKey: apiKey(stack), environment: { PDP_DEBUG: 'false' } }),
    }));
    const [container] = only(template, 'AWS::ECS::TaskDefinition').ContainerDefinitions as never[];
    expect(container).toMatchObject({
      Image: 'permitio/pdp-v2:latest',
      Environment: [{ Name: 'PDP_DEBUG', Value: 'false' }],
      HealthCheck: { Command: ['CMD-SHELL', expect.stringContaining('http://localhost:7000/healthy')] },
      PortMappings: [{ ContainerPort: 7000, Protocol: 'tcp' }],
      ReadonlyRootFilesystem: false,
      LinuxParameters: { Capabilities: { Drop: ['ALL'] } },
      Secrets: [{ Name: 'PDP_API_KEY', ValueFrom: expect.anything() }],
    });
    expect(container).not.toHaveProperty('Command');
    expect(container).not.toHaveProperty('User');
    expect(only(template, 'AWS::ElasticLoadBalancingV2::TargetGroup')).toMatchObject({ Protocol: 'HTTP' });
    expect(only(template, 'AWS::ElasticLoadBalancingV2::Listener')).toMatchObject({ Protocol: 'HTTPS' });
    template.resourceCountIs('AWS::SecretsManager::Secret', 0);
  });

  it('is refused where it would have to serve TLS itself, or take another key', () => {
    const { stack, vpc } = isolatedStack(outdir);
    const image = PdpImage.permit({ apiKey: apiKey(stack) });
    expect(() => new FargatePdp(stack, 'One', { vpc, image })).toThrow(
      /^image: this container does not serve TLS; set exposure: 'loadBalancer'.* transport: 'plain'$/,
    );
    const own = new Secret(stack, 'Own');
    expect(() => new FargatePdp(stack, 'Two', { vpc, image, transport: 'plain', apiKey: own })).toThrow(
      /^apiKey: the image has its own/,
    );
  });
});
