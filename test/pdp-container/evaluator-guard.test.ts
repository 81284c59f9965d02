import { describe, expect, test } from 'vitest';
import type { Bundle, CedarRequest, CedarResponse, Evaluator } from '../../engine/index.ts';
import { PdpUnavailableError } from '../../engine/index.ts';
import { EvaluatorGuard } from '../../pdp-container/evaluator-guard.ts';

const ALLOW: CedarResponse = { decision: 'allow', reasons: ['p'], errors: [] };
const BROKEN = new PdpUnavailableError('the evaluator is broken');
const BUNDLE = {} as Bundle;

function asks(id: string): CedarRequest {
  return {
    principal: { type: 'User', id },
    action: { type: 'Action', id: 'read' },
    resource: { type: 'Doc', id: 'd' },
  };
}

/** An evaluator whose failures are up to the test, behind a guard. */
function guarded() {
  const state = { fails: (_request: CedarRequest): boolean => false, asked: 0 };
  const problems: unknown[] = [];
  const isAuthorized = (request: CedarRequest) => {
    state.asked += 1;
    if (state.fails(request)) throw new TypeError('oops');
    return ALLOW;
  };
  const inner: Evaluator = {
    isAuthorized,
    permitting: (request) => (principal) => isAuthorized({ ...request, principal }).decision === 'allow',
  };
  const guard = new EvaluatorGuard((error) => problems.push(error));
  return { guard, state, problems, evaluator: guard.watching(() => inner)(BUNDLE, inner) };
}

const WAYS: [string, (evaluator: Evaluator, id: string) => unknown][] = [
  ['an evaluation', (evaluator, id) => evaluator.isAuthorized(asks(id))],
  ['a search', (evaluator, id) => evaluator.permitting?.(asks('nobody'), 'principal')({ type: 'User', id })],
];

describe.each(WAYS)('a failure in %s', (_name, put) => {
  test('that is of one request leaves the others answered', () => {
    const { guard, state, problems, evaluator } = guarded();
    state.fails = ({ principal }) => principal.id === 'bad';
    expect(() => put(evaluator, 'bad')).toThrow(new TypeError('oops'));
    expect(guard.broken).toBe(false);
    expect(problems).toEqual([]);
    expect(evaluator.isAuthorized(asks('alice'))).toBe(ALLOW);
    expect(put(evaluator, 'alice')).toBeTruthy();
  });

  test('that is of every request breaks the evaluator for good: it is not asked again', () => {
    const { guard, state, problems, evaluator } = guarded();
    state.fails = () => true;
    expect(() => put(evaluator, 'alice')).toThrow(new TypeError('oops'));
    expect(guard.broken).toBe(true);
    expect(problems).toEqual([new TypeError('oops')]);
    state.fails = () => false;
    state.asked = 0;
    expect(() => put(evaluator, 'alice')).toThrow(BROKEN);
    expect(() => evaluator.isAuthorized(asks('alice'))).toThrow(BROKEN);
    expect(state.asked).toBe(0);
    expect(problems).toHaveLength(1);
  });
});

test('an evaluator that cannot decide at all is not taken into use', () => {
  const guard = new EvaluatorGuard(() => {});
  const dead: Evaluator = {
    isAuthorized: () => {
      throw new TypeError('oops');
    },
  };
  expect(() => guard.watching(() => dead)(BUNDLE, dead)).toThrow(new TypeError('oops'));
  expect(guard.broken).toBe(false);
});

test('without another evaluator the compiled one is watched, and what it lacks stays lacking', () => {
  const compiled: Evaluator = { isAuthorized: () => ALLOW };
  const evaluator = new EvaluatorGuard(() => {}).watching()(BUNDLE, compiled);
  expect(evaluator.isAuthorized(asks('alice'))).toBe(ALLOW);
  expect(evaluator.permitting).toBeUndefined();
});
