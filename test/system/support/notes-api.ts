import assert from 'node:assert/strict';
import type { Outcome } from './runtime-api.ts';

/** An event of API Gateway's HTTP API, as far as the handler reads it: `GET /tenants/acme/notes/roadmap`. */
export function viewing(user: string): unknown {
  return {
    version: '2.0',
    routeKey: 'GET /tenants/{tenant}/notes/{note}',
    rawPath: '/tenants/acme/notes/roadmap',
    headers: {},
    pathParameters: { tenant: 'acme', note: 'roadmap' },
    requestContext: {
      authorizer: { jwt: { claims: { sub: user }, scopes: null } },
      http: { method: 'GET', path: '/tenants/acme/notes/roadmap' },
      requestId: 'test',
    },
    isBase64Encoded: false,
  };
}

/** The HTTP status that a function answered with. @throws AssertionError when it failed */
export function statusOf(outcome: Outcome): unknown {
  assert.ok('response' in outcome, `the function failed: ${JSON.stringify(outcome)}`);
  return (outcome.response as { statusCode?: unknown }).statusCode;
}
