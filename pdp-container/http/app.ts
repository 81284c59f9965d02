import { randomUUID } from 'node:crypto';
import { type FastifyInstance, type FastifyReply, fastify } from 'fastify';
import type { Logger } from 'pino';
import type { ActiveRevision } from '../active-revision.ts';
import { discoveryRoute } from '../authzen/discovery.ts';
import { ENDPOINTS } from '../authzen/endpoints.ts';
import { authzenRoutes } from '../authzen/routes.ts';
import type { Decider } from '../decider.ts';
import { HEALTH_ROUTES, type HealthState, healthRoutes } from '../health.ts';
import type { Metrics } from '../metrics.ts';
import type { Limits } from '../options.ts';
import type { PermitTypes } from '../permit/mapping.ts';
import { permitRoutes } from '../permit/routes.ts';
import { proxyRoutes } from '../proxy/routes.ts';
import type { Authenticate, Refused } from './authentication.ts';
import { answerClientError, answerErrors, sendError } from './errors.ts';
import { acceptJson } from './json-body.ts';
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

/** What the HTTP server is put together from. */
export interface AppParts {
  active: ActiveRevision;
  decider: Decider;
  metrics: Metrics;
  logger: Logger;
  limits: Limits;
  authenticate: Authenticate;
  health: HealthState;
  publicUrl: string | undefined;
  credentials: Credentials | undefined;
  /** In which a proxy names the user; in lower case. */
  subjectHeader: string;
  /** The Cedar types that stand for Permit's users, tenants and roles. */
  types: PermitTypes;
  /** Whether `/allowed/all-tenants` takes the key from the body. */
  keyInBody: boolean;
  /** Loads the source again. @returns whether it is good */
  reload(): Promise<boolean>;
}

/** The HTTP server with all its faces, not listening yet. */
export function createApp(parts: AppParts): FastifyInstance {
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
    clientErrorHandler: answerClientError,
  }) as unknown as FastifyInstance;
  app.server.headersTimeout = limits.headersMs;
  app.server.maxConnections = limits.connections;

  acceptJson(app, limits.jsonDepth);
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

  healthRoutes(app, parts.health, parts.authenticate, metrics);
  authzenRoutes(app, parts.active, parts.decider, limits);
  discoveryRoute(app, parts.publicUrl);
  permitRoutes(app, parts);
  proxyRoutes(app, parts);
  const posted = new Set<string>(Object.values(ENDPOINTS));
  app.setNotFoundHandler((request, reply) => {
    if (!posted.has(request.url)) return sendError(reply, 404, 'not found');
    return sendError(reply.header('allow', 'POST'), 405, 'must be a POST');
  });
  return app;
}

/** What every request passes before its body is read: identification, the key, and a place among those served. */
function guard(app: FastifyInstance, { health, authenticate, limits, metrics }: AppParts): void {
  let underWay = 0;
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
    if (underWay >= limits.concurrency) {
      sendError(reply, 503, `more than ${limits.concurrency} requests are under way`);
      return;
    }
    underWay += 1;
    metrics.requestsInFlight.set(underWay);
    // `close` comes once, whether the answer was sent or the caller went away.
    reply.raw.once('close', () => {
      underWay -= 1;
      metrics.requestsInFlight.set(underWay);
    });
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
