import type { FastifyInstance, FastifyReply } from 'fastify';
import type { ActiveRevision } from '../active-revision.ts';
import { sendJson } from '../http/send-json.ts';
import { sendOpaError } from './answers.ts';
import { isSet, queryOf } from './parameters.ts';
import { POLICIES_SCHEMA, POLICY_SCHEMA } from './schemas.ts';

/**
 * OPA's Policy API, for reading. It tells the ids of the active policies and no more: OPA's `raw` and `ast` are Rego's,
 * and callers that may ask for decisions need not see how they are made.
 */
export function policyRoutes(app: FastifyInstance, active: ActiveRevision): void {
  app.get('/v1/policies', { schema: POLICIES_SCHEMA, exposeHeadRoute: false }, (request, reply) => {
    const policies = active.pdp.policies.map((id) => ({ id }));
    return sendJson(reply, { result: policies }, isSet(queryOf(request.url), 'pretty'));
  });
  app.get(
    '/v1/policies/*',
    { schema: POLICY_SCHEMA, exposeHeadRoute: false },
    (request, reply): FastifyReply => {
      const { '*': id } = request.params as { '*': string };
      if (active.pdp.policies.includes(id)) {
        return sendJson(reply, { result: { id } }, isSet(queryOf(request.url), 'pretty'));
      }
      const message = `storage_not_found_error: policy id ${JSON.stringify(id)}`;
      return sendOpaError(reply, 404, 'resource_not_found', message);
    },
  );
}
