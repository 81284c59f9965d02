import type { DecisionTestResult } from '../../compiler/index.ts';
import { print, styled } from './output.ts';

/** A result of a decision test, for machines. */
export function resultAsJson({ test, passed, actual, official }: DecisionTestResult): object {
  const { name, file, line, decision, policies } = test;
  return {
    name,
    file,
    line,
    passed,
    expected: { decision, ...(policies ? { policies } : {}) },
    actual,
    ...(official ? { official } : {}),
  };
}

/** The same, for people. */
export function printResult({ test, passed, actual, official }: DecisionTestResult): void {
  if (passed) {
    print(`${styled('green', 'pass')}  ${test.name}`);
    return;
  }
  const word = (decision: boolean) => (decision ? 'allow' : 'deny');
  print(`${styled('red', 'FAIL')}  ${test.name}  ${styled('dim', `${test.file}:${test.line}`)}`);
  if (actual.error !== undefined) {
    print(`      the request cannot be evaluated: ${actual.error}`);
    return;
  }
  const by = (policies: string[] | undefined) =>
    policies === undefined ? '' : ` by ${policies.join(', ') || 'no policy'}`;
  print(`      expected ${word(test.decision)}${by(test.policies)}`);
  print(`      got      ${word(actual.decision)}${by(actual.policies)}`);
  if (official !== undefined) {
    print(
      `      official ${word(official.decision)}${by(official.policies)}: the evaluators differ, please report it`,
    );
  }
}
