import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { UrlMap } from '../../compiler/urls/url-map.ts';
import { ignoreBodies } from '../http/json-body.ts';
import { sendJson } from '../http/send-json.ts';
import { refuse } from '../permit/answers.ts';
import { type CheckResult, check, type PermitCall } from '../permit/check.ts';
import type { PermitQuery } from '../permit/mapping.ts';
import { parseUrlQuery, type UrlQuery } from '../permit/requests.ts';
import { CHECK_RESULT, ERRORS } from '../permit/results.ts';
import { PERMIT_TAGS } from '../permit/routes.ts';
import { NGINX_HEADERS, URL_QUERY } from '../permit/schemas.ts';
import { callOf, type PermitParts, permitRoute, permitScope } from '../permit/scope.ts';
import { headerCheck } from '../permit/validation.ts';
import { singleHeader } from './headers.ts';
import { subjectOf } from './subject.ts';
import { urlQuestion } from './url-question.ts';

const ALLOWED_URL_SCHEMA = {
  tags: PERMIT_TAGS,
  summary: 'Whether a user may send a request to an application, by the URL rules of the bundle',
  body: URL_QUERY,
  response: { 200: CHECK_RESULT, ...ERRORS },
};

const NGINX_ALLOWED_SCHEMA = {
  tags: PERMIT_TAGS,
  summary: 'As /allowed, asked in headers; the answer is in the body, and its status 200 for a deny too',
  headers: NGINX_HEADERS,
  response: { 200: CHECK_RESULT, ...ERRORS },
};

/** Permit's routes for proxies. Both answer 200 to a deny too: `/authz/request` is for those that look at the status. */
export function permitProxyRoutes(app: FastifyInstance, parts: PermitParts): void {
  permitScope(app, parts, (scope) => {
    permitRoute(scope, parts, {
      url: '/allowed_url',
      schema: ALLOWED_URL_SCHEMA,
      parse: parseUrlQuery,
      answer: (query, call) => allowedUrl(query, call, parts.active.urls),
    });
  });
  permitScope(app, parts, (scope) => {
    ignoreBodies(scope);
    scope.route({
      method: 'POST',
      url: '/nginx_allowed',
      schema: NGINX_ALLOWED_SCHEMA,
      config: { refuse },
      handler: (request, reply) => sendJson(reply, check(nginxQuery(request.raw), callOf(request, parts))),
    });
  });
}

/** @throws InvalidRequestError */
function allowedUrl(query: UrlQuery, call: PermitCall, urls: UrlMap): CheckResult {
  const { user, http_method: method, url, tenant, context } = query;
  const { pdp, types, decider, ids } = call;
  const question = urlQuestion({ method, url }, { urls, entities: pdp.entities, types }, tenant);
  if (!('reason' in question)) return check({ user, ...question, context }, call);
  const asked = { subject: { type: types.user, id: user.key } };
  const { decision } = decider.denyInvalid(pdp, asked, question.reason, ids);
  return {
    allow: decision,
    query: { user: { key: user.key }, http_method: method, url, tenant },
    debug: { reason: question.reason, revision: pdp.revision },
    result: decision,
  };
}

const checkHeaders = headerCheck(NGINX_HEADERS);

/** Of the raw headers: ones that are sent twice are seen there only. @throws InvalidRequestError */
function nginxQuery(raw: IncomingMessage): PermitQuery {
  const sent = {
    'permit-user-key': subjectOf(raw, 'permit-user-key'),
    'permit-tenant-id': singleHeader(raw, 'permit-tenant-id'),
    'permit-action': singleHeader(raw, 'permit-action'),
    'permit-resource-type': singleHeader(raw, 'permit-resource-type'),
  };
  checkHeaders(sent);
  const asked = sent as Record<keyof typeof sent, string>;
  return {
    user: { key: asked['permit-user-key'] },
    action: asked['permit-action'],
    resource: { type: asked['permit-resource-type'], tenant: asked['permit-tenant-id'] },
  };
}
