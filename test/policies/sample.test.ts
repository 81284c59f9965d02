import cedar from '@cedar-policy/cedar-wasm/nodejs';
import { describe, expect, test } from 'vitest';
import { ask, type DecisionTest, decisionTests, entities, policies, policySet, schema } from './sample.ts';

function outcome(request: DecisionTest['request'], staticPolicies?: Record<string, string>) {
  const answer = ask(request, staticPolicies);
  if (answer.type === 'failure') throw new Error(answer.errors.map(({ message }) => message).join('; '));
  const { decision, diagnostics } = answer.response;
  return {
    decision: decision === 'allow',
    policies: [...diagnostics.reason].sort(),
    errors: diagnostics.errors.map(({ policyId }) => policyId),
  };
}

const matches = (expected: DecisionTest, staticPolicies: Record<string, string>): boolean => {
  const { decision, policies: reasons } = outcome(expected.request, staticPolicies);
  const wanted = expected.policies === undefined ? reasons : [...expected.policies].sort();
  return decision === expected.decision && wanted.join() === reasons.join();
};

describe('the sample bundle, read by the official Cedar package', () => {
  test('validates in strict mode without an error or a warning', () => {
    const answer = cedar.validate({
      schema,
      policies: { staticPolicies: policySet },
      validationSettings: { mode: 'strict' },
    });
    expect(answer).toEqual({
      type: 'success',
      validationErrors: [],
      validationWarnings: [],
      otherWarnings: [],
    });
  });

  test('has entities that conform to the schema', () => {
    expect(cedar.checkParseEntities({ entities, schema })).toEqual({ type: 'success' });
  });

  test('would not accept an entity that does not conform', () => {
    const wrong = [...entities, { uid: { type: 'Note', id: 'acme/x' }, attrs: {}, parents: [] }];
    expect(cedar.checkParseEntities({ entities: wrong, schema }).type).toBe('failure');
  });

  test('names every policy once, and advises on every forbid', () => {
    const ids = policies.map(({ json }) => json.annotations?.id);
    expect(ids.every((id) => id !== undefined && id !== '')).toBe(true);
    expect(new Set(ids).size).toBe(policies.length);
    const silent = policies.filter(
      ({ json }) => json.effect === 'forbid' && (json.annotations?.advice ?? '') === '',
    );
    expect(silent).toEqual([]);
  });

  test('refers only to entities that are stored', () => {
    const stored = new Set(entities.map(({ uid }) => JSON.stringify(uid)));
    const references = (value: unknown): unknown[] => {
      if (Array.isArray(value)) return value.flatMap(references);
      return typeof value === 'object' && value !== null && 'type' in value ? [value] : [];
    };
    const dangling = entities
      .flatMap(({ attrs, parents }) => [...Object.values(attrs), ...parents].flatMap(references))
      .filter((reference) => !stored.has(JSON.stringify(reference)));
    expect(dangling).toEqual([]);
  });
});

describe('the decision tests', () => {
  test('are at least thirty, each with a name of its own', () => {
    expect(decisionTests.length).toBeGreaterThanOrEqual(30);
    expect(new Set(decisionTests.map(({ name }) => name)).size).toBe(decisionTests.length);
  });

  test.each(decisionTests.map((decisionTest) => [decisionTest.name, decisionTest] as const))(
    '%s',
    (_name, { request, decision, policies: expected = [] }) => {
      expect(outcome(request)).toMatchObject({ decision, policies: [...expected].sort() });
    },
  );

  test.each(Object.keys(policySet))('notice when %s is gone', (id) => {
    const { [id]: _gone, ...rest } = policySet;
    expect(decisionTests.every((decisionTest) => matches(decisionTest, rest))).toBe(false);
  });

  test('err in no forbid, and in a permit only where the resource is not stored', () => {
    const erring = decisionTests.filter(({ request }) => outcome(request).errors.length > 0);
    expect(erring.map(({ request }) => request.resource.id)).toEqual(['acme/no-such-note']);
  });
});
