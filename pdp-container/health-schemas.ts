import { NO_KEY, RECORD, REFUSALS } from './http/schemas.ts';

/** What the health routes answer, as JSON Schema, for the OpenAPI document. */

const TAGS = ['Health'] as const;

function statusOf(...statuses: string[]) {
  return {
    type: 'object',
    required: ['status'],
    properties: { status: { type: 'string', enum: statuses } },
  } as const;
}

const UNREADY = ['unready', 'draining', 'broken'];

export const HEALTHY_ROUTE = {
  tags: TAGS,
  security: NO_KEY,
  summary: 'The process lives, and need not be replaced',
  response: {
    200: statusOf('healthy'),
    503: { ...statusOf('unhealthy'), description: 'It must be replaced' },
  },
};

export const READY_ROUTE = {
  tags: TAGS,
  security: NO_KEY,
  summary: 'A revision is active and the server is not stopping: safe to route to',
  response: { 200: statusOf('ready'), 503: { ...statusOf(...UNREADY), description: 'Route elsewhere' } },
};

const TIME = { type: ['string', 'null'], format: 'date-time' } as const;

const DETAIL = {
  type: 'object',
  required: ['status', 'uptimeSeconds', 'revision', 'loadedAt', 'ageSeconds', 'lastReload'],
  properties: {
    status: { type: 'string', enum: ['ready', ...UNREADY] },
    uptimeSeconds: { type: 'integer' },
    revision: { type: ['string', 'null'] },
    loadedAt: { ...TIME, description: 'When the revision became active' },
    ageSeconds: { type: ['integer', 'null'], description: 'How long ago that was' },
    lastReload: {
      type: 'object',
      required: ['result', 'problemCount'],
      properties: {
        result: { type: 'string', enum: ['none', 'success', 'failure'] },
        failedAt: { type: 'string', format: 'date-time' },
        problemCount: { type: 'integer' },
        problems: { type: 'array', description: 'For callers with the key', items: RECORD },
      },
    },
  },
} as const;

export const HEALTH_ROUTE = {
  tags: TAGS,
  security: NO_KEY,
  summary: 'The same in detail',
  response: { 200: DETAIL, 503: { ...DETAIL, description: 'Route elsewhere' } },
};

export const METRICS_ROUTE = {
  tags: TAGS,
  summary: 'Metrics for Prometheus',
  response: {
    200: { description: 'Metrics', content: { 'text/plain': { schema: { type: 'string' } } } },
    ...REFUSALS,
  },
};
