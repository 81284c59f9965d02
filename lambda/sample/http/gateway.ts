import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage, RequestListener } from 'node:http';
import { lambdaContext } from './context.ts';
import { type Claims, httpApiEvent } from './event.ts';
import { type HttpResponse, httpResponse, plainError } from './response.ts';
import { matchRoute, type Route } from './routes.ts';

/** Lambda's limit on what a synchronous invocation is given, in bytes. */
const MAX_BODY_BYTES = 6 * 2 ** 20;

/** Told of a handler that failed; the caller learns nothing of it. */
export type FailureListener = (routeKey: string, error: unknown) => void;

/** Says who asks, by what may be believed of a request; nothing when nobody is known. */
export type ClaimsOf = (headers: IncomingHttpHeaders) => Claims | undefined;

/** A request listener that does what API Gateway's HTTP API does in front of Lambda functions. */
export function gateway(
  routes: readonly Route[],
  claimsOf: ClaimsOf,
  onFailure: FailureListener,
): RequestListener {
  return async (request, response) => {
    const requestId = randomUUID();
    const { statusCode, headers, body } = await answer(routes, request, requestId, claimsOf, onFailure);
    if (response.destroyed) return;
    try {
      response.writeHead(statusCode, {
        ...headers,
        'content-length': body.length,
        'apigw-requestid': requestId,
      });
    } catch (error) {
      // A header that cannot be sent: the function's answer is not one.
      onFailure(`${request.method} ${request.url}`, error);
      const failure = plainError(500, 'Internal Server Error');
      response.writeHead(failure.statusCode, failure.headers).end(failure.body);
      return;
    }
    response.end(body);
  };
}

async function answer(
  routes: readonly Route[],
  request: IncomingMessage,
  requestId: string,
  claimsOf: ClaimsOf,
  onFailure: FailureListener,
): Promise<HttpResponse> {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  const match = matchRoute(routes, request.method ?? '', path);
  if (match === undefined) return plainError(404, 'Not Found');
  const body = await readBody(request);
  if (body === undefined) return { ...plainError(413, 'Request Too Long') };
  const { routeKey, handler } = match.route;
  try {
    const event = httpApiEvent(request, body, match, requestId, new Date(), claimsOf(request.headers));
    return httpResponse(await handler(event as never, lambdaContext(routeKey, requestId) as never));
  } catch (error) {
    onFailure(routeKey, error);
    return plainError(500, 'Internal Server Error');
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) {
        // The rest is thrown away, so that the answer can be read.
        request.resume();
        return undefined;
      }
      chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks);
}
