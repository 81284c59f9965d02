import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RemovalPolicy } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { NotesStack } from '../../../lib/sample/notes-stack.ts';
import { newApp, temporaryDirectory } from '../support.ts';
import { only, resources, roleStatements, target } from '../template.ts';
import { synthesize, VARIANTS } from './synthesize.ts';

const serverless = synthesize(VARIANTS.serverless ?? {});
const embedded = synthesize(VARIANTS.embedded ?? {});
const placements = [
  ['serverless', serverless],
  ['embedded', embedded],
] as const;

const HANDLERS = ['ViewNote', 'EditNote', 'CreateNote'];

const notesOf = ({ templates }: typeof serverless) => part(templates, 'Notes');

function part(templates: typeof serverless.templates, name: string): Template {
  const template = templates[name];
  if (template === undefined) throw new Error(`no stack ${name}`);
  return template;
}

describe.each(placements)('the sample with the PDP %s', (placement, synthesized) => {
  const template = notesOf(synthesized);
  const functions = resources(template, 'AWS::Lambda::Function');

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

  it('has no function but the handlers', () => {
    expect(Object.keys(functions).sort()).toEqual([...HANDLERS].sort());
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

  it('says where the API is, and tags all with the placement', () => {
    expect(Object.keys(template.findOutputs('*'))).toEqual(['UserPoolId', 'UserPoolClientId', 'ApiUrl']);
    expect(functions.ViewNote?.Tags).toEqual([
      { Key: 'application', Value: 'serverless-pdp' },
      { Key: 'placement', Value: placement },
    ]);
  });
});

describe('the PDP in the functions', () => {
  const template = notesOf(embedded);

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
    const stack = new NotesStack(newApp(temporaryDirectory()), 'Notes', {
      tokens: { issuer: 'https://id.example.com/', audience: 'notes' },
      removalPolicy: RemovalPolicy.RETAIN,
    });
    const template = Template.fromStack(stack);
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
  return join(embedded.outdir, `asset.${(location as { S3Key: string }).S3Key.replace('.zip', '')}`);
}
