import { type DecisionTest, type DecisionTestResult, runDecisionTests } from '../../compiler/index.ts';
import { samePolicies } from '../../engine/expected-decisions.ts';
import type { Bundle } from '../../engine/index.ts';
import { canonical } from './canonical.ts';

/** What one bundle answers. */
export interface Answer {
  decision: boolean;
  /** The determining ones. */
  policies: string[];
  /** Why the request cannot be evaluated; it is denied then. */
  error?: string;
}

/** A question of the decision tests to which the two bundles answer differently. */
export interface DecisionChange {
  name: string;
  /** `file:line` of the test. */
  place: string;
  subject: string;
  action: string;
  resource: string;
  old: Answer;
  new: Answer;
  /** The decision is the same, by other policies. */
  isOnlyReason?: true;
}

export interface DecisionChanges {
  /** Different questions in the tests of both. */
  asked: number;
  changes: DecisionChange[];
}

/**
 * Asks both bundles what the tests of either ask. What the tests expect does not matter.
 *
 * @throws ConfigurationError when a bundle cannot be evaluated
 */
export function diffDecisions(
  before: { bundle: Bundle; tests: DecisionTest[] },
  after: { bundle: Bundle; tests: DecisionTest[] },
): DecisionChanges {
  const questions = new Map<string, DecisionTest>();
  // The name that it has in the new one, where both ask it.
  for (const test of [...after.tests, ...before.tests]) {
    const key = canonical(test.request);
    if (!questions.has(key)) questions.set(key, test);
  }
  const tests = [...questions.values()];
  const [old, now] = [runDecisionTests(before.bundle, tests), runDecisionTests(after.bundle, tests)];
  const changes = tests.flatMap((test, index) => changeOf(test, old[index], now[index]) ?? []);
  return { asked: tests.length, changes };
}

function changeOf(
  { name, file, line, request }: DecisionTest,
  before: DecisionTestResult | undefined,
  after: DecisionTestResult | undefined,
): DecisionChange | undefined {
  if (before === undefined || after === undefined) return undefined;
  const [old, now] = [answerOf(before), answerOf(after)];
  const isDecisionSame = old.decision === now.decision && old.error === now.error;
  if (isDecisionSame && samePolicies(old.policies, now.policies)) return undefined;
  return {
    name,
    place: `${file}:${line}`,
    subject: uid(request.subject),
    action: request.action.name,
    resource: uid(request.resource),
    old,
    new: now,
    ...(isDecisionSame ? { isOnlyReason: true } : {}),
  };
}

function answerOf({ actual: { decision, policies, error } }: DecisionTestResult): Answer {
  return { decision, policies, ...(error === undefined ? {} : { error }) };
}

function uid({ type, id }: { type: string; id: string }): string {
  return `${type}::${JSON.stringify(id)}`;
}
