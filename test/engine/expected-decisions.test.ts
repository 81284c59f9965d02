import { describe, expect, it } from 'vitest';
import {
  type ExpectedDecision,
  meets,
  readExpectedDecisions,
  writeExpectedDecisions,
} from '../../engine/expected-decisions.ts';

const test: ExpectedDecision = {
  name: 'ann reads',
  request: {
    subject: { type: 'User', id: 'ann', properties: { level: 9_007_199_254_740_993n } },
    action: { name: 'read' },
    resource: { type: 'Doc', id: 'd' },
  },
  decision: true,
  policies: ['a', 'b'],
};

describe('a decision meets what is expected', () => {
  it('when it is the same, for the same reasons in any order', () => {
    expect(meets(test, { decision: true, policies: ['b', 'a'] })).toBe(true);
    expect(meets(test, { decision: false, policies: ['b', 'a'] })).toBe(false);
    for (const policies of [[], ['a'], ['a', 'c'], ['a', 'b', 'c']]) {
      expect(meets(test, { decision: true, policies })).toBe(false);
    }
  });

  it('whatever the reasons, where none are expected', () => {
    const { policies: _, ...any } = test;
    expect(meets(any, { decision: true, policies: ['c'] })).toBe(true);
  });

  it('never when the request could not be evaluated', () => {
    const denied = { ...test, decision: false, policies: [] };
    expect(meets(denied, { decision: false, policies: [] })).toBe(true);
    expect(meets(denied, { decision: false, policies: [], error: 'a problem' })).toBe(false);
  });
});

describe('expected decisions as text', () => {
  it('keep their integers', () => {
    const expected = { revision: 'r', tests: [test] };
    const text = writeExpectedDecisions(expected);
    expect(text).toContain('9007199254740993');
    expect(readExpectedDecisions('expected.json', text)).toEqual(expected);
  });

  it('are refused when damaged', () => {
    expect(() => readExpectedDecisions('expected.json', '{"revision":')).toThrow('expected.json');
  });
});
