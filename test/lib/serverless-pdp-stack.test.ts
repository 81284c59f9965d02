import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RemovalPolicy } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { type Placement, ServerlessPdpStack } from '../../lib/serverless-pdp-stack.ts';
import { imageContext, newApp, temporaryDirectory } from './support.ts';
import { only, resources, roleStatements, securityGroupRules, statements, target } from './template.ts';

// One directory for all: a handler is bundled once and not once for each placement.
const outdir = temporaryDirectory();
const image = imageContext(temporaryDirectory());

function synthesize(placement: Placement, props = {}) {
  const app = newApp(outdir);
  const stack = new ServerlessPdpStack(app, placement, { placement, imageContext: image, ...props });
  return { app, stack, template: Template.fromStack(stack) };
}

const serverless = synthesize('serverless');
const embedded = synthesize('embedded');
const placements = [
  ['serverless', serverless],
  ['embedded', embedded],
] as const;

const HANDLERS = ['ViewNote', 'EditNote', 'CreateNote'];

/** Raw findings, as they would be without any acknowledgement. */
function findings(app: typeof serverless.app): string[] {
  const checks = new AwsSolutionsChecks(app);
  Object.assign(checks, { isAcknowledged: () => false });
  const { violations } = checks.validateScope(app);
  return violations
    .flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map(({ constructPath }) => `${ruleName} ${constructPath}`),
    )
    .sort();
}

