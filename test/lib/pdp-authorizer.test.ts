import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { IdentitySource, MockIntegration, RestApi } from 'aws-cdk-lib/aws-apigateway';
import { HttpApi, HttpMethod, WebSocketApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpUrlIntegration, WebSocketMockIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { describe, expect, it } from 'vitest';
import { EmbeddedPdp } from '../../lib/embedded-pdp.ts';
import { type AuthorizerResultOptions, PdpAuthorizer } from '../../lib/pdp-authorizer.ts';
import { SynthesisError } from '../../lib/synthesis-error.ts';
import { signer, token } from '../lambda/tokens.ts';
import { newApp, temporaryDirectory } from './support.ts';
import { only, resources, roleStatements, target } from './template.ts';

const outdir = temporaryDirectory();
const stack = new Stack(newApp(outdir), 'Test');
const pdp = new EmbeddedPdp(stack, 'Pdp', { policies: 'pdp-container/policies' });
const authorizer = new PdpAuthorizer(stack, 'Authorizer', { pdp, entry: 'test/lib/functions/authorizer.ts' });

const http = new HttpApi(stack, 'Http', { defaultAuthorizer: authorizer.forHttpApi() });
const backend = () => new HttpUrlIntegration('Backend', 'https://example.com');
for (const method of [HttpMethod.GET, HttpMethod.PUT]) {
  http.addRoutes({ path: '/notes/{note}', methods: [method], integration: backend() });
}
const cached = new HttpApi(stack, 'Cached');
cached.addRoutes({
  path: '/',
  integration: backend(),
  authorizer: authorizer.forHttpApi({
    identitySources: ['$request.header.Authorization', '$context.httpMethod', '$context.path'],
    resultsCacheTtl: Duration.minutes(1),
  }),
});
const rest = new RestApi(stack, 'Rest', { cloudWatchRole: false });
rest.root.addMethod('GET', new MockIntegration(), { authorizer: authorizer.forRestApi() });
new WebSocketApi(stack, 'Socket', {
  connectRouteOptions: {
    integration: new WebSocketMockIntegration('Connect'),
    authorizer: authorizer.forWebSocketApi({ identitySources: ['route.request.querystring.token'] }),
  },
});
const template = Template.fromStack(stack);
const authorizers = resources(template, 'AWS::ApiGatewayV2::Authorizer');

describe('the authorizer', () => {
  it('of an HTTP API asks about every request, and takes a simple response', () => {
    expect(authorizers.HttpAuthorizer).toMatchObject({
      AuthorizerPayloadFormatVersion: '2.0',
      AuthorizerResultTtlInSeconds: 0,
      AuthorizerType: 'REQUEST',
      EnableSimpleResponses: true,
      IdentitySource: ['$request.header.Authorization'],
    });
    const routes = Object.values(resources(template, 'AWS::ApiGatewayV2::Route')).filter(
      ({ ApiId }) => target(ApiId) === 'Http',
    );
    expect(
      routes.map(({ AuthorizationType, AuthorizerId }) => [AuthorizationType, target(AuthorizerId)]),
    ).toEqual([
      ['CUSTOM', 'HttpAuthorizer'],
      ['CUSTOM', 'HttpAuthorizer'],
    ]);
  });

  it('of an HTTP API keeps results when that is said, under what was asked', () => {
    expect(authorizers.CachedAuthorizer2).toMatchObject({
      AuthorizerResultTtlInSeconds: 60,
      IdentitySource: ['$request.header.Authorization', '$context.httpMethod', '$context.path'],
    });
  });

  it('of a REST API asks about every request', () => {
    expect(only(template, 'AWS::ApiGateway::Authorizer')).toMatchObject({
      AuthorizerResultTtlInSeconds: 0,
      IdentitySource: 'method.request.header.Authorization',
      Type: 'REQUEST',
    });
    expect(only(template, 'AWS::ApiGateway::Method')).toMatchObject({ AuthorizationType: 'CUSTOM' });
  });

  it('of a WebSocket API asks when a client connects', () => {
    expect(authorizers.SocketAuthorizer).toMatchObject({
      AuthorizerType: 'REQUEST',
      IdentitySource: ['route.request.querystring.token'],
    });
  });

  it('is called by these APIs, for their authorizers, and by nobody else', () => {
    const permissions = Object.values(resources(template, 'AWS::Lambda::Permission'));
    const seen = permissions.map(({ FunctionName, Principal, SourceArn }) => [
      target(FunctionName),
      Principal,
      sourceOf(SourceArn),
    ]);
    expect(seen.sort()).toEqual([
      ['AuthorizerFunction', 'apigateway.amazonaws.com', 'Cached/authorizers/CachedAuthorizer2'],
      ['AuthorizerFunction', 'apigateway.amazonaws.com', 'Http/authorizers/HttpAuthorizer'],
      ['AuthorizerFunction', 'apigateway.amazonaws.com', 'Rest/authorizers/AuthorizerRest'],
      ['AuthorizerFunction', 'apigateway.amazonaws.com', 'Socket/authorizers/SocketAuthorizer'],
    ]);
  });

  it('may write its log, and that is all', () => {
    expect(roleStatements(template)).toEqual([
      'AuthorizerFunctionRole: Allow logs:CreateLogStream logs:PutLogEvents on AuthorizerFunctionLog',
    ]);
  });

  it('decides in what is deployed: the function and the layer', () => {
    const [code, layer] = [
      resources(template, 'AWS::Lambda::Function').AuthorizerFunction?.Code,
      only(template, 'AWS::Lambda::LayerVersion').Content,
    ].map((asset) => join(outdir, `asset.${(asset as { S3Key: string }).S3Key.replace('.zip', '')}`));
    const key = signer('one', 'ES256');
    const claims = { iss: 'https://id.example.com/', aud: 'notes', exp: Math.floor(Date.now() / 1000) + 600 };
    const bearer = (sub: string) => `Bearer ${token(key, { ...claims, sub })}`;
    const program = `
      const { handler } = await import('./index.mjs');
      const answers = [];
      for (const authorization of JSON.parse(process.env.TOKENS)) {
        const pathParameters = { note: 'acme/roadmap' };
        const event = { version: '2.0', type: 'REQUEST', headers: { authorization }, pathParameters };
        const context = { getRemainingTimeInMillis: () => 30_000 };
        const answer = await handler(event, context).catch((error) => error);
        answers.push(answer.isAuthorized ?? answer.message);
      }
      console.log(JSON.stringify(answers));
    `;
    const output = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
      cwd: code,
      encoding: 'utf8',
      env: {
        PATH: process.env.PATH,
        PDP_BUNDLE: join(layer ?? '', 'pdp'),
        JWKS: JSON.stringify({ keys: [key.jwk] }),
        TOKENS: JSON.stringify([bearer('bob'), bearer('erin'), 'Bearer x']),
      },
    });
    expect(JSON.parse(output)).toEqual([true, false, 'Unauthorized']);
    expect(readFileSync(join(code ?? '', 'index.mjs')).length).toBeLessThan(150_000);
  });
});

