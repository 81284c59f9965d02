import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { parseAccessRequest, type SearchResult } from '../../engine/index.ts';
import type { ActiveRevision } from '../active-revision.ts';
import type { Decider } from '../decider.ts';
import type { Asked } from '../decision-log.ts';
import { withinAnswerTime } from '../http/answer-time.ts';
import type { Answer } from '../http/direct.ts';
import { bodyOf } from '../http/json-body.ts';
import { requestIds } from '../http/request-id.ts';
import type { Limits } from '../options.ts';
import type { RequestIds } from '../request-ids.ts';
import { decideBatch } from './batch.ts';
import { ENDPOINTS } from './endpoints.ts';
import { parseActionSearch, parseEvaluations, parseResourceSearch, parseSubjectSearch } from './requests.ts';
import {
  ACTION_SEARCH_ROUTE,
  EVALUATION_ROUTE,
  evaluationsRoute,
  RESOURCE_SEARCH_ROUTE,
  SUBJECT_SEARCH_ROUTE,
} from './schemas.ts';

/** Answers one evaluation, wherever it comes from. */
export function evaluation(active: ActiveRevision, decider: Decider): Answer {
  return (body, ids) => {
    const { pdp } = active;
    return JSON.stringify(decider.decide(pdp, parseAccessRequest(bodyOf({ body })), ids));
  };
}

/** The decision and search endpoints of OpenID AuthZEN Authorization API 1.0. */
export function authzenRoutes(
  app: FastifyInstance,
  active: ActiveRevision,
  decider: Decider,
  limits: Limits,
): void {
  const evaluate = evaluation(active, decider);
  app.post(ENDPOINTS.access_evaluation_endpoint, { schema: EVALUATION_ROUTE }, (request, reply) => {
    reply.type('application/json').send(evaluate(request.body, idsOf(request)));
  });

  const schema = evaluationsRoute(limits.batchItems);
  app.post(ENDPOINTS.access_evaluations_endpoint, { schema }, async (request, reply) => {
    const { pdp } = active;
    const parsed = parseEvaluations(bodyOf(request), limits.batchItems);
    if ('single' in parsed) return sendJson(reply, decider.decide(pdp, parsed.single, idsOf(request)));
    const evaluations = await withinAnswerTime(reply, limits.answerMs, (signal) =>
      decideBatch(decider, pdp, parsed, idsOf(request), signal),
    );
    return sendJson(reply, { evaluations });
  });

  const answerSearch = async (
    kind: 'subject' | 'resource' | 'action',
    asked: Asked,
    request: FastifyRequest,
    reply: FastifyReply,
    search: (signal: AbortSignal) => Promise<SearchResult<unknown>>,
  ): Promise<FastifyReply> => {
    const { revision } = active.pdp;
    const start = performance.now();
    const result = await withinAnswerTime(reply, limits.answerMs, search);
    const micros = Math.round((performance.now() - start) * 1000);
    decider.log.search(kind, asked, result.results.length, revision, idsOf(request), micros);
    return sendJson(reply, result);
  };

  app.post(ENDPOINTS.search_subject_endpoint, { schema: SUBJECT_SEARCH_ROUTE }, (request, reply) => {
    const { pdp } = active;
    const search = parseSubjectSearch(bodyOf(request));
    return answerSearch('subject', search, request, reply, (signal) =>
      pdp.searchSubjects(search, { signal }),
    );
  });

  app.post(ENDPOINTS.search_resource_endpoint, { schema: RESOURCE_SEARCH_ROUTE }, (request, reply) => {
    const { pdp } = active;
    const search = parseResourceSearch(bodyOf(request));
    return answerSearch('resource', search, request, reply, (signal) =>
      pdp.searchResources(search, { signal }),
    );
  });

  app.post(ENDPOINTS.search_action_endpoint, { schema: ACTION_SEARCH_ROUTE }, (request, reply) => {
    const { pdp } = active;
    const search = parseActionSearch(bodyOf(request));
    return answerSearch('action', search, request, reply, (signal) => pdp.searchActions(search, { signal }));
  });
}

function idsOf({ id, headers }: FastifyRequest): RequestIds {
  return requestIds(id, headers);
}

function sendJson(reply: FastifyReply, body: unknown): FastifyReply {
  return reply.type('application/json').send(JSON.stringify(body));
}
