import type {} from '@fastify/swagger';
import type { FastifyInstance, FastifySchema, HTTPMethods } from 'fastify';

/** What a route says of itself. */
export interface DescribedRoute {
  methods: readonly HTTPMethods[];
  url: string;
  schema: FastifySchema;
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The routes of this port, for the OpenAPI document. */
    described: readonly DescribedRoute[];
  }
}

/** Keeps what the routes that are added from now on say of themselves, unless their schema says `hide`. */
export function describeRoutes(app: FastifyInstance): void {
  const described: DescribedRoute[] = [];
  app.decorate('described', described);
  app.addHook('onRoute', ({ method, url, schema = {} }) => {
    // By itself: what Fastify adds to a GET.
    if (method === 'HEAD' || schema.hide === true) return;
    described.push({ methods: [method].flat(), url, schema });
  });
}
