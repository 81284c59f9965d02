import { randomUUID } from 'node:crypto';
import { type FastifyInstance, type FastifyReply, fastify } from 'fastify';
import type { Logger } from 'pino';
import { HEALTH_ROUTES, type HealthState } from '../health.ts';
import type { Metrics } from '../metrics.ts';
import type { Limits } from '../options.ts';
import type { Authenticate, Refused } from './authentication.ts';
import { answerClientError, answerErrors, type ErrorBody, sendError } from './errors.ts';
import type { InFlight } from './in-flight.ts';
import type { Credentials } from './tls.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answers a caller of this route without the key. @default 401, with what is wrong and a challenge */
    refuse?(reply: FastifyReply, caller: Refused): void;
    /** A caller who sends no key is let in: the route asks for the key once it has read the body. @default false */
    lateKey?: boolean;
  }
}

/** How often Node looks for requests that are late, in milliseconds; its own default of 30 s is too coarse. */
const LATE_CHECK_MS = 1_000;

/** What every port of the server has in common. */
export interface InstanceParts {
  metrics: Metrics;
  logger: Logger;
  limits: Limits;
  /** Shared by all ports. */
  inFlight: InFlight;
  authenticate: Authenticate;
  health: HealthState;
  credentials: Credentials | undefined;
}

/** An HTTP server without routes, not listening yet: limits, the key, errors as `errorBody` shapes them. */
export function createInstance(parts: InstanceParts, errorBody: ErrorBody): FastifyInstance {
  const { limits, metrics } = parts;
  const server = { maxHeaderSize: limits.headerBytes, connectionsCheckingInterval: LATE_CHECK_MS };
  const app = fastify({
    ...(parts.credentials === undefined
      ? { http: server }
      : { https: { ...server, ...parts.credentials, minVersion: 'TLSv1.2' } }),
    logger: false,
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    return503OnClosing: false,
    genReqId: ({ headers }) => requestIdOf(headers['x-request-id']) ?? randomUUID(),
    clientErrorHandler: (error, socket) => answerClientError(error, socket, errorBody),
    // What is wrong with a URL comes up before any route or hook does.
    frameworkErrors: (_error, _request, reply) => sendError(reply, 400, 'the URL is not well encoded'),
  }) as unknown as FastifyInstance;
  app.server.headersTimeout = limits.headersMs;
  app.server.maxConnections = limits.connections;
  app.decorate('errorBody', errorBody);

  answerErrors(app, parts.logger, limits.bodyBytes);
  guard(app, parts);
  app.addHook('onResponse', (request, reply, done) => {
    metrics.answered(request.routeOptions.url ?? 'unmatched', reply.statusCode);
    done();
  });

  app.addHook('onSend', (_request, reply, payload, done) => {
    // Node writes headers and a text body together, both as UTF-8; headers beyond ASCII came in as Latin-1.
    const requestId = reply.getHeader('x-request-id');
    const apart = typeof payload === 'string' && typeof requestId === 'string' && !isAscii(requestId);
    done(null, apart ? Buffer.from(payload) : payload);
  });
  return app;
}

/** What every request passes before its body is read: identification, the key, and a place among those served. */
function guard(app: FastifyInstance, { health, authenticate, inFlight }: InstanceParts): void {
  app.addHook('onRequest', (request, reply, done) => {
    const requestId = requestIdOf(request.headers['x-request-id']);
    if (requestId !== undefined) reply.header('x-request-id', requestId);
    if (health.draining) reply.header('connection', 'close');
    if (HEALTH_ROUTES.has(request.routeOptions.url ?? '')) return done();

    const caller = authenticate(request.headers);
    if (!caller.ok) {
      const { refuse = challenge, lateKey = false } = request.routeOptions.config;
      if (!(caller.missing && lateKey)) {
        // The body of a stranger is not worth reading to keep the connection.
        reply.header('connection', 'close');
        refuse(reply, caller);
        return;
      }
    }
    if (!inFlight.admit(reply.raw)) {
      sendError(reply, 503, `more than ${inFlight.limit} requests are under way`);
      return;
    }
    done();
  });
}

function challenge(reply: FastifyReply, { message, challenge }: Refused): void {
  sendError(reply.header('www-authenticate', challenge), 401, message);
}

function isAscii(text: string): boolean {
  return !/[\x80-\xff]/.test(text);
}

function requestIdOf(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && header !== '' ? header : undefined;
}
