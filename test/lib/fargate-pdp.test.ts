import { Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Cluster } from 'aws-cdk-lib/aws-ecs';
import { Key } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { HttpNamespace, PrivateDnsNamespace } from 'aws-cdk-lib/aws-servicediscovery';
import { beforeAll, describe, expect, it } from 'vitest';
import { FargatePdp } from '../../lib/fargate-pdp.ts';
import { PdpImage } from '../../lib/pdp-image.ts';
import { SynthesisError } from '../../lib/synthesis-error.ts';
import {
  builtImage,
  imageContext,
  inlineFunction,
  isolatedStack,
  newApp,
  temporaryDirectory,
} from './support.ts';
import { only, resources, roleStatements, securityGroupRules, target } from './template.ts';

const outdir = temporaryDirectory();
const image = {
  image: PdpImage.fromPolicies('pdp-container/policies', imageContext(temporaryDirectory())),
};

describe('the PDP on Fargate, with two functions that may ask and one that may not', () => {
  let template: Template;
  let pdp: FargatePdp;

  beforeAll(() => {
    const { stack, vpc } = isolatedStack(outdir);
    pdp = new FargatePdp(stack, 'Pdp', { vpc, ...image });
    for (const id of ['First', 'Second']) pdp.grantEvaluate(inlineFunction(stack, id, vpc));
    inlineFunction(stack, 'Stranger', vpc);
    template = Template.fromStack(stack);
  });

  it('lets in the two functions on port 7000, and out to AWS, where there are no endpoints to name', () => {
    expect(securityGroupRules(template)).toEqual([
      'FirstSecurityGroup out tcp 443 0.0.0.0/0',
      'FirstSecurityGroup out tcp 7000 PdpSecurityGroup',
      'PdpSecurityGroup in tcp 7000 FirstSecurityGroup',
      'PdpSecurityGroup in tcp 7000 SecondSecurityGroup',
      'PdpSecurityGroup out tcp 443 0.0.0.0/0',
      'SecondSecurityGroup out tcp 443 0.0.0.0/0',
      'SecondSecurityGroup out tcp 7000 PdpSecurityGroup',
      'StrangerSecurityGroup out icmp 252-86 255.255.255.255/32',
    ]);
  });

  it('gives each function the one permission to read the key, and the tasks what starting takes', () => {
    expect(roleStatements(template).filter((line) => line.startsWith('PdpTask'))).toEqual([
      expect.stringMatching(
        /^PdpTaskExecutionRole: Allow ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:GetDownloadUrlForLayer on .*:repository\/.*container-assets/,
      ),
      'PdpTaskExecutionRole: Allow ecr:GetAuthorizationToken on *',
      'PdpTaskExecutionRole: Allow logs:CreateLogStream logs:PutLogEvents on PdpLog',
      'PdpTaskExecutionRole: Allow secretsmanager:DescribeSecret secretsmanager:GetSecretValue on PdpApiKey PdpCertificateSecretsServer',
    ]);
    const secrets = roleStatements(template).filter((line) => /^(First|Second|Stranger).*: Allow/.test(line));
    expect(secrets).toEqual([
      'FirstServiceRole: Allow secretsmanager:GetSecretValue on PdpApiKey',
      'SecondServiceRole: Allow secretsmanager:GetSecretValue on PdpApiKey',
    ]);
  });

  it('tells the functions where the PDP is and where its key is, not what it is', () => {
    const functions = resources(template, 'AWS::Lambda::Function');
    for (const name of ['First', 'Second']) {
      expect(functions[name]?.Environment).toEqual({
        Variables: {
          PDP_URL: 'https://api.pdp.internal:7000',
          PDP_API_KEY_SECRET: { Ref: expect.stringMatching(/^PdpApiKey/) },
          PDP_CA: { 'Fn::GetAtt': [expect.stringMatching(/^PdpCertificate/), 'CertificateAuthority'] },
          PDP_CA_GENERATION: '1',
        },
      });
    }
    expect(functions.Stranger?.Environment).toBeUndefined();
    expect(pdp.endpoint).toBe('https://api.pdp.internal:7000');
  });

  it('makes a key of 256 bits and keeps it in Secrets Manager alone', () => {
    expect(resources(template, 'AWS::SecretsManager::Secret').PdpApiKey?.GenerateSecretString).toEqual({
      ExcludePunctuation: true,
      PasswordLength: 43,
    });
    expect(JSON.stringify(template.toJSON())).not.toContain('resolve:secretsmanager');
  });

  it('runs one container that can write nothing and has no privilege', () => {
    const { ContainerDefinitions, ...task } = only(template, 'AWS::ECS::TaskDefinition');
    expect(task).toMatchObject({
      Cpu: '512',
      Memory: '1024',
      NetworkMode: 'awsvpc',
      RequiresCompatibilities: ['FARGATE'],
      RuntimePlatform: { CpuArchitecture: 'ARM64', OperatingSystemFamily: 'LINUX' },
    });
    expect(task).not.toHaveProperty('Volumes');
    expect(ContainerDefinitions).toEqual([
      {
        Name: 'pdp',
        Essential: true,
        Image: expect.anything(),
        Command: [
          'serve',
          ...['--public-url', 'https://api.pdp.internal:7000'],
          ...['--drain-seconds', '20'],
          ...['--opa-port', 'off'],
          ...['--cloudwatch-metrics', expect.stringMatching(/^Test-Pdp-/)],
        ],
        User: '65532:65532',
        Privileged: false,
        ReadonlyRootFilesystem: true,
        LinuxParameters: { Capabilities: { Drop: ['ALL'] }, InitProcessEnabled: true },
        PortMappings: [{ ContainerPort: 7000, Protocol: 'tcp' }],
        DockerLabels: { 'pdp.revision': '5e665c29c8292ecc' },
        Secrets: [
          { Name: 'PDP_TLS_CERT', ValueFrom: expect.toSatisfy(isFieldOf('certificate')) },
          { Name: 'PDP_TLS_KEY', ValueFrom: expect.toSatisfy(isFieldOf('privateKey')) },
          { Name: 'PDP_API_KEY', ValueFrom: { Ref: expect.stringMatching(/^PdpApiKey/) } },
        ],
        HealthCheck: {
          Command: ['CMD', 'node', '/app/healthcheck.mjs'],
          Interval: 10,
          Timeout: 5,
          Retries: 3,
          StartPeriod: 30,
        },
        StopTimeout: 60,
        Ulimits: [{ Name: 'nofile', SoftLimit: 65_535, HardLimit: 65_535 }],
        LogConfiguration: {
          LogDriver: 'awslogs',
          Options: {
            'awslogs-group': { Ref: expect.stringMatching(/^PdpLog/) },
            'awslogs-region': { Ref: 'AWS::Region' },
            'awslogs-stream-prefix': 'pdp',
            mode: 'non-blocking',
          },
        },
      },
    ]);
  });

  it('has a certificate before it has a task, and new tasks when there is a new one', () => {
    const [service] = Object.values(template.findResources('AWS::ECS::Service'));
    expect(service?.DependsOn.map((id: string) => target({ Ref: id }))).toContain('PdpCertificate');
    expect(only(template, 'Custom::PdpCertificate').ServerNames).toEqual(['api.pdp.internal']);
    expect(roleStatements(template)).toContain(
      'PdpCertificateRole: Allow ecs:DescribeServices ecs:UpdateService on PdpService',
    );
  });

  it('keeps the decision log for three months, and when the construct goes', () => {
    const groups = Object.entries(template.findResources('AWS::Logs::LogGroup'));
    expect(groups.find(([id]) => id.startsWith('PdpLog'))?.[1]).toMatchObject({
      Properties: { RetentionInDays: 90 },
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
    });
  });

  it('replaces tasks with none missing, goes back when they do not get healthy, and lets nobody in to them', () => {
    const { NetworkConfiguration, ServiceRegistries, ...service } = only(template, 'AWS::ECS::Service');
    expect(service).toMatchObject({
      DesiredCount: 2,
      LaunchType: 'FARGATE',
      PlatformVersion: '1.4.0',
      AvailabilityZoneRebalancing: 'ENABLED',
      DeploymentConfiguration: {
        MinimumHealthyPercent: 100,
        MaximumPercent: 200,
        DeploymentCircuitBreaker: { Enable: true, Rollback: true },
      },
      EnableExecuteCommand: false,
    });
    expect(NetworkConfiguration).toEqual({
      AwsvpcConfiguration: {
        AssignPublicIp: 'DISABLED',
        SecurityGroups: [{ 'Fn::GetAtt': [expect.stringMatching(/^PdpSecurityGroup/), 'GroupId'] }],
        Subnets: [
          { Ref: expect.stringMatching(/^VpcInSubnet1Subnet/) },
          { Ref: expect.stringMatching(/^VpcInSubnet2Subnet/) },
        ],
      },
    });
    expect(ServiceRegistries).toEqual([{ RegistryArn: expect.anything() }]);
  });

  it('is registered under addresses that are kept for ten seconds at most', () => {
    expect(only(template, 'AWS::ServiceDiscovery::PrivateDnsNamespace').Name).toBe('pdp.internal');
    expect(only(template, 'AWS::ServiceDiscovery::Service')).toMatchObject({
      Name: 'api',
      DnsConfig: { DnsRecords: [{ Type: 'A', TTL: 10 }], RoutingPolicy: 'MULTIVALUE' },
    });
  });

  it('starts its first task when the permissions to start it are there', () => {
    const [service] = Object.values(template.findResources('AWS::ECS::Service'));
    expect(service?.DependsOn.map((id: string) => target({ Ref: id }))).toEqual(
      expect.arrayContaining(['PdpTaskExecutionRole', 'PdpTaskExecutionRoleDefaultPolicy']),
    );
  });

  it('watches the cluster', () => {
    expect(only(template, 'AWS::ECS::Cluster').ClusterSettings).toEqual([
      { Name: 'containerInsights', Value: 'enabled' },
    ]);
  });
});

