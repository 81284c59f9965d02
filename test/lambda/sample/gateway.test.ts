import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { APIGatewayProxyEventV2WithJWTAuthorizer, Context } from 'aws-lambda';
import { describe, expect, onTestFinished, test } from 'vitest';
import { gateway } from '../../../lambda/sample/http/gateway.ts';
import { developmentClaims } from '../../../lambda/sample/local/development-token.ts';

type Event = APIGatewayProxyEventV2WithJWTAuthorizer;

/** A front for one function on every method of `/things/{thing}`, and what the function was given. */
async function front(result: (event: Event) => unknown = () => ({ statusCode: 204 })) {
  const given: { event: Event; context: Context }[] = [];
  const failures: unknown[] = [];
  const handler = async (event: Event, context: Context) => {
    given.push({ event, context });
    return result(event);
  };
  const routes = ['GET', 'POST', 'PUT'].map((method) => ({ routeKey: `${method} /things/{thing}`, handler }));
  const server = createServer(
    gateway(
      routes,
      ({ authorization }) => developmentClaims(authorization),
      (_route, error) => failures.push(error),
    ),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, given, failures };
}

/** Sends bytes as they are: what a client library would tidy up. */
async function send(port: number, lines: string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.end(`${lines.join('\r\n')}\r\n\r\n`);
  return text(socket);
}

describe('a request', () => {
  test('becomes an event of payload format 2.0', async () => {
    const { url, given } = await front();
    await fetch(`${url}/things/a%20b?tag=x&tag=y%20z&empty=`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'User-Agent': 'test/1', 'X-Custom': 'Value' },
      body: '{"a":"ü"}',
    });
    const [one] = given;
    expect(one?.event).toMatchObject({
      version: '2.0',
      routeKey: 'POST /things/{thing}',
      rawPath: '/things/a b',
      rawQueryString: 'tag=x&tag=y%20z&empty=',
      queryStringParameters: { tag: 'x,y z', empty: '' },
      pathParameters: { thing: 'a b' },
      headers: { 'content-type': 'application/json', 'x-custom': 'Value' },
      body: '{"a":"ü"}',
      isBase64Encoded: false,
      requestContext: {
        routeKey: 'POST /things/{thing}',
        stage: '$default',
        requestId: one?.context.awsRequestId,
        time: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
        http: {
          method: 'POST',
          path: '/things/a b',
          protocol: 'HTTP/1.1',
          sourceIp: '127.0.0.1',
          userAgent: 'test/1',
        },
      },
    });
    expect(one?.event).not.toHaveProperty('cookies');
    expect(one?.event.requestContext).not.toHaveProperty('authorizer');
    expect(one?.context.getRemainingTimeInMillis()).toBeGreaterThan(0);
  });

  test('has repeated headers joined and cookies apart', async () => {
    const { port, given } = await front();
    await send(port, [
      'GET /things/1 HTTP/1.1',
      'Host: localhost',
      'Connection: close',
      'X-Many: 1',
      'x-many: 2',
      'Cookie: a=1; b=2',
      'Cookie: c=3',
    ]);
    expect(given[0]?.event.headers).toMatchObject({ 'x-many': '1,2' });
    expect(given[0]?.event.headers).not.toHaveProperty('cookie');
    expect(given[0]?.event.cookies).toEqual(['a=1', 'b=2', 'c=3']);
    expect(given[0]?.event).not.toHaveProperty('queryStringParameters');
    expect(given[0]?.event).not.toHaveProperty('body');
    expect(given[0]?.event.isBase64Encoded).toBe(false);
  });

  test.each([
    ['application/json; charset=utf-8', false],
    ['text/csv', false],
    ['application/xml', false],
    ['application/x-www-form-urlencoded', true],
    ['application/octet-stream', true],
    ['application/problem+json', true],
  ])('with a body of type %s: in base64 %s', async (type, isBase64Encoded) => {
    const { url, given } = await front();
    await fetch(`${url}/things/1`, { method: 'PUT', headers: { 'content-type': type }, body: 'a=b' });
    expect(given[0]?.event).toMatchObject({ isBase64Encoded, body: isBase64Encoded ? 'YT1i' : 'a=b' });
  });

  test.each<[string, string | undefined, string | undefined]>([
    ['a development token', 'Bearer dev-alice', 'alice'],
    ['no token', undefined, undefined],
    ['a real token', 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.', undefined],
    ['an empty name', 'Bearer dev-', undefined],
    ['another scheme', 'Basic dev-alice', undefined],
    ['more than a name', 'Bearer dev-alice, Bearer dev-bob', undefined],
  ])('with %s has the claims of an authorizer', async (_name, authorization, user) => {
    const { url, given } = await front();
    await fetch(`${url}/things/1`, { headers: authorization === undefined ? {} : { authorization } });
    expect(given[0]?.event.requestContext.authorizer?.jwt.claims.sub).toBe(user);
  });

  test.each([
    ['GET', '/'],
    ['GET', '/things'],
    ['GET', '/things/'],
    ['GET', '/things/1/2'],
    ['GET', '/things/1%2F2'],
    ['GET', '/things/%E0%A4%A'],
    ['DELETE', '/things/1'],
    ['GET', 'http://elsewhere/things/1'],
  ])('%s %s is no route', async (method, path) => {
    const { port, given } = await front();
    const response = await send(port, [`${method} ${path} HTTP/1.1`, 'Host: localhost', 'Connection: close']);
    expect(response).toMatch(/^HTTP\/1\.1 404 /);
    expect(response).toContain('{"message":"Not Found"}');
    expect(given).toEqual([]);
  });

  test('with a body past Lambda’s limit is a 413 and invokes nothing', async () => {
    const { url, given } = await front();
    const response = await fetch(`${url}/things/1`, { method: 'POST', body: Buffer.alloc(6 * 2 ** 20 + 1) });
    expect(response.status).toBe(413);
    expect(given).toEqual([]);
  });
});

