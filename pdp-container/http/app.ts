import type { FastifyInstance } from 'fastify';
import type { ActiveRevision } from '../active-revision.ts';
import { discoveryRoute } from '../authzen/discovery.ts';
import { ENDPOINTS } from '../authzen/endpoints.ts';
import { authzenRoutes, evaluation } from '../authzen/routes.ts';
import type { Decider } from '../decider.ts';
import { healthRoutes } from '../health.ts';
import { openApiRoute } from '../openapi/route.ts';
import type { PermitTypes } from '../permit/mapping.ts';
import { permitRoutes } from '../permit/routes.ts';
import { permitProxyRoutes } from '../proxy/permit-routes.ts';
import { proxyRoutes } from '../proxy/routes.ts';
import type { WebhookSecret } from '../webhook/proof.ts';
import { webhookRoute } from '../webhook/route.ts';
import { errorBody, sendError } from './errors.ts';
import { createInstance, type InstanceParts } from './instance.ts';
import { acceptJson } from './json-body.ts';

/** What the HTTP server is put together from. */
export interface AppParts extends InstanceParts {
  active: ActiveRevision;
  decider: Decider;
  publicUrl: string | undefined;
  /** In which a proxy names the user; in lower case. */
  subjectHeader: string;
  /** The Cedar types that stand for Permit's users, tenants and roles. */
  types: PermitTypes;
  /** Whether `/allowed/all-tenants` takes the key from the body. */
  keyInBody: boolean;
  /** Loads the source again. @returns whether it is good */
  reload(): Promise<boolean>;
  /** What Git hosts sign with. */
  webhookSecret: WebhookSecret | undefined;
  /** The OPA port, if there is one. */
  opa: FastifyInstance | undefined;
}

/** The HTTP server of the main port with its faces, not listening yet. */
export function createApp(parts: AppParts): FastifyInstance {
  const { limits } = parts;
  const evaluate = evaluation(parts.active, parts.decider);
  const app = createInstance(parts, errorBody, { [ENDPOINTS.access_evaluation_endpoint]: evaluate });
  acceptJson(app, limits.jsonDepth);
  healthRoutes(app, parts.health, parts.authenticate, parts.metrics);
  authzenRoutes(app, parts.active, parts.decider, limits);
  discoveryRoute(app, parts.publicUrl);
  permitRoutes(app, parts);
  webhookRoute(app, parts);
  proxyRoutes(app, parts);
  permitProxyRoutes(app, parts);
  openApiRoute(app, { ...parts, secure: parts.credentials !== undefined });
  const posted = new Set<string>(Object.values(ENDPOINTS));
  app.setNotFoundHandler((request, reply) => {
    if (!posted.has(request.url)) return sendError(reply, 404, 'not found');
    return sendError(reply.header('allow', 'POST'), 405, 'must be a POST');
  });
  return app;
}