describe.each(placements)('the sample with the PDP %s', (placement, { app, template }) => {
  const functions = resources(template, 'AWS::Lambda::Function');

  it('has no finding of cdk-nag that is not acknowledged', () => {
    expect(new AwsSolutionsChecks(app).validateScope(app)).toEqual({ success: true, violations: [] });
  });

  it.each(HANDLERS)('has the handler %s on Node 24 and ARM64, in a log that ends', (name) => {
    expect(functions[name]).toMatchObject({
      Architectures: ['arm64'],
      Handler: 'index.handler',
      MemorySize: 1024,
      Runtime: 'nodejs24.x',
      Timeout: 10,
      LoggingConfig: { LogFormat: 'JSON', LogGroup: { Ref: expect.stringMatching(`^${name}Log`) } },
    });
  });

  it('has no function but the handlers, and what empties the default security group', () => {
    const provider =
      placement === 'serverless' ? ['CustomVpcRestrictDefaultSGCustomResourceProviderHandler'] : [];
    expect(Object.keys(functions).sort()).toEqual([...HANDLERS, ...provider].sort());
  });

  it('bundles handlers as small ES modules that take the AWS SDK of the runtime', () => {
    for (const name of HANDLERS) {
      const code = readFileSync(join(handlerAsset(template, name), 'index.mjs'), 'utf8');
      expect(code).toMatch(/export\s*\{.* as handler/);
      expect(code.length).toBeLessThan(150_000);
      expect(code).not.toMatch(/sourceMappingURL/);
      expect(code).toContain('import("@aws-sdk/client-secrets-manager")');
    }
  });

  it('asks for a verified token on every route', () => {
    const routes = Object.values(resources(template, 'AWS::ApiGatewayV2::Route'));
    expect(routes.map(({ RouteKey }) => RouteKey).sort()).toEqual([
      'GET /tenants/{tenant}/notes/{note}',
      'POST /tenants/{tenant}/folders/{folder}/notes',
      'PUT /tenants/{tenant}/notes/{note}',
    ]);
    for (const route of routes) {
      expect(route.AuthorizationType).toBe('JWT');
      expect(target(route.AuthorizerId)).toBe('NotesApiJwt');
    }
    const authorizer = only(template, 'AWS::ApiGatewayV2::Authorizer');
    expect(authorizer.IdentitySource).toEqual(['$request.header.Authorization']);
    expect(authorizer.JwtConfiguration).toEqual({
      Audience: [{ Ref: expect.stringMatching(/^UsersClient/) }],
      Issuer: { 'Fn::GetAtt': [expect.stringMatching(/^Users/), 'ProviderURL'] },
    });
  });

  it('lets the API invoke each handler on its own route only', () => {
    const permissions = Object.values(resources(template, 'AWS::Lambda::Permission'));
    const seen = permissions.map(({ FunctionName, Principal, SourceArn }) => [
      target(FunctionName),
      Principal,
      JSON.stringify(SourceArn).match(/\/\*\/\*(\/[^"]*)"/)?.[1],
    ]);
    expect(seen).toEqual([
      ['ViewNote', 'apigateway.amazonaws.com', '/tenants/{tenant}/notes/{note}'],
      ['EditNote', 'apigateway.amazonaws.com', '/tenants/{tenant}/notes/{note}'],
      ['CreateNote', 'apigateway.amazonaws.com', '/tenants/{tenant}/folders/{folder}/notes'],
    ]);
  });

  it('limits the rate and logs who called what, without tokens and addresses', () => {
    const stage = only(template, 'AWS::ApiGatewayV2::Stage');
    expect(stage).toMatchObject({
      StageName: '$default',
      DefaultRouteSettings: { ThrottlingBurstLimit: 200, ThrottlingRateLimit: 100 },
    });
    const { Format } = stage.AccessLogSettings as { Format: string };
    expect(Object.keys(JSON.parse(Format))).toEqual([
      'requestId',
      'time',
      'route',
      'subject',
      'status',
      'milliseconds',
      'authorizerError',
      'integrationError',
    ]);
    expect(Format).not.toMatch(/authorization|identity|header/i);
  });

  it('creates users through administrators only, with a second factor', () => {
    expect(only(template, 'AWS::Cognito::UserPool')).toMatchObject({
      AdminCreateUserConfig: { AllowAdminCreateUserOnly: true },
      MfaConfiguration: 'ON',
      EnabledMfas: ['SOFTWARE_TOKEN_MFA'],
      UserPoolAddOns: { AdvancedSecurityMode: 'ENFORCED' },
      Policies: { PasswordPolicy: { MinimumLength: 12 } },
    });
    expect(only(template, 'AWS::Cognito::UserPoolClient')).toMatchObject({
      AllowedOAuthFlowsUserPoolClient: false,
      EnableTokenRevocation: true,
      ExplicitAuthFlows: [
        'ALLOW_ADMIN_USER_PASSWORD_AUTH',
        'ALLOW_USER_SRP_AUTH',
        'ALLOW_REFRESH_TOKEN_AUTH',
      ],
      PreventUserExistenceErrors: 'ENABLED',
    });
  });

  it('keeps no log for ever, and leaves nothing behind', () => {
    for (const type of ['AWS::Logs::LogGroup', 'AWS::Cognito::UserPool', 'AWS::SecretsManager::Secret']) {
      for (const resource of Object.values(template.findResources(type))) {
        expect(resource.DeletionPolicy).toBe('Delete');
        if (type === 'AWS::Logs::LogGroup') expect([30, 90]).toContain(resource.Properties.RetentionInDays);
      }
    }
  });

  it('says where the API is, and tags all with the placement', () => {
    expect(Object.keys(template.findOutputs('*'))).toEqual(['UserPoolId', 'UserPoolClientId', 'ApiUrl']);
    expect(functions.ViewNote?.Tags).toEqual([
      { Key: 'application', Value: 'serverless-pdp' },
      { Key: 'placement', Value: placement },
    ]);
  });
});

describe('the two placements', () => {
  it('run the same handlers', () => {
    for (const name of HANDLERS) {
      expect(handlerAsset(embedded.template, name)).toBe(handlerAsset(serverless.template, name));
    }
  });
});

describe('the PDP on Fargate', () => {
  const { app, template } = serverless;

  it('is reached by the handlers alone, and they reach it and Secrets Manager alone', () => {
    const handlerRules = HANDLERS.flatMap((name) => [
      `${name}SecurityGroup out tcp 443 NetworkSecretsEndpoint`,
      `${name}SecurityGroup out tcp 7000 PdpSecurityGroup`,
      `NetworkSecretsEndpoint in tcp 443 ${name}SecurityGroup`,
      `PdpSecurityGroup in tcp 7000 ${name}SecurityGroup`,
    ]);
    expect(securityGroupRules(template)).toEqual(
      [
        ...handlerRules,
        'NetworkSecretsEndpoint in tcp 443 PdpSecurityGroup',
        'NetworkSecretsEndpoint out icmp 252-86 255.255.255.255/32',
        'NetworkTaskEndpoints in tcp 443 PdpSecurityGroup',
        'NetworkTaskEndpoints out icmp 252-86 255.255.255.255/32',
        'PdpSecurityGroup out tcp 443 0.0.0.0/0',
      ].sort(),
    );
  });

  it('is in a network with no way to the internet', () => {
    for (const type of ['NatGateway', 'InternetGateway', 'EIP', 'EgressOnlyInternetGateway', 'Route']) {
      template.resourceCountIs(`AWS::EC2::${type}`, 0);
    }
    for (const subnet of Object.values(resources(template, 'AWS::EC2::Subnet'))) {
      expect(subnet.MapPublicIpOnLaunch).toBe(false);
    }
    template.resourceCountIs('AWS::EC2::Subnet', 2);
    template.resourceCountIs('Custom::VpcRestrictDefaultSG', 1);
    expect(only(template, 'AWS::EC2::FlowLog')).toMatchObject({ ResourceType: 'VPC', TrafficType: 'ALL' });
  });

  it('has the endpoints it needs, each for this account and the calls that are made', () => {
    const endpoints = Object.entries(resources(template, 'AWS::EC2::VPCEndpoint')).map(([name, endpoint]) => {
      const [statement] = statements(endpoint.PolicyDocument);
      const groups = ((endpoint.SecurityGroupIds ?? []) as unknown[]).map(target);
      return [name, groups, statement?.Action, statement?.Condition];
    });
    const account = { StringEquals: { 'aws:PrincipalAccount': { Ref: 'AWS::AccountId' } } };
    const pull = [
      'ecr:BatchCheckLayerAvailability',
      'ecr:BatchGetImage',
      'ecr:GetAuthorizationToken',
      'ecr:GetDownloadUrlForLayer',
    ];
    expect(endpoints).toEqual([
      [expect.stringMatching(/^NetworkVpcS3/), [], 's3:GetObject', undefined],
      ['NetworkEcrApi', ['NetworkTaskEndpoints'], pull, account],
      ['NetworkEcrDocker', ['NetworkTaskEndpoints'], pull, account],
      ['NetworkLogs', ['NetworkTaskEndpoints'], ['logs:CreateLogStream', 'logs:PutLogEvents'], account],
      [
        'NetworkSecrets',
        ['NetworkSecretsEndpoint'],
        ['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue'],
        account,
      ],
    ]);
  });

  it('starts when the network can carry it', () => {
    const [service] = Object.values(template.findResources('AWS::ECS::Service'));
    expect(service?.DependsOn.map((id: string) => target({ Ref: id }))).toEqual(
      expect.arrayContaining([
        'NetworkEcrApi',
        'NetworkEcrDocker',
        'NetworkLogs',
        'NetworkSecrets',
        expect.stringMatching(/^NetworkVpcS3/),
        expect.stringMatching(/^NetworkTaskEndpointsfrom.*PdpSecurityGroup/),
      ]),
    );
  });

  it('gives each role what it needs, on what it needs it', () => {
    const interfaces =
      'ec2:AssignPrivateIpAddresses ec2:CreateNetworkInterface ec2:DeleteNetworkInterface ' +
      'ec2:DescribeNetworkInterfaces ec2:DescribeSubnets ec2:UnassignPrivateIpAddresses on *';
    const handlers = (name: string) => [
      `${name}Role: Allow ${interfaces}`,
      `${name}Role: Allow logs:CreateLogStream logs:PutLogEvents on ${name}Log`,
      `${name}Role: Allow secretsmanager:GetSecretValue on PdpApiKey`,
      `${name}Role: Deny ${interfaces} if {"Null":{"lambda:SourceFunctionArn":"false"}}`,
    ];
    const provider = 'CustomVpcRestrictDefaultSGCustomResourceProviderRole';
    expect(roleStatements(template)).toEqual([
      ...handlers('CreateNote'),
      expect.stringMatching(`^${provider}: Allow ec2:Authorize.* on .*:security-group/`),
      expect.stringMatching(`^${provider}: has .*/AWSLambdaBasicExecutionRole`),
      ...handlers('EditNote'),
      'NetworkVpcFlowLogIAMRole: Allow logs:CreateLogStream logs:DescribeLogStreams logs:PutLogEvents on NetworkFlowLogGroup',
      expect.stringMatching(/^PdpTaskExecutionRole: Allow ecr:BatchCheck.* on .*:repository\//),
      'PdpTaskExecutionRole: Allow ecr:GetAuthorizationToken on *',
      'PdpTaskExecutionRole: Allow logs:CreateLogStream logs:PutLogEvents on PdpLog',
      'PdpTaskExecutionRole: Allow secretsmanager:DescribeSecret secretsmanager:GetSecretValue on PdpApiKey',
      ...handlers('ViewNote'),
    ]);
  });

  it('acknowledges these findings and no other', () => {
    expect(findings(app)).toEqual([
      'AwsSolutions-IAM5[Resource::*] serverless/CreateNoteRole/DefaultPolicy/Resource',
      'AwsSolutions-IAM5[Resource::*] serverless/EditNoteRole/DefaultPolicy/Resource',
      'AwsSolutions-IAM5[Resource::*] serverless/Pdp/Task/ExecutionRole/DefaultPolicy/Resource',
      'AwsSolutions-IAM5[Resource::*] serverless/ViewNoteRole/DefaultPolicy/Resource',
      'AwsSolutions-SMG4 serverless/Pdp/ApiKey/Resource',
    ]);
  });
});

describe('the PDP in the functions', () => {
  const { app, template } = embedded;

  it('needs no network, no container, no secret', () => {
    const types = Object.values(template.toJSON().Resources as Record<string, { Type: string }>).map(
      ({ Type }) => Type,
    );
    expect(types.filter((type) => /EC2|ECS|ServiceDiscovery|SecretsManager/.test(type))).toEqual([]);
    for (const name of HANDLERS) {
      const fn = resources(template, 'AWS::Lambda::Function')[name];
      expect(fn).not.toHaveProperty('VpcConfig');
      expect(fn?.Environment).toEqual({ Variables: { PDP_BUNDLE: '/opt/pdp' } });
      expect(fn?.Layers).toEqual([{ Ref: expect.stringMatching(/^PdpLayer/) }]);
    }
  });

  it('may write its log, and that is all', () => {
    expect(roleStatements(template)).toEqual(
      HANDLERS.map(
        (name) => `${name}Role: Allow logs:CreateLogStream logs:PutLogEvents on ${name}Log`,
      ).sort(),
    );
  });

  it('has no finding to acknowledge', () => {
    expect(findings(app)).toEqual([]);
  });

  it('decides in what is deployed: the handler and the layer', () => {
    const layer = assetOf(only(template, 'AWS::Lambda::LayerVersion').Content);
    const bundle = join(layer, 'pdp');
    const handler = join(handlerAsset(template, 'EditNote'), 'index.mjs');
    const ask = (sub: string) => {
      const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', INVOKE], {
        encoding: 'utf8',
        env: { PATH: process.env.PATH, PDP_BUNDLE: bundle, HANDLER: handler, SUB: sub },
      });
      return stdout === '' ? stderr : JSON.parse(stdout);
    };
    expect(ask('bob')).toMatchObject({ statusCode: 200 });
    expect(ask('carol')).toMatchObject({ statusCode: 403 });
  });
});

describe('what a user sets', () => {
  it('is taken: tokens of an issuer, and data that stays', () => {
    const { template } = synthesize('embedded', {
      tokens: { issuer: 'https://id.example.com/', audience: 'notes' },
      removalPolicy: RemovalPolicy.RETAIN,
    });
    expect(only(template, 'AWS::ApiGatewayV2::Authorizer').JwtConfiguration).toEqual({
      Audience: ['notes'],
      Issuer: 'https://id.example.com/',
    });
    template.resourceCountIs('AWS::Cognito::UserPool', 0);
    template.allResources('AWS::Logs::LogGroup', { DeletionPolicy: 'Retain' });
  });
});

/** Calls the handler as Lambda does, and prints what it answers or how it fails. */
const INVOKE = `
const { handler } = await import(process.env.HANDLER);
const path = { tenant: 'acme', note: 'roadmap' };
const event = {
  version: '2.0',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ title: 'Roadmap', text: 'Later' }),
  pathParameters: path,
  requestContext: { requestId: 'r', authorizer: { jwt: { claims: { sub: process.env.SUB }, scopes: null } } },
};
const context = { awsRequestId: 'r', getRemainingTimeInMillis: () => 5000 };
const answer = await handler(event, context).catch(({ name, statusCode }) => ({ name, statusCode }));
console.log(JSON.stringify(answer));
`;

function handlerAsset(template: Template, name: string): string {
  return assetOf(resources(template, 'AWS::Lambda::Function')[name]?.Code);
}

function assetOf(location: unknown): string {
  return join(outdir, `asset.${(location as { S3Key: string }).S3Key.replace('.zip', '')}`);
}
