/** Parts of the JSON Schemas of several faces. */

/** Half of a surrogate pair has no form in UTF-8: two different names would turn into one. */
export const WELL_FORMED = '^\\P{Cs}*$';

/** A type, id or name. */
export const NAME = { type: 'string', minLength: 1, pattern: WELL_FORMED } as const;

export const RECORD = { type: 'object', additionalProperties: true } as const;

/** `null` counts as absent. */
export const OPTIONAL_RECORD = { type: ['object', 'null'], additionalProperties: true } as const;

/** The body of error answers of the main port, apart from Permit's. */
export const ERROR = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['status', 'message'],
      properties: { status: { type: 'integer' }, message: { type: 'string' } },
    },
  },
} as const;

/** What a route that reads no body may answer. */
export const REFUSALS = {
  401: { ...ERROR, description: 'The key was not sent, or is not the right one' },
  503: {
    ...ERROR,
    description: 'No revision is active, the answer takes too long, or too many are under way',
  },
} as const;

/** What a route that reads one may. */
export const ERRORS = {
  400: { ...ERROR, description: 'The request is not valid; the message names the first field that is wrong' },
  ...REFUSALS,
  413: { ...ERROR, description: 'The body is too large' },
} as const;

/** For the route option `schema` of what needs no key. */
export const NO_KEY: Readonly<Record<string, readonly string[]>>[] = [];
