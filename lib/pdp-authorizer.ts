import type { Duration } from 'aws-cdk-lib';
import { IdentitySource, RequestAuthorizer } from 'aws-cdk-lib/aws-apigateway';
import {
  HttpLambdaAuthorizer,
  HttpLambdaResponseType,
  WebSocketLambdaAuthorizer,
} from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { Construct } from 'constructs';
import { checkCacheKey } from './private/authorizer-cache.ts';
import { ProtectedFunction, type ProtectedFunctionProps } from './protected-function.ts';

/**
 * The function of the authorizer. Its `entry` exports `handler = apiGatewayAuthorizer({…})` of
 * `serverless-pdp/authorizer`.
 */
export interface PdpAuthorizerProps extends ProtectedFunctionProps {}

export interface AuthorizerResultOptions {
  /**
   * What a request must have, or it is answered with 401 and the function is not called; and, when results are kept,
   * what they are kept under. HTTP APIs write `$request.header.Authorization`, REST APIs
   * `IdentitySource.header('Authorization')`.
   *
   * @default - the `Authorization` header
   */
  readonly identitySources?: string[];
  /**
   * How long API Gateway keeps results: one that it keeps is used for every request with the same identity sources, on
   * every route of the authorizer, without asking anybody. The identity sources must then name method and path
   * (`$context.httpMethod` and `$context.path`; a REST API: `IdentitySource.context('httpMethod')` and
   * `IdentitySource.context('path')`), and whatever else of a request the handler makes its question of. A change of
   * policies takes effect when kept results end.
   *
   * @default Duration.seconds(0) - every request is asked about
   */
  readonly resultsCacheTtl?: Duration;
}

export interface WebSocketAuthorizerOptions {
  /**
   * What a request must have, or it is answered with 401 and the function is not called:
   * `route.request.querystring.token`.
   *
   * @default - the `Authorization` header, which browsers cannot set
   */
  readonly identitySources?: string[];
}

/**
 * A Lambda authorizer of API Gateway that asks a PDP before a request reaches the integration. API Gateway may call
 * the function for the APIs that it is attached to, and for nothing else.
 *
 * @example
 * const authorizer = new PdpAuthorizer(this, 'Authorizer', { pdp, entry: 'src/authorizer.ts' });
 * const api = new HttpApi(this, 'Api', { defaultAuthorizer: authorizer.forHttpApi() });
 */
export class PdpAuthorizer extends Construct {
  /** The function that asks. */
  readonly function: ProtectedFunction;
  readonly #made = { http: 0, rest: 0, webSocket: 0 };

  /** @throws SynthesisError as {@link ProtectedFunction} does */
  constructor(scope: Construct, id: string, props: PdpAuthorizerProps) {
    super(scope, id);
    this.function = new ProtectedFunction(this, 'Function', props);
  }

  /**
   * For the routes of an HTTP API, with payload format 2.0 and simple responses. Each API needs one of its own.
   *
   * @throws SynthesisError when results are to be kept under what is not enough
   */
  forHttpApi(options: AuthorizerResultOptions = {}): HttpLambdaAuthorizer {
    const { identitySources = ['$request.header.Authorization'] } = options;
    const resultsCacheTtl = checkCacheKey(this.node.path, identitySources, options.resultsCacheTtl, '$');
    return new HttpLambdaAuthorizer(this.#nextId('http'), this.function, {
      identitySource: identitySources,
      resultsCacheTtl,
      responseTypes: [HttpLambdaResponseType.SIMPLE],
    });
  }

  /**
   * For the methods of a REST API. Each API needs one of its own.
   *
   * @throws SynthesisError when results are to be kept under what is not enough
   */
  forRestApi(options: AuthorizerResultOptions = {}): RequestAuthorizer {
    const { identitySources = [IdentitySource.header('Authorization')] } = options;
    const resultsCacheTtl = checkCacheKey(this.node.path, identitySources, options.resultsCacheTtl, '');
    return new RequestAuthorizer(this, this.#nextId('rest'), {
      handler: this.function,
      identitySources,
      resultsCacheTtl,
    });
  }

  /** For the `$connect` route of a WebSocket API: the decision holds for the connection. Each API needs one of its own. */
  forWebSocketApi(options: WebSocketAuthorizerOptions = {}): WebSocketLambdaAuthorizer {
    const { identitySources = ['route.request.header.Authorization'] } = options;
    return new WebSocketLambdaAuthorizer(this.#nextId('webSocket'), this.function, {
      identitySource: identitySources,
    });
  }

  /**
   * Authorizers of HTTP and WebSocket APIs are made in the scope of the API, under an id that is this construct's. Those
   * after the first of their kind have a number, so that one API may have two.
   */
  #nextId(kind: 'http' | 'rest' | 'webSocket'): string {
    this.#made[kind] += 1;
    const name = kind === 'rest' ? 'Rest' : this.node.id;
    return this.#made[kind] === 1 ? name : `${name}${this.#made[kind]}`;
  }
}
