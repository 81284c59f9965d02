import type { ALBEvent, APIGatewayProxyEvent, APIGatewayProxyEventV2 } from 'aws-lambda';

/** Who asks, as the source of an event tells it, and for which note. */
export interface Asked {
  /** In claims that API Gateway has verified. */
  claims?: Record<string, string>;
  /** The `Authorization` header. */
  authorization?: string;
  note?: string;
  method?: string;
}

const ACCOUNT = '123456789012';
const HOST = 'api.example.com';
const TIME = { requestTime: '02/Mar/2026:12:00:00 +0000', requestTimeEpoch: 1772452800000 };

const headersOf = ({ authorization }: Asked) => ({
  accept: 'application/json',
  host: HOST,
  'x-forwarded-proto': 'https',
  ...(authorization === undefined ? {} : { authorization }),
});

/** An HTTP API with payload format 2.0 and one route for all paths, as in front of a router. */
export function httpApiEvent(asked: Asked): APIGatewayProxyEventV2 {
  const { claims, note = 'roadmap', method = 'GET' } = asked;
  const path = `/notes/${encodeURIComponent(note)}`;
  const authorizer = claims === undefined ? {} : { authorizer: { jwt: { claims, scopes: null } } };
  return {
    version: '2.0',
    routeKey: 'ANY /{proxy+}',
    rawPath: path,
    rawQueryString: '',
    headers: headersOf(asked),
    pathParameters: { proxy: path.slice(1) },
    requestContext: {
      accountId: ACCOUNT,
      apiId: 'api',
      domainName: HOST,
      domainPrefix: 'api',
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'test' },
      requestId: 'request',
      routeKey: 'ANY /{proxy+}',
      stage: '$default',
      time: TIME.requestTime,
      timeEpoch: TIME.requestTimeEpoch,
      ...authorizer,
    },
    isBase64Encoded: false,
  };
}

/** A function URL: the same format, with nobody in front who verifies. */
export function functionUrlEvent(asked: Asked): APIGatewayProxyEventV2 {
  const { claims, ...rest } = asked;
  const { pathParameters, ...event } = httpApiEvent(rest);
  return { ...event, routeKey: '$default' };
}

/** A REST API with a proxy resource. */
export function restApiEvent(asked: Asked): APIGatewayProxyEvent {
  const { claims, note = 'roadmap', method = 'GET' } = asked;
  const path = `/notes/${encodeURIComponent(note)}`;
  const headers = headersOf(asked);
  const lists = Object.entries(headers).map(([name, value]) => [name, [value]]);
  return {
    resource: '/{proxy+}',
    path,
    httpMethod: method,
    headers,
    multiValueHeaders: Object.fromEntries(lists),
    queryStringParameters: null,
    multiValueQueryStringParameters: null,
    pathParameters: { proxy: path.slice(1) },
    stageVariables: null,
    requestContext: {
      accountId: ACCOUNT,
      apiId: 'api',
      authorizer: claims === undefined ? null : { claims },
      httpMethod: method,
      identity: { sourceIp: '192.0.2.1', userAgent: 'test' } as never,
      path: `/prod${path}`,
      protocol: 'HTTP/1.1',
      requestId: 'request',
      resourceId: 'proxy',
      resourcePath: '/{proxy+}',
      stage: 'prod',
      ...TIME,
    },
    body: null,
    isBase64Encoded: false,
  };
}

/** A load balancer. */
export function albEvent(asked: Asked): ALBEvent {
  const { note = 'roadmap', method = 'GET' } = asked;
  const targetGroup = `arn:aws:elasticloadbalancing:eu-west-1:${ACCOUNT}:targetgroup/notes/0123456789abcdef`;
  return {
    requestContext: { elb: { targetGroupArn: targetGroup } },
    httpMethod: method,
    path: `/notes/${encodeURIComponent(note)}`,
    queryStringParameters: {},
    headers: headersOf(asked),
    body: '',
    isBase64Encoded: false,
  };
}
