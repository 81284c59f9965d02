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

const SECONDS = { type: ['integer', 'null'] } as const;

const ACTIVE = {
  revision: { type: ['string', 'null'] },
  ageSeconds: { ...SECONDS, description: 'How long the revision has been active' },
  checkedSecondsAgo: {
    ...SECONDS,
    description: 'How long ago all sources said that it is what they have; longer while they cannot be asked',
  },
} as const;

function readyAs(...statuses: string[]) {
  const { required, properties } = statusOf(...statuses);
  return {
    type: 'object',
    required: [...required, ...Object.keys(ACTIVE)],
    properties: { ...properties, ...ACTIVE },
  } as const;
}

export const READY_ROUTE = {
  tags: TAGS,
  security: NO_KEY,
  summary: 'A revision is active and the server is not stopping: safe to route to',
  response: { 200: readyAs('ready'), 503: { ...readyAs(...UNREADY), description: 'Route elsewhere' } },
};

const TIME = { type: ['string', 'null'], format: 'date-time' } as const;

const SEQUENCE = { type: ['integer', 'null'] } as const;

const SOURCE = {
  type: 'object',
  required: ['checkedAt', 'revision', 'sequence'],
  properties: {
    name: { type: 'string', description: 'Its address or path, for callers with the key' },
    checkedAt: { ...TIME, description: 'When it last said what it has' },
    revision: { type: ['string', 'null'], description: 'What of it is active' },
    sequence: SEQUENCE,
    problem: { type: 'string', description: 'Why it cannot be asked, for callers with the key' },
  },
} as const;

const DETAIL = {
  type: 'object',
  required: [
    'status',
    'uptimeSeconds',
    ...Object.keys(ACTIVE),
    'sequence',
    'kept',
    'loadedAt',
    'lastReload',
    'sources',
  ],
  properties: {
    status: { type: 'string', enum: ['ready', ...UNREADY] },
    uptimeSeconds: { type: 'integer' },
    ...ACTIVE,
    sequence: {
      ...SEQUENCE,
      description: 'The number of its publication, of a single source that counts them',
    },
    kept: {
      type: 'boolean',
      description: 'It was kept on disk, and no source has confirmed it since the start',
    },
    keepProblem: { type: 'string', description: 'Why it is not kept on disk, for callers with the key' },
    loadedAt: { ...TIME, description: 'When the revision became active' },
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
    sources: { type: 'array', description: 'In the order of the layers', items: SOURCE },
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
