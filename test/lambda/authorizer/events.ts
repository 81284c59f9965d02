/** What API Gateway invokes authorizers with, as its Developer Guide shows them. */

const API = 'arn:aws:execute-api:eu-west-1:123456789012:abcdef123';

export interface Asked {
  method?: string;
  path?: string;
  authorization?: string;
}

const parametersOf = (path: string) => ({ note: path.split('/').slice(2).join('/') });

/** An HTTP API, payload format 2.0. */
export function httpEvent({ method = 'GET', path = '/notes/acme/roadmap', authorization }: Asked = {}) {
  return {
    version: '2.0',
    type: 'REQUEST',
    routeArn: `${API}/$default/${method}${path}`,
    identitySource: authorization === undefined ? [] : [authorization],
    routeKey: `${method} /notes/{note+}`,
    rawPath: path,
    rawQueryString: '',
    cookies: [],
    headers: authorization === undefined ? {} : { authorization },
    requestContext: { accountId: '123456789012', apiId: 'abcdef123', http: { method, path } },
    pathParameters: parametersOf(path),
  };
}

/** A REST API. */
export function restEvent({ method = 'GET', path = '/notes/acme/roadmap', authorization }: Asked = {}) {
  const headers = authorization === undefined ? {} : { Authorization: authorization };
  return {
    type: 'REQUEST',
    methodArn: `${API}/prod/${method}${path}`,
    resource: '/notes/{note+}',
    path,
    httpMethod: method,
    headers,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    pathParameters: parametersOf(path),
    queryStringParameters: {},
    requestContext: { stage: 'prod', httpMethod: method, path: `/prod${path}`, apiId: 'abcdef123' },
  };
}

/** An HTTP API, payload format 1.0, which is that of a REST API with a few more fields. */
export function oldHttpEvent(asked: Asked = {}) {
  const { authorization } = asked;
  return {
    ...restEvent(asked),
    version: '1.0',
    identitySource: authorization,
    authorizationToken: authorization,
  };
}

/** A WebSocket API, which asks when a client connects. */
export function webSocketEvent({ authorization }: Asked = {}) {
  return {
    type: 'REQUEST',
    methodArn: `${API}/prod/$connect`,
    headers: authorization === undefined ? {} : { Authorization: authorization },
    queryStringParameters: { note: 'acme/roadmap' },
    requestContext: { routeKey: '$connect', eventType: 'CONNECT', connectionId: 'a=', stage: 'prod' },
  };
}