describe('what a user sets', () => {
  it('is taken: size, count, names, cluster, key and log', () => {
    const { stack, vpc } = isolatedStack(outdir);
    const pdp = new FargatePdp(stack, 'Pdp', {
      vpc,
      ...image,
      cluster: new Cluster(stack, 'Own', { vpc }),
      namespace: new PrivateDnsNamespace(stack, 'Names', { vpc, name: 'acme.internal' }),
      serviceName: 'decisions',
      cpu: 1024,
      memoryLimitMiB: 4096,
      desiredCount: 3,
      apiKey: new Secret(stack, 'Key', { encryptionKey: new Key(stack, 'Master') }),
      logRetention: RetentionDays.ONE_YEAR,
    });
    pdp.grantEvaluate(inlineFunction(stack, 'Function', vpc));
    const template = Template.fromStack(stack);
    expect(pdp.endpoint).toBe('https://decisions.acme.internal:7000');
    expect(only(template, 'AWS::ECS::TaskDefinition')).toMatchObject({ Cpu: '1024', Memory: '4096' });
    expect(only(template, 'AWS::ECS::Service').DesiredCount).toBe(3);
    expect(Object.keys(resources(template, 'AWS::ECS::Cluster'))).toEqual(['Own']);
    expect(Object.keys(resources(template, 'AWS::SecretsManager::Secret'))).not.toContain('PdpApiKey');
    expect(resources(template, 'AWS::Logs::LogGroup').PdpLog?.RetentionInDays).toBe(365);
    // A key of one's own in KMS is used through Secrets Manager only, and its policy names no caller.
    expect(roleStatements(template).filter((line) => line.startsWith('FunctionServiceRole: Allow'))).toEqual([
      expect.stringMatching(
        /^FunctionServiceRole: Allow kms:Decrypt on Master if .*"kms:ViaService".*"secretsmanager\..*\.amazonaws\.com"/,
      ),
      'FunctionServiceRole: Allow secretsmanager:GetSecretValue on Key',
    ]);
    expect(JSON.stringify(only(template, 'AWS::KMS::Key').KeyPolicy)).not.toContain('FunctionServiceRole');
  });

  it('is the KMS key of all secrets and logs, which those who must read them may use', () => {
    const { stack, vpc } = isolatedStack(outdir);
    const encryptionKey = new Key(stack, 'Master');
    const pdp = new FargatePdp(stack, 'Pdp', { vpc, ...builtImage, encryptionKey });
    pdp.grantEvaluate(inlineFunction(stack, 'Function', vpc));
    const template = Template.fromStack(stack);
    const secrets = Object.entries(resources(template, 'AWS::SecretsManager::Secret'));
    expect(secrets.map(([name, { KmsKeyId }]) => [name, target(KmsKeyId)])).toEqual([
      ['PdpApiKey', 'Master'],
      ['PdpCertificateSecretsAuthority', 'Master'],
      ['PdpCertificateSecretsServer', 'Master'],
    ]);
    expect(target(resources(template, 'AWS::Logs::LogGroup').PdpLog?.KmsKeyId)).toBe('Master');
    const decrypts = roleStatements(template).filter((line) => line.includes('kms:Decrypt'));
    expect(decrypts.map((line) => line.split(':')[0])).toEqual(['FunctionServiceRole', 'PdpCertificateRole']);
    for (const line of decrypts) expect(line).toContain('"kms:ViaService"');
    const policy = JSON.stringify(only(template, 'AWS::KMS::Key').KeyPolicy);
    expect(policy).toMatch(
      /"Service":\{?[^}]*logs\..*"kms:EncryptionContext:aws:logs:arn"|kms:EncryptionContext/,
    );
  });

  it('may be subnets with egress, which are taken when there are no isolated ones', () => {
    const stack = new Stack(newApp(outdir), 'Test');
    new FargatePdp(stack, 'Pdp', { vpc: new Vpc(stack, 'Vpc'), ...image });
    const service = only(Template.fromStack(stack), 'AWS::ECS::Service');
    expect(JSON.stringify(service.NetworkConfiguration)).toContain('VpcPrivateSubnet1');
    expect(JSON.stringify(service.NetworkConfiguration)).not.toContain('VpcPublicSubnet');
  });
});

