import type { APIGatewayProxyEventV2WithJWTAuthorizer } from 'aws-lambda';
import { asText, bodyText, type HttpRequest, lowerCase } from './http-request.ts';

/**
 * The event of an HTTP API (payload format 2.0), whose JWT authorizer has verified `claims`. A function URL sends the
 * same without them. The authorizer gives claims as text, a list as `[one two]`.
 *
 * @example
 * await handler(httpApiEvent({ pathParameters: { note: 'roadmap' }, claims: { sub: 'alice' } }), lambdaContext());
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export function httpApiEvent(request: HttpRequest = {}): APIGatewayProxyEventV2WithJWTAuthorizer {
  const { method = 'GET', path = '/', pathParameters, query = {}, headers = {}, body, claims } = request;
  const event = {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: new URLSearchParams(query).toString(),
    headers: lowerCase(headers),
    ...(Object.keys(query).length === 0 ? {} : { queryStringParameters: query }),
    ...(pathParameters === undefined ? {} : { pathParameters }),
    requestContext: {
      accountId: '123456789012',
      apiId: 'api',
      ...(claims === undefined
        ? {}
        : {
            authorizer: {
              principalId: '',
              integrationLatency: 0,
              jwt: { claims: asText(claims, (items) => `[${items.join(' ')}]`), scopes: [] },
            },
          }),
      domainName: 'api.execute-api.eu-west-1.amazonaws.com',
      domainPrefix: 'api',
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'test' },
      requestId: 'request',
      routeKey: '$default',
      stage: '$default',
      time: '01/Jan/2026:00:00:00 +0000',
      timeEpoch: 1_767_225_600_000,
    },
    ...(body === undefined ? {} : { body: bodyText(body) }),
    isBase64Encoded: false,
  };
  // Without claims it is the event of a route without an authorizer, which handlers are to be tested with, too.
  return event as APIGatewayProxyEventV2WithJWTAuthorizer;
}
