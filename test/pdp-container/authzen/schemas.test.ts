import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidRequestError, parseAccessRequest } from '../../../engine/index.ts';
import {
  parseActionSearch,
  parseEvaluations,
  parseResourceSearch,
  parseSubjectSearch,
} from '../../../pdp-container/authzen/requests.ts';
import {
  ACTION_SEARCH,
  EVALUATION,
  evaluationsBody,
  RESOURCE_SEARCH,
  SUBJECT_SEARCH,
} from '../../../pdp-container/authzen/schemas.ts';

const MAX_ITEMS = 3;
const RUNS = 5_000;

const PAIRS: [name: string, schema: object, parse: (body: unknown) => unknown][] = [
  ['an evaluation', EVALUATION, parseAccessRequest],
  ['a batch', evaluationsBody(MAX_ITEMS), (body) => parseEvaluations(body, MAX_ITEMS)],
  ['a search for subjects', SUBJECT_SEARCH, parseSubjectSearch],
  ['a search for resources', RESOURCE_SEARCH, parseResourceSearch],
  ['a search for actions', ACTION_SEARCH, parseActionSearch],
];

const anything = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, 1, 1.5, -1, 2 ** 53, '', 'x', '\ud800', 'a\udc00b', '\n', [], {}, [
    {},
  ]),
  fc.jsonValue({ maxDepth: 1 }),
);

/** Mostly what is given, and now and then anything. */
function mostly(good: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 12, arbitrary: good }, { weight: 1, arbitrary: anything });
}

/** An object, mostly with all its parts. */
function record(parts: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> {
  const some = fc.record(parts, { requiredKeys: [] });
  return mostly(fc.oneof({ weight: 5, arbitrary: fc.record(parts) }, { weight: 1, arbitrary: some }));
}

const name = mostly(fc.constantFrom('User', 'note', 'é', '😀', 'a\nb'));
const free = mostly(fc.constantFrom<unknown>({}, { a: 1 }, { a: { b: [] } }, null));
const entity = record({ type: name, id: name, properties: free, more: anything });
const action = record({ name, properties: free });
const page = record({
  limit: mostly(fc.constantFrom<unknown>(1, 1_000, 2 ** 53 - 1, null)),
  token: mostly(fc.constantFrom<unknown>('', 'x', '\ud800', null)),
});
const question = { subject: entity, action, resource: entity, context: free };
const semantic = mostly(
  fc.constantFrom<unknown>('execute_all', 'deny_on_first_deny', 'permit_on_first_permit', null),
);

const bodies = record({
  ...question,
  page: mostly(fc.oneof(page, fc.constant(null))),
  evaluations: mostly(
    fc.oneof(fc.constant(null), fc.array(fc.oneof(record(question), anything), { maxLength: MAX_ITEMS + 1 })),
  ),
  options: mostly(fc.oneof(fc.constant(null), record({ evaluations_semantic: semantic }))),
});

function takes(parse: (body: unknown) => unknown, body: unknown): boolean {
  try {
    parse(body);
    return true;
  } catch (error) {
    if (error instanceof InvalidRequestError) return false;
    throw error;
  }
}

describe.each(PAIRS)('%s', (_, schema, parse) => {
  it('is taken by the schema exactly when it is by the parser', () => {
    const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(schema);
    const verdicts = { true: 0, false: 0 };
    fc.assert(
      fc.property(bodies, (body) => {
        const taken = takes(parse, body);
        verdicts[`${taken}`] += 1;
        expect(validate(body)).toBe(taken);
      }),
      { numRuns: RUNS },
    );
    expect(Math.min(verdicts.true, verdicts.false)).toBeGreaterThan(RUNS / 20);
  });
});
