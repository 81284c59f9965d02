import type { APIGatewayProxyEvent } from 'aws-lambda';
import { asText, bodyText, type HttpRequest } from './http-request.ts';

/**
 * The event of a REST API (proxy integration), whose Cognito user pool authorizer has verified `claims`. The authorizer
 * gives claims as text, a list as `one,two`.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
 */
export function restApiEvent(request: HttpRequest = {}): APIGatewayProxyEvent {
  const { method = 'GET', path = '/', pathParameters, query, headers = {}, body, claims } = request;
  return {
    resource: path,
    path,
    httpMethod: method,
    headers,
    multiValueHeaders: lists(headers) ?? {},
    queryStringParameters: query ?? null,
    multiValueQueryStringParameters: lists(query) ?? null,
    pathParameters: pathParameters ?? null,
    stageVariables: null,
    requestContext: {
      accountId: '123456789012',
      apiId: 'api',
      authorizer: claims === undefined ? undefined : { claims: asText(claims, (items) => items.join(',')) },
      httpMethod: method,
      identity: {
        accessKey: null,
        accountId: null,
        apiKey: null,
        apiKeyId: null,
        caller: null,
        clientCert: null,
        cognitoAuthenticationProvider: null,
        cognitoAuthenticationType: null,
        cognitoIdentityId: null,
        cognitoIdentityPoolId: null,
        principalOrgId: null,
        sourceIp: '192.0.2.1',
        user: null,
        userAgent: 'test',
        userArn: null,
      },
      path,
      protocol: 'HTTP/1.1',
      requestId: 'request',
      requestTimeEpoch: 1_767_225_600_000,
      resourceId: 'resource',
      resourcePath: path,
      stage: 'test',
    },
    body: bodyText(body) ?? null,
    isBase64Encoded: false,
  };
}

function lists(values: Record<string, string> | undefined): Record<string, string[]> | undefined {
  if (values === undefined) return undefined;
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value]]));
}