describe('what cannot be deployed is refused at synth', () => {
  const { stack, vpc } = isolatedStack(outdir);
  let count = 0;
  const make = (props: object) => new FargatePdp(stack, `Pdp${count++}`, { vpc, ...image, ...props });

  it.each([
    ['no policies', { image: undefined }, /^policies: missing; name a directory of \.cedar files/],
    [
      'two of them',
      { policies: 'policies' },
      /^policies: the image has its own; leave policies or image out/,
    ],
    ['a size that Fargate does not have', { cpu: 512, memoryLimitMiB: 512 }, /^memoryLimitMiB: .* use 1024/],
    [
      'policies that are not there',
      { image: undefined, policies: '/nowhere' },
      /^policies: there is no \/nowhere; name a directory/,
    ],
    [
      'policies that are no directory',
      { image: undefined, policies: 'cdk.json' },
      /^policies: .*cdk\.json is neither a directory/,
    ],
    [
      'an image without context',
      { image: PdpImage.fromPolicies('pdp-container/policies', '/nowhere') },
      /^image: .*\/nowhere; write it with: node scripts/,
    ],
    ['no tasks', { desiredCount: 0 }, /^desiredCount: 0 tasks; use a whole number, 1 or more/],
    [
      'a number of tasks that their load sets',
      { desiredCount: 2, scaling: { maxTasks: 4 } },
      /^desiredCount: scaling sets the number of tasks; use scaling\.minTasks instead/,
    ],
    [
      'fewer tasks at most than at least',
      { scaling: { maxTasks: 1 } },
      /^scaling\.maxTasks: 1 tasks; .* 2 or more/,
    ],
    ['no tasks at least', { scaling: { minTasks: 0, maxTasks: 1 } }, /^scaling\.minTasks: 0 tasks/],
    [
      'a percentage above all',
      { scaling: { maxTasks: 4, targetCpuPercent: 120 } },
      /^scaling\.targetCpuPercent: 120 is not a percentage; use 1 to 100/,
    ],
    [
      'scaling by requests that nobody counts',
      { scaling: { maxTasks: 4, requestsPerTaskPerMinute: 100 } },
      /^scaling\.requestsPerTaskPerMinute: .* set exposure: 'loadBalancer'/,
    ],
    ['a share above all', { spotWeight: 101 }, /^spotWeight: 101 is not a share in percent/],
    [
      'blue/green without a balancer',
      { deployment: 'blueGreen' },
      /^deployment: .* set exposure: 'loadBalancer'/,
    ],
    ['a balancer that is not used', { loadBalancer: {} }, /^loadBalancer: .* set exposure: 'loadBalancer'/],
    [
      'a name in DNS for a balancer',
      { exposure: 'loadBalancer', serviceName: 'a' },
      /^serviceName: .* use loadBalancer\.domainName/,
    ],
    ['a bake time of a rolling deployment', { bakeTime: Duration.minutes(1) }, /^bakeTime: .*'blueGreen'/],
    [
      'an authority that nobody uses',
      { transport: 'plain', certificateAuthority: '2' },
      /^certificateAuthority: there is none with transport: 'plain'/,
    ],
    [
      'a balancer without a certificate',
      { exposure: 'loadBalancer' },
      /^loadBalancer\.certificate: missing; .* transport: 'plain'/,
    ],
  ])('%s', (_what, props, message) => {
    expect(() => make(props)).toThrow(message);
    expect(() => make(props)).toThrow(SynthesisError);
  });

  it('a VPC with public subnets alone', () => {
    const subnetConfiguration = [{ name: 'Public', subnetType: SubnetType.PUBLIC }];
    const open = new Vpc(stack, 'AllOpen', { natGateways: 0, subnetConfiguration });
    expect(() => make({ vpc: open })).toThrow(/^vpc: it has no private subnets; add isolated ones/);
  });

  it('public subnets', () => {
    const open = new Vpc(stack, 'Open');
    expect(() => make({ vpc: open, vpcSubnets: { subnetType: SubnetType.PUBLIC } })).toThrow(
      new SynthesisError('vpcSubnets: the PDP must not be in public subnets; select private ones'),
    );
  });

  it('a namespace without private names', () => {
    const namespace = new HttpNamespace(stack, 'Http', { name: 'acme' });
    expect(() => make({ namespace })).toThrow(/^namespace: HTTP has no private names/);
  });

  it('a function outside the VPC', () => {
    const outside = inlineFunction(stack, 'Outside');
    expect(() => make({}).grantEvaluate(outside)).toThrow(/^Test\/Outside: the function is in no VPC/);
  });
});

/** A value of ECS's: a field of a secret, by its ARN. */
function isFieldOf(field: string) {
  return (value: unknown) => new RegExp(`"Ref":"PdpCertificate.*":${field}::"`).test(JSON.stringify(value));
}
