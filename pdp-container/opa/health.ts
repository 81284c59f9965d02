import type { FastifyInstance } from 'fastify';
import type { HealthState } from '../health.ts';
import { sendJson } from '../http/send-json.ts';
import { isSet, queryOf } from './parameters.ts';
import { HEALTH_SCHEMA } from './schemas.ts';

/** What OPA calls the plugin that keeps bundles; it is the only one there is. */
const BUNDLE_PLUGIN = 'bundle';

/**
 * `/health`, which needs no key: whether the process can decide. With `?bundles` or `?plugins` whether it is safe to
 * route to: a revision is active and the server is not stopping. Below it are OPA's checks by policy, of which there
 * are none.
 */
export function opaHealthRoutes(app: FastifyInstance, state: HealthState): void {
  app.get('/health', { schema: HEALTH_SCHEMA }, (request, reply) => {
    const error = problemOf(state, queryOf(request.url));
    return error === undefined ? sendJson(reply, {}) : sendJson(reply.code(500), { error });
  });
  app.get('/health/*', { schema: { hide: true } }, (request, reply) => {
    const { '*': name } = request.params as { '*': string };
    return sendJson(reply.code(500), { error: `health check (${name}) was undefined` });
  });
}

/** In OPA's words where it has them. */
function problemOf({ active, draining, broken }: HealthState, query: URLSearchParams): string | undefined {
  if (broken) return 'unable to perform evaluation';
  const bundles = isSet(query, 'bundles') || isSet(query, 'bundle');
  const plugins = isSet(query, 'plugins');
  if (draining && (bundles || plugins)) return 'the server is stopping';
  if (active.revision !== undefined) return undefined;
  if (bundles) return 'one or more bundles are not activated';
  const excluded = query.getAll('exclude-plugin').includes(BUNDLE_PLUGIN);
  return plugins && !excluded ? 'one or more plugins are not up' : undefined;
}
