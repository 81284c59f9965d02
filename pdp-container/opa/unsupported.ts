import type { FastifyInstance } from 'fastify';
import { sendError } from '../http/errors.ts';
import { ignoreBodies } from '../http/json-body.ts';

/** What changes policies or data. */
const WRITES = [
  ['PUT', '/v1/data'],
  ['PUT', '/v1/data/*'],
  ['PATCH', '/v1/data'],
  ['PATCH', '/v1/data/*'],
  ['DELETE', '/v1/data/*'],
  ['PUT', '/v1/policies/*'],
  ['DELETE', '/v1/policies/*'],
] as const;

/** Parts of OPA's API that are about Rego, or about OPA itself. */
const ABSENT = ['/v1/query', '/v1/compile', '/v1/compile/*', '/v1/config', '/v1/status'] as const;

/** Paths that have some methods: what to say to every other one. */
const METHODS: readonly [RegExp, string][] = [
  [/^\/v0\/data(?:[/?]|$)/, 'POST'],
  [/^\/v1\/data(?:[/?]|$)/, 'GET, POST'],
  [/^\/v1\/policies(?:[/?]|$)/, 'GET'],
  [/^\/health(?:[/?]|$)/, 'GET, HEAD'],
];

/** The rest of OPA's API, and all that is not in it: answered with why not, whatever the body is. */
export function unsupportedRoutes(app: FastifyInstance): void {
  app.register(async (scope) => {
    ignoreBodies(scope);
    for (const [method, url] of WRITES) {
      // So does OPA for what one of its bundles owns.
      scope.route({
        method,
        url,
        schema: { hide: true },
        handler: (_request, reply) =>
          sendError(reply, 400, 'policies and data are owned by the bundle: publish a new revision of it'),
      });
    }
    for (const url of ABSENT) {
      scope.all(url, { schema: { hide: true } }, (request, reply) =>
        sendError(reply, 501, `${request.routeOptions.url} is not supported: policies are Cedar, not Rego`),
      );
    }
  });
  app.setNotFoundHandler((request, reply) => {
    const [, allowed] = METHODS.find(([path]) => path.test(request.url)) ?? [];
    if (allowed === undefined) return sendError(reply, 404, 'not found');
    return sendError(reply.header('allow', allowed), 405, `must be a ${allowed.replaceAll(', ', ' or a ')}`);
  });
}