describe('keeping results', () => {
  const resultsCacheTtl = Duration.minutes(5);
  const make: Record<string, (options: AuthorizerResultOptions) => unknown> = {
    http: (options) => authorizer.forHttpApi(options),
    rest: (options) => authorizer.forRestApi(options),
  };
  const context = (name: string) => IdentitySource.context(name);

  it.each<[string, string[] | undefined, string]>([
    ['http', undefined, '$context.httpMethod'],
    ['http', ['$request.header.Authorization', '$context.path'], '$context.httpMethod'],
    ['http', ['$request.header.Authorization', '$context.routeKey'], '$context.path'],
    ['rest', undefined, 'context.httpMethod'],
    ['rest', [IdentitySource.header('Authorization'), context('path')], 'context.httpMethod'],
    ['rest', [IdentitySource.header('Authorization'), context('httpMethod')], 'context.path'],
  ])('is refused where a permit would be one for something else: %s, %j', (api, identitySources, missing) => {
    const options = { resultsCacheTtl, ...(identitySources === undefined ? {} : { identitySources }) };
    expect(() => make[api]?.(options)).toThrow(
      new SynthesisError(
        'Test/Authorizer: resultsCacheTtl: a result would be kept for requests that nobody asked about; add ' +
          `${missing} to identitySources, with all that the question is made of, or keep nothing`,
      ),
    );
  });

  it('of a REST API takes its context variables', () => {
    const identitySources = [IdentitySource.header('Authorization'), context('httpMethod'), context('path')];
    expect(() => authorizer.forRestApi({ resultsCacheTtl, identitySources })).not.toThrow();
  });
});

/** `API/authorizers/AUTHORIZER` of an ARN. */
function sourceOf(arn: unknown): string {
  const [, parts] = (arn as { 'Fn::Join': [string, unknown[]] })['Fn::Join'];
  const names = parts.filter((part) => typeof part === 'object').map(target);
  const [api, id] = names.slice(-2);
  expect(JSON.stringify(parts)).toContain('"/authorizers/"');
  return `${api}/authorizers/${id}`;
}