describe('a result', () => {
  async function respond(result: unknown) {
    const { url, failures } = await front(() => result);
    const response = await fetch(`${url}/things/1`);
    const { status, headers } = response;
    return {
      status,
      type: headers.get('content-type'),
      cookies: headers.getSetCookie(),
      headers,
      body: await response.text(),
      failures,
    };
  }

  test('with a status code is the response', async () => {
    const result = {
      statusCode: 201,
      headers: { 'Content-Type': 'text/html', 'X-A': 1 },
      cookies: ['a=1', 'b=2'],
      body: '<p>',
    };
    const { status, type, cookies, headers, body } = await respond(result);
    expect({ status, type, cookies, body }).toEqual({
      status: 201,
      type: 'text/html',
      cookies: ['a=1', 'b=2'],
      body: '<p>',
    });
    expect(headers.get('x-a')).toBe('1');
  });

  test('in base64 is decoded', async () => {
    const { body } = await respond({ statusCode: 200, body: 'aMOpbGxv', isBase64Encoded: true });
    expect(body).toBe('héllo');
  });

  test.each([
    ['an object', { message: 'hi' }, '{"message":"hi"}'],
    ['a list', [1, 2], '[1,2]'],
    ['a string', 'hi', 'hi'],
    ['nothing', undefined, 'null'],
  ])('without one is a 200 with JSON: %s', async (_name, result, expected) => {
    expect(await respond(result)).toMatchObject({ status: 200, type: 'application/json', body: expected });
  });

  test.each([
    ['a failure', () => Promise.reject(new Error('secret detail'))],
    ['a status that is none', () => ({ statusCode: 'OK' })],
    ['a header that cannot be sent', () => ({ statusCode: 200, headers: { 'x-a': 'a\r\nx-b: 1' } })],
  ])('that is %s is a 500 that says nothing of it', async (_name, result) => {
    const { url } = await front(result);
    const response = await fetch(`${url}/things/1`);
    expect({ status: response.status, body: await response.json() }).toEqual({
      status: 500,
      body: { message: 'Internal Server Error' },
    });
  });
});
