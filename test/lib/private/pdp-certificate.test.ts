import { type App, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Cluster, ContainerImage, FargateService, FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import { Key } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { AwsSolutionsChecks, NIST80053R5Checks, ServerlessChecks } from 'cdk-nag';
import { beforeAll, describe, expect, it } from 'vitest';
import { PdpCertificate, type PdpCertificateProps } from '../../../lib/private/pdp-certificate.ts';
import { SynthesisError } from '../../../lib/synthesis-error.ts';
import { inlineFunction, isolatedStack, temporaryDirectory } from '../support.ts';
import { only, resources, roleStatements, statements, target } from '../template.ts';

const outdir = temporaryDirectory();

interface Made {
  stack: Stack;
  certificate: PdpCertificate;
  service: FargateService;
}

/** A service that serves with the certificate and a function that trusts it, wired as FargatePdp does. */
function make(props: Partial<PdpCertificateProps> = {}): Made {
  const { stack, vpc } = isolatedStack(outdir);
  const certificate = new PdpCertificate(stack, 'Certificate', {
    serverNames: ['api.pdp.internal'],
    ...props,
  });
  const taskDefinition = new FargateTaskDefinition(stack, 'Task');
  taskDefinition.addContainer('pdp', {
    image: ContainerImage.fromRegistry('pdp'),
    secrets: certificate.containerSecrets,
  });
  const cluster = new Cluster(stack, 'Cluster', { vpc });
  const service = new FargateService(stack, 'Service', {
    cluster,
    taskDefinition,
    minHealthyPercent: 100,
    circuitBreaker: { enable: true },
  });
  service.node.addDependency(certificate);
  certificate.restartOnRenewal(service);
  inlineFunction(stack, 'Caller').addEnvironment('PDP_CA', certificate.certificateAuthority);
  return { stack, certificate, service };
}

describe('a certificate for a service', () => {
  let template: Template;
  let made: Made;

  beforeAll(() => {
    made = make();
    // Also refuses a template whose resources wait for each other.
    template = Template.fromStack(made.stack);
  });

  it('lets its function keep the two secrets, restart the one service and write its log, and no more', () => {
    expect(roleStatements(template).filter((line) => line.startsWith('CertificateRole'))).toEqual([
      'CertificateRole: Allow ecs:DescribeServices ecs:UpdateService on Service',
      'CertificateRole: Allow logs:CreateLogStream logs:PutLogEvents on CertificateLog',
      'CertificateRole: Allow secretsmanager:GetSecretValue secretsmanager:PutSecretValue ' +
        'secretsmanager:UpdateSecretVersionStage on CertificateSecretsAuthority CertificateSecretsServer',
    ]);
  });

  it('keeps the authority from everyone but the function, whatever else they may', () => {
    const { SecretId, ResourcePolicy } = only(template, 'AWS::SecretsManager::ResourcePolicy');
    expect(target(SecretId)).toBe('CertificateSecretsAuthority');
    const role = { 'Fn::GetAtt': [expect.stringMatching(/^CertificateRole/), 'Arn'] };
    expect(statements(ResourcePolicy)).toEqual([
      {
        Effect: 'Deny',
        Principal: { AWS: '*' },
        Action: [
          'secretsmanager:GetSecretValue',
          'secretsmanager:PutSecretValue',
          'secretsmanager:UpdateSecretVersionStage',
        ],
        Resource: { Ref: expect.stringMatching(/^CertificateSecretsAuthority/) },
        Condition: { ArnNotEquals: { 'aws:PrincipalArn': role } },
      },
    ]);
  });

  it("gives the tasks' execution role the server's certificate, and the tasks themselves nothing", () => {
    expect(roleStatements(template).filter((line) => line.startsWith('Task'))).toEqual([
      'TaskExecutionRole: Allow secretsmanager:DescribeSecret secretsmanager:GetSecretValue on ' +
        'CertificateSecretsServer',
    ]);
    const [container] = only(template, 'AWS::ECS::TaskDefinition').ContainerDefinitions as [
      { Secrets: unknown },
    ];
    const field = (name: string) => ({
      'Fn::Join': ['', [{ Ref: expect.stringMatching(/^CertificateSecretsServer/) }, `:${name}::`]],
    });
    expect(container.Secrets).toEqual([
      { Name: 'PDP_TLS_CERT', ValueFrom: field('certificate') },
      { Name: 'PDP_TLS_KEY', ValueFrom: field('privateKey') },
    ]);
  });

  it('makes secrets without a value, which CloudFormation so never writes over', () => {
    expect(resources(template, 'AWS::SecretsManager::Secret')).toEqual({
      CertificateSecretsAuthority: {
        Description: 'Certificate authority of the policy decision point, with its key',
      },
      CertificateSecretsServer: { Description: 'Certificate of the policy decision point, with its key' },
    });
    for (const secret of Object.values(template.findResources('AWS::SecretsManager::Secret'))) {
      expect(secret.DeletionPolicy).toBe('Delete');
    }
  });

  it('asks for the names and tells callers the authority, after which the tasks start', () => {
    const [[id, resource] = []] = Object.entries(template.findResources('Custom::PdpCertificate'));
    expect(resource?.Properties).toEqual({
      ServiceToken: { 'Fn::GetAtt': [expect.stringMatching(/^CertificateFunction/), 'Arn'] },
      ServiceTimeout: '600',
      ServerNames: ['api.pdp.internal'],
      Generation: '1',
    });
    expect(resources(template, 'AWS::Lambda::Function').Caller?.Environment).toEqual({
      Variables: { PDP_CA: { 'Fn::GetAtt': [id, 'CertificateAuthority'] } },
    });
    const [service] = Object.values(template.findResources('AWS::ECS::Service'));
    expect(service?.DependsOn).toContain(id);
    const names = (dependencies: string[]) => dependencies.map((name) => target({ Ref: name }));
    // Nothing is written before nobody else can read it, nor by a function that has no permission yet.
    expect(names(resource?.DependsOn)).toContain('CertificateSecretsAuthorityPolicy');
    const fn = resource?.Properties.ServiceToken['Fn::GetAtt'][0];
    expect(names(template.toJSON().Resources[fn].DependsOn)).toContain('CertificateRoleDefaultPolicy');
  });

  it('runs its function daily, for the service', () => {
    const { ScheduleExpression, State, Targets } = only(template, 'AWS::Events::Rule');
    expect({ ScheduleExpression, State }).toEqual({ ScheduleExpression: 'rate(1 day)', State: 'ENABLED' });
    const [{ Arn, Input }] = Targets as [{ Arn: unknown; Input: { 'Fn::Join': [string, unknown[]] } }];
    expect(target(Arn)).toBe('CertificateFunction');
    expect(Input['Fn::Join'][1]).toEqual([
      '{"action":"renew","services":[{"cluster":"',
      { 'Fn::GetAtt': [expect.stringMatching(/^Cluster/), 'Arn'] },
      '","service":"',
      { Ref: expect.stringMatching(/^Service/) },
      '"}]}',
    ]);
  });

  it('has a function on Node 24 and ARM64 in no VPC, with a log that ends', () => {
    const {
      Environment,
      Code: _code,
      ...settings
    } = resources(template, 'AWS::Lambda::Function').CertificateFunction as Record<string, unknown>;
    expect(settings).toEqual({
      Architectures: ['arm64'],
      Description: 'Makes and renews the certificate of the policy decision point',
      Handler: 'index.handler',
      LoggingConfig: { LogFormat: 'JSON', LogGroup: { Ref: expect.stringMatching(/^CertificateLog/) } },
      MemorySize: 256,
      Role: { 'Fn::GetAtt': [expect.stringMatching(/^CertificateRole/), 'Arn'] },
      Runtime: 'nodejs24.x',
      Timeout: 60,
    });
    expect(Environment).toEqual({
      Variables: {
        AUTHORITY_SECRET: { Ref: expect.stringMatching(/^CertificateSecretsAuthority/) },
        SERVER_SECRET: { Ref: expect.stringMatching(/^CertificateSecretsServer/) },
      },
    });
    const [log] = Object.values(template.findResources('AWS::Logs::LogGroup'));
    expect(log).toMatchObject({ Properties: { RetentionInDays: 90 }, DeletionPolicy: 'Retain' });
  });

  it('has no key in its template, and no reference that CloudFormation would replace by one', () => {
    const text = JSON.stringify(template.toJSON());
    expect(text).not.toContain('BEGIN');
    expect(text).not.toContain('resolve:secretsmanager');
  });

  it('counts runs that failed', () => {
    const metric = made.certificate.metricErrors({ statistic: 'Maximum' });
    expect(made.stack.resolve(metric.toMetricConfig().metricStat)).toMatchObject({
      namespace: 'AWS/Lambda',
      metricName: 'Errors',
      statistic: 'Maximum',
      dimensions: [{ name: 'FunctionName', value: { Ref: expect.stringMatching(/^CertificateFunction/) } }],
    });
  });

  it.each([AwsSolutionsChecks, NIST80053R5Checks, ServerlessChecks])(
    'has no open finding of %o',
    (Checks) => {
      const checks = new Checks(made.stack.node.root as App);
      expect(checks.validateScope(made.certificate as unknown as App).violations).toEqual([]);
      Object.assign(checks, { isAcknowledged: () => false });
      expect(checks.validateScope(made.certificate as unknown as App).violations).not.toEqual([]);
    },
  );
});

describe('what a user sets', () => {
  it('is taken: key, generation and log', () => {
    const { stack } = isolatedStack(outdir);
    const certificate = new PdpCertificate(stack, 'Certificate', {
      serverNames: ['a.internal', 'b.internal'],
      generation: '2',
      encryptionKey: new Key(stack, 'Master'),
      logRetention: RetentionDays.ONE_WEEK,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const template = Template.fromStack(stack);
    expect(only(template, 'Custom::PdpCertificate')).toMatchObject({
      ServerNames: ['a.internal', 'b.internal'],
      Generation: '2',
    });
    for (const secret of Object.values(resources(template, 'AWS::SecretsManager::Secret'))) {
      expect(secret.KmsKeyId).toEqual({ 'Fn::GetAtt': [expect.stringMatching(/^Master/), 'Arn'] });
    }
    expect(roleStatements(template)).toContainEqual(
      expect.stringMatching(
        /^CertificateRole: Allow kms:Decrypt kms:GenerateDataKey on Master if .*"kms:ViaService".*"secretsmanager\..*\.amazonaws\.com"/,
      ),
    );
    const [log] = Object.values(template.findResources('AWS::Logs::LogGroup'));
    expect(log).toMatchObject({ Properties: { RetentionInDays: 7 }, DeletionPolicy: 'Delete' });
    // Nothing to restart: the daily run renews all the same.
    expect(only(template, 'AWS::Events::Rule').Targets).toMatchObject([
      { Input: '{"action":"renew","services":[]}' },
    ]);
    expect(certificate.node.tryFindChild('Restart')).toBeUndefined();
  });

  it('is refused when no certificate can be made for it', () => {
    const { stack } = isolatedStack(outdir);
    let count = 0;
    const make = (serverNames: string[], generation?: string) => () =>
      new PdpCertificate(stack, `Certificate${count++}`, {
        serverNames,
        ...(generation === undefined ? {} : { generation }),
      });
    const refused = (message: string) => new SynthesisError(message);
    expect(make([])).toThrow(refused('serverNames: there is none; give the host of the PDP URL'));
    for (const name of [
      '',
      'https://api',
      'api.internal:7000',
      '10.0.0.1',
      '*.internal',
      '-a',
      `${'a'.repeat(64)}.b`,
    ]) {
      expect(make([name])).toThrow(
        refused(`serverNames: '${name}' is not a DNS name, like api.pdp.internal`),
      );
    }
    expect(make(['api'], '')).toThrow(refused("generation: it is empty; use a value such as '2'"));
    expect(make(['api', 'a-1.pdp.internal'])).not.toThrow();
  });
});
