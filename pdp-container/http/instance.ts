import { type FastifyInstance, type FastifyReply, fastify } from 'fastify';
import type { Logger } from 'pino';
import { HEALTH_ROUTES, type HealthState } from '../health.ts';
import type { Metrics } from '../metrics.ts';
import { describeRoutes } from '../openapi/routes.ts';
import type { Limits } from '../options.ts';
import type { Authenticate, Refused } from './authentication.ts';
import { type DirectAnswers, directly } from './direct.ts';
import { answerClientError, type ErrorBody, sendError, tellErrors } from './errors.ts';
import type { InFlight } from './in-flight.ts';
import { createNodeServer } from './node-server.ts';
import { isAscii, newRequestId, sentRequestId } from './request-id.ts';
import type { Credentials } from './tls.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answers a caller of this route without the key. @default 401, with what is wrong and a challenge */
    refuse?(reply: FastifyReply, caller: Refused): void;
    /** A caller who sends no key is let in: the route asks for the key once it has read the body. @default false */
    lateKey?: boolean;
    /**
     * The key is not asked for: the route has callers prove themselves in another way. They have no place among those
     * served, which strangers could hold: the route must have a bound of its own. @default false
     */
    ownProof?: boolean;
  }
}

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

/**
 * An HTTP server without routes, not listening yet: limits, the key, errors as `errorBody` shapes them.
 *
 * @param direct what is answered without going through routes, by path; it must have a route all the same
 */
export function createInstance(
  parts: InstanceParts,
  errorBody: ErrorBody,
  direct: DirectAnswers = {},
): FastifyInstance {
  const { limits, metrics } = parts;
  const tellError = tellErrors(parts.logger, limits.bodyBytes);
  const app = fastify({
    serverFactory: (routed) =>
      createNodeServer(parts, directly(direct, routed, { ...parts, tellError, errorBody })),
    logger: false,
    bodyLimit: limits.bodyBytes,
    return503OnClosing: false,
    genReqId: ({ headers }) => sentRequestId(headers) ?? newRequestId(),
    clientErrorHandler: (error, socket) => answerClientError(error, socket, errorBody),
    // What is wrong with a URL comes up before any route or hook does.
    frameworkErrors: (_error, _request, reply) => sendError(reply, 400, 'the URL is not well encoded'),
  }) as FastifyInstance;
  app.decorate('errorBody', errorBody);
  describeRoutes(app);
  // Schemas are for the OpenAPI document: routes check what they take by themselves, and answers are text already.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => JSON.stringify);

  app.setErrorHandler((error, request, reply) => {
    const { status, message } = tellError(error, request.id);
    return sendError(reply, status, message);
  });
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
    const requestId = sentRequestId(request.headers);
    if (requestId !== undefined) reply.header('x-request-id', requestId);
    if (health.draining) reply.header('connection', 'close');
    if (HEALTH_ROUTES.has(request.routeOptions.url ?? '')) return done();

    const { refuse = challenge, lateKey = false, ownProof = false } = request.routeOptions.config;
    const caller = authenticate(request.headers);
    if (!caller.ok && !ownProof) {
      if (!(caller.missing && lateKey)) {
        // The body of a stranger is not worth reading to keep the connection.
        reply.header('connection', 'close');
        refuse(reply, caller);
        return;
      }
    }
    if (!ownProof && !inFlight.admit(reply.raw)) {
      sendError(reply, 503, `more than ${inFlight.limit} requests are under way`);
      return;
    }
    done();
  });
}

function challenge(reply: FastifyReply, { message, challenge }: Refused): void {
  sendError(reply.header('www-authenticate', challenge), 401, message);
}
