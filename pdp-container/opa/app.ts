import type { FastifyInstance } from 'fastify';
import { createInstance, type InstanceParts } from '../http/instance.ts';
import { opaErrorBody } from './answers.ts';
import { acceptOpaBodies } from './body.ts';
import { type DataParts, dataRoutes } from './data.ts';
import { opaHealthRoutes } from './health.ts';
import { policyRoutes } from './policies.ts';
import { unsupportedRoutes } from './unsupported.ts';

/** The HTTP server of the OPA port, not listening yet: what OPA's REST API has that can be answered truly. */
export function createOpaApp(parts: InstanceParts & DataParts): FastifyInstance {
  const app = createInstance(parts, opaErrorBody);
  acceptOpaBodies(app, parts.limits);
  opaHealthRoutes(app, parts.health);
  dataRoutes(app, parts);
  policyRoutes(app, parts.active);
  unsupportedRoutes(app);
  return app;
}
