import type { IncomingMessage } from 'node:http';
import type { Match } from './routes.ts';

/** What a verified token says. */
export type Claims = Record<string, string>;

const ACCOUNT = '000000000000';
const API = 'local';

/**
 * An HTTP request as API Gateway's HTTP API gives it to a function, payload format 2.0: header names in lower
 * case and repeated headers joined, cookies apart, the path decoded, a body that is not text in base64.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export function httpApiEvent(
  request: IncomingMessage,
  body: Buffer,
  match: Match,
  requestId: string,
  at: Date,
  claims: Claims | undefined,
) {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const path = decodeURIComponent(url.pathname);
  const { cookie, ...headers } = joinedHeaders(request);
  const { routeKey } = match.route;
  const text = isText(headers['content-type']);
  return {
    version: '2.0' as const,
    routeKey,
    rawPath: path,
    rawQueryString: url.search.slice(1),
    ...(cookie === undefined ? {} : { cookies: cookie.split(/;\s*/).filter((part) => part !== '') }),
    headers,
    ...(url.search.length > 1 ? { queryStringParameters: joinedParameters(url.searchParams) } : {}),
    ...(Object.keys(match.pathParameters).length > 0 ? { pathParameters: match.pathParameters } : {}),
    requestContext: {
      accountId: ACCOUNT,
      apiId: API,
      domainName: headers.host ?? 'localhost',
      domainPrefix: API,
      http: {
        method: request.method ?? 'GET',
        path,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: request.socket.remoteAddress ?? '127.0.0.1',
        userAgent: headers['user-agent'] ?? '',
      },
      requestId,
      routeKey,
      stage: '$default',
      time: clfTime(at),
      timeEpoch: at.getTime(),
      ...(claims === undefined ? {} : { authorizer: { jwt: { claims, scopes: null } } }),
    },
    ...(body.length === 0 ? {} : { body: body.toString(text ? 'utf8' : 'base64') }),
    isBase64Encoded: body.length > 0 && !text,
  };
}

function joinedHeaders({ headersDistinct }: IncomingMessage): Record<string, string> {
  const joined = (name: string, values: string[]) => values.join(name === 'cookie' ? '; ' : ',');
  return Object.fromEntries(
    Object.entries(headersDistinct).map(([name, values = []]) => [name, joined(name, values)]),
  );
}

function joinedParameters(parameters: URLSearchParams): Record<string, string> {
  return Object.fromEntries(
    [...new Set(parameters.keys())].map((name) => [name, parameters.getAll(name).join(',')]),
  );
}

/** What API Gateway takes for text; any other body, also a form and one without a type, comes in base64. */
function isText(contentType = ''): boolean {
  return /^(text\/[^;]*|application\/(json|xml|javascript))\s*(;|$)/i.test(contentType);
}

/** `02/Mar/2026:12:00:00 +0000` */
function clfTime(at: Date): string {
  const [, day, month, year, time] = at.toUTCString().split(' ');
  return `${day}/${month}/${year}:${time} +0000`;
}
