import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { InvalidRequestError, PdpUnavailableError } from '../../engine/index.ts';
import type { ActiveRevision } from '../active-revision.ts';
import type { Decider } from '../decider.ts';
import { sendError } from '../http/errors.ts';
import { ignoreBodies } from '../http/json-body.ts';
import { requestIds } from '../http/request-id.ts';
import { type PermitTypes, toLocalRequest } from '../permit/mapping.ts';
import { AUTHZ_PATH, originalRequest } from './original-request.ts';
import { PROXY_SCHEMA } from './schemas.ts';
import { subjectOf } from './subject.ts';
import { urlQuestion } from './url-question.ts';

/** What the routes for proxies answer from. */
export interface ProxyParts {
  active: ActiveRevision;
  decider: Decider;
  types: PermitTypes;
  /** In lower case, as `parseSubjectHeader` returns it. */
  subjectHeader: string;
}

/**
 * `/authz/request`, for the external authorization of proxies: 200 lets the original request through, 401 says
 * that the proxy named no user, 403 is every other no. Proxies pass these answers on to clients, so they say
 * nothing of why; the decision log does.
 */
export function proxyRoutes(app: FastifyInstance, parts: ProxyParts): void {
  app.register(async (scope) => {
    // A proxy may send the body of the original request.
    ignoreBodies(scope);
    for (const url of [AUTHZ_PATH, `${AUTHZ_PATH}/*`]) {
      scope.route({
        method: scope.supportedMethods,
        url,
        schema: PROXY_SCHEMA,
        // Proxies would pass a challenge for our key on to the user.
        config: { refuse: (reply) => sendError(reply, 403, MESSAGES[403]) },
        handler: (request, reply) => answer(request, reply, parts),
      });
    }
  });
}

function answer(request: FastifyRequest, reply: FastifyReply, parts: ProxyParts): FastifyReply {
  reply.header('cache-control', 'no-store');
  const status = decide(request, parts);
  if (status === 200) return reply.code(200).send();
  return sendError(reply, status, MESSAGES[status]);
}

const MESSAGES = { 401: 'unauthorized', 403: 'forbidden', 503: 'no decision can be had' } as const;

function decide({ raw, id, headers }: FastifyRequest, { active, decider, types, subjectHeader }: ProxyParts) {
  const ids = requestIds(id, headers);
  try {
    const { pdp, urls } = active;
    let asked = {};
    try {
      const key = subjectOf(raw, subjectHeader);
      if (key === undefined) return 401;
      asked = { subject: { type: types.user, id: key } };
      const question = urlQuestion(originalRequest(raw), { urls, entities: pdp.entities, types });
      if ('reason' in question) {
        decider.denyInvalid(pdp, asked, question.reason, ids);
        return 403;
      }
      return decider.decide(pdp, toLocalRequest({ user: { key }, ...question }, types), ids).decision
        ? 200
        : 403;
    } catch (error) {
      if (!(error instanceof InvalidRequestError)) throw error;
      decider.denyInvalid(pdp, asked, error.message, ids);
      return 403;
    }
  } catch (error) {
    if (error instanceof PdpUnavailableError) return 503;
    throw error;
  }
}
