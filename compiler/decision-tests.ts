import {
  type ActualDecision,
  type ExpectedDecision,
  meets,
  samePolicies,
} from '../engine/expected-decisions.ts';
import {
  type AccessRequest,
  type Bundle,
  ConfigurationError,
  createPdp,
  InvalidRequestError,
  type Problem,
  parseAccessRequest,
} from '../engine/index.ts';
import type { Files } from './files.ts';
import { parseJsonFile } from './json-file.ts';
import { textFiles } from './layer.ts';
import { wasmEvaluator } from './oracle/evaluator.ts';

/** A decision that a bundle must give, from `tests/*.json`. */
export interface DecisionTest extends ExpectedDecision {
  /** Where it is written. */
  file: string;
  line: number;
}

export interface DecisionTestResult {
  test: DecisionTest;
  passed: boolean;
  /** What came out, where it differs; a request that cannot be evaluated says why. */
  actual: ActualDecision;
  /** What the official package says, where that is something else. */
  official?: { decision: boolean; policies: string[] };
}

/** Reads a bundle's decision tests; what is wrong with them goes into `problems`. */
export function parseDecisionTests(files: Files, problems: Problem[]): DecisionTest[] {
  const tests: DecisionTest[] = [];
  for (const text of textFiles(
    [{ files }],
    (path) => path.startsWith('tests/') && path.endsWith('.json'),
    problems,
  )) {
    const file = parseJsonFile(text, problems);
    if (file === undefined) continue;
    if (!Array.isArray(file.value)) {
      problems.push(file.problem([], 'must be a list of decision tests'));
      continue;
    }
    for (const [index, value] of file.value.entries()) {
      try {
        const { line } = file.problem([index], '');
        tests.push({ ...parseDecisionTest(value), file: text.path, line });
      } catch (error) {
        if (!(error instanceof InvalidRequestError)) throw error;
        problems.push(file.problem([index], error.message));
      }
    }
  }
  return tests;
}

const KEYS = new Set(['name', 'request', 'decision', 'policies']);

function parseDecisionTest(value: unknown): Omit<DecisionTest, 'file' | 'line'> {
  const { name, request, decision, policies, ...others } = (value ?? {}) as Record<string, unknown>;
  if (typeof name !== 'string' || name === '') throw new InvalidRequestError('name', 'a test needs a name');
  if (typeof decision !== 'boolean') throw new InvalidRequestError('decision', 'must be true or false');
  const unknown = Object.keys(others).find((key) => !KEYS.has(key));
  if (unknown !== undefined) throw new InvalidRequestError(unknown, `is not one of ${[...KEYS].join(', ')}`);
  const listed =
    policies === undefined || (Array.isArray(policies) && policies.every((id) => typeof id === 'string'));
  if (!listed) throw new InvalidRequestError('policies', 'must be a list of policy ids');
  return {
    name,
    request: parseAccessRequest(request),
    decision,
    ...(policies === undefined ? {} : { policies: policies as string[] }),
  };
}

/**
 * Runs decision tests against a bundle, on the compiled engine and on the official package: where the two differ,
 * the test has failed whatever it expects.
 */
export function runDecisionTests(bundle: Bundle, tests: DecisionTest[]): DecisionTestResult[] {
  const compiled = createPdp(bundle);
  const official = officialPdp(bundle);
  return tests.map((test) => {
    const actual = decide(compiled, test.request);
    const theirs = official === undefined ? actual : decide(official, test.request);
    const differs = theirs.decision !== actual.decision || !samePolicies(theirs.policies, actual.policies);
    const passed = meets(test, actual) && !differs;
    return { test, actual, passed, ...(differs ? { official: theirs } : {}) };
  });
}

/** Undefined for a bundle that the official package cannot be given. */
function officialPdp(bundle: Bundle): ReturnType<typeof createPdp> | undefined {
  try {
    return createPdp(bundle, { evaluator: wasmEvaluator });
  } catch (error) {
    if (error instanceof ConfigurationError) return undefined;
    throw error;
  }
}

function decide(pdp: ReturnType<typeof createPdp>, request: AccessRequest): DecisionTestResult['actual'] {
  try {
    const { decision, context } = pdp.decide(request);
    const error = context?.error?.message;
    return { decision, policies: context?.policies ?? [], ...(error === undefined ? {} : { error }) };
  } catch (error) {
    if (!(error instanceof InvalidRequestError)) throw error;
    return { decision: false, policies: [], error: error.message };
  }
}
