import type { ALBEvent, APIGatewayProxyEvent, APIGatewayProxyEventV2 } from 'aws-lambda';

/**
 * Events as the AWS documentation shows them, with the authorization that is asked for.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 * @see https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
 */
export function httpApiEvent(authorizer?: object): APIGatewayProxyEventV2 {
  return {
    version: '2.0',
    routeKey: 'PUT /tenants/{tenant}/notes/{note}',
    rawPath: '/tenants/acme/notes/roadmap',
    rawQueryString: 'draft=yes',
    cookies: ['session=1'],
    headers: { 'content-type': 'application/json', 'x-tenant': 'acme' },
    queryStringParameters: { draft: 'yes' },
    pathParameters: { tenant: 'acme', note: 'roadmap' },
    requestContext: {
      accountId: '123456789012',
      apiId: 'api-id',
      domainName: 'id.execute-api.us-east-1.amazonaws.com',
      domainPrefix: 'id',
      http: {
        method: 'PUT',
        path: '/tenants/acme/notes/roadmap',
        protocol: 'HTTP/1.1',
        sourceIp: '192.0.2.1',
        userAgent: 'agent',
      },
      requestId: 'id',
      routeKey: 'PUT /tenants/{tenant}/notes/{note}',
      stage: '$default',
      time: '12/Mar/2026:19:03:58 +0000',
      timeEpoch: 1773342238000,
      ...(authorizer === undefined ? {} : { authorizer }),
    },
    body: '{"note":{"id":"roadmap","number":7},"title":"Roadmap"}',
    isBase64Encoded: false,
  };
}

/** @see https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html */
export function restApiEvent(authorizer?: object, identity: object = {}): APIGatewayProxyEvent {
  const nobody = {
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
    userAgent: 'agent',
    userArn: null,
  };
  return {
    resource: '/tenants/{tenant}/notes/{note}',
    path: '/tenants/acme/notes/roadmap',
    httpMethod: 'PUT',
    headers: { 'Content-Type': 'application/json', 'X-Tenant': 'acme' },
    multiValueHeaders: { 'Content-Type': ['application/json'], 'X-Tenant': ['acme'] },
    queryStringParameters: { draft: 'yes' },
    multiValueQueryStringParameters: { draft: ['yes'] },
    pathParameters: { tenant: 'acme', note: 'roadmap' },
    stageVariables: null,
    requestContext: {
      accountId: '123456789012',
      apiId: 'id',
      authorizer: authorizer as never,
      httpMethod: 'PUT',
      identity: { ...nobody, ...identity },
      path: '/tenants/acme/notes/roadmap',
      protocol: 'HTTP/1.1',
      requestId: 'id',
      requestTimeEpoch: 1773342238000,
      resourceId: 'res',
      resourcePath: '/tenants/{tenant}/notes/{note}',
      stage: 'prod',
    },
    body: '{"note":{"id":"roadmap","number":7},"title":"Roadmap"}',
    isBase64Encoded: false,
  };
}

/** @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html */
export function albEvent(): ALBEvent {
  return {
    requestContext: {
      elb: { targetGroupArn: 'arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/a/1' },
    },
    httpMethod: 'PUT',
    path: '/tenants/acme/notes/roadmap',
    queryStringParameters: { draft: 'yes' },
    headers: { 'content-type': 'application/json', 'x-tenant': 'acme' },
    body: '{"note":{"id":"roadmap","number":7},"title":"Roadmap"}',
    isBase64Encoded: false,
  };
}

/** @see https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-integration-requests.html */
export function webSocketEvent(authorizer?: object, identity?: object) {
  return {
    requestContext: {
      routeKey: 'edit',
      messageId: 'message',
      eventType: 'MESSAGE' as const,
      extendedRequestId: 'id',
      requestTime: '12/Mar/2026:19:03:58 +0000',
      messageDirection: 'IN' as const,
      stage: 'prod',
      connectedAt: 1773342238000,
      requestTimeEpoch: 1773342238000,
      requestId: 'id',
      domainName: 'id.execute-api.us-east-1.amazonaws.com',
      connectionId: 'connection',
      apiId: 'id',
      ...(authorizer === undefined ? {} : { authorizer }),
      ...(identity === undefined ? {} : { identity }),
    },
    isBase64Encoded: false,
    body: '{"note":{"id":"roadmap","number":7},"action":"edit"}',
  };
}
