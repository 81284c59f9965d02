import type { RemovalPolicy } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  HttpApi,
  type HttpMethod,
  type HttpRouteIntegration,
  HttpStage,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { acknowledge, LOG_WITH_AWS_KEY } from '../private/acknowledge.ts';
import type { TokenIssuer } from './identity.ts';

/** Who called what and how it went. No token, no claim but the subject, no address. */
const ACCESS_LOG = {
  requestId: '$context.requestId',
  time: '$context.requestTimeEpoch',
  route: '$context.routeKey',
  subject: '$context.authorizer.claims.sub',
  status: '$context.status',
  milliseconds: '$context.responseLatency',
  authorizerError: '$context.authorizer.error',
  integrationError: '$context.integrationErrorMessage',
};

export interface NotesApiProps {
  readonly tokens: TokenIssuer;
  /** What becomes of the access log when the API is removed. */
  readonly removalPolicy: RemovalPolicy;
}

/** The sample's HTTP API: every route asks for a token that API Gateway verifies. */
export class NotesApi extends Construct {
  readonly url: string;
  readonly #api: HttpApi;

  constructor(scope: Construct, id: string, props: NotesApiProps) {
    super(scope, id);
    const { issuer, audience } = props.tokens;
    this.#api = new HttpApi(this, 'Api', {
      description: 'Notes for many tenants',
      createDefaultStage: false,
      defaultAuthorizer: new HttpJwtAuthorizer('Jwt', issuer, { jwtAudience: [audience] }),
    });
    const log = new LogGroup(this, 'AccessLog', {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: props.removalPolicy,
    });
    acknowledge(log, LOG_WITH_AWS_KEY);
    const stage = new HttpStage(this, 'Stage', {
      httpApi: this.#api,
      stageName: '$default',
      autoDeploy: true,
      throttle: { rateLimit: 100, burstLimit: 200 },
      accessLogSettings: {
        destination: new LogGroupLogDestination(log),
        format: AccessLogFormat.custom(JSON.stringify(ACCESS_LOG)),
      },
    });
    this.url = stage.url;
  }

  addRoute(method: HttpMethod, path: string, integration: HttpRouteIntegration): void {
    this.#api.addRoutes({ path, methods: [method], integration });
  }
}
