import { ERROR } from '../http/schemas.ts';

const HEADER = { type: 'string' } as const;

const EMPTY = { description: 'The original request may pass', type: 'null' } as const;

/** What `/authz/request` takes and answers, for the OpenAPI document. Its headers are held to more than this. */
export const PROXY_SCHEMA = {
  tags: ['Proxies'],
  summary:
    'Decide a request that a proxy holds: nginx auth_request, Traefik forwardAuth, Envoy HTTP ext_authz',
  headers: {
    type: 'object',
    properties: {
      'x-pdp-subject': { ...HEADER, description: 'Key of the user, set by the proxy (the name is settable)' },
      'x-original-method': HEADER,
      'x-original-uri': HEADER,
      'x-original-url': HEADER,
      'x-original-host': HEADER,
      'x-forwarded-method': HEADER,
      'x-forwarded-uri': HEADER,
      'x-forwarded-host': HEADER,
    },
  },
  response: {
    200: EMPTY,
    401: { ...ERROR, description: 'The proxy named no user' },
    403: { ...ERROR, description: 'Denied, or no URL rule fits, or the request is ambiguous' },
    503: { ...ERROR, description: 'No revision is active' },
  },
} as const;
