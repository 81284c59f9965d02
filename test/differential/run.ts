/** Runs cases on both evaluators. */
import fc from 'fast-check';
import { difference } from './compare.ts';
import { type Coverage, noCoverage, record } from './coverage.ts';
import { type OracleAnswer, oracle } from './oracle.ts';
import { reduce } from './reduce.ts';
import { type Difference, report } from './report.ts';
import { ask, subject } from './subject.ts';
import { type World, world } from './world.ts';

export interface Outcome {
  passed: number;
  failed: number;
  /** Passed cases that both evaluators refuse as a whole. */
  rejected: number;
  coverage: Coverage;
  /** A readable report of each failure. */
  failures: string[];
}

export function noOutcome(): Outcome {
  return { passed: 0, failed: 0, rejected: 0, coverage: noCoverage(), failures: [] };
}

/** Worlds made from one seed; a failure ends them, and the next seed goes on. */
const WORLDS = 50;

/** Failures after which there is no more to learn from going on. */
const ENOUGH_FAILURES = 5;

/**
 * Runs at least so many cases. The same seed and number make the same cases.
 *
 * @param progress hears of the cases done so far
 */
export function run(seed: number, cases: number, progress: (done: number) => void = () => {}): Outcome {
  const outcome = noOutcome();
  const done = () => outcome.passed + outcome.failed;
  for (let next = seed; done() < cases && outcome.failures.length < ENOUGH_FAILURES; next += 1) {
    runWorlds(next, outcome);
    progress(done());
  }
  return outcome;
}

function runWorlds(seed: number, outcome: Outcome): void {
  let shrinking = false;
  const property = fc.property(world, (one) => {
    const answers = answersOf(one);
    const found = firstDifference(answers);
    if (found !== undefined) {
      shrinking = true;
      throw new Error(found.what);
    }
    if (shrinking) return;
    for (const { official } of answers) {
      outcome.passed += 1;
      if ('rejected' in official) outcome.rejected += 1;
      else record(outcome.coverage, one.policies, official);
    }
  });
  // Seeds that follow each other must not make worlds that resemble each other.
  const details = fc.check(property, { seed: Math.imul(seed, 0x9e3779b1), numRuns: WORLDS });
  if (!details.failed) return;
  outcome.failed += 1;
  const [counterexample] = details.counterexample ?? [];
  if (counterexample !== undefined) outcome.failures.push(`seed ${seed}: ${explain(counterexample)}`);
}

function explain(found: World): string {
  const smallest = reduce(found, (candidate) => firstDifference(answersOf(candidate)) !== undefined);
  const shown = firstDifference(answersOf(smallest));
  return shown === undefined ? 'the difference is not there a second time' : report(smallest, shown);
}

type Answers = { official: OracleAnswer; ours: OracleAnswer };

/** What both say to each request of a world. */
export function answersOf(one: World): Answers[] {
  const official = oracle(one.policies);
  const engine = subject(one);
  return one.requests.map((request) => ({
    official: official(one.entities, request),
    ours: 'rejected' in engine ? engine : ask(engine, request),
  }));
}

function firstDifference(answers: Answers[]): Difference | undefined {
  for (const [request, { official, ours }] of answers.entries()) {
    const what = difference(official, ours);
    if (what !== undefined) return { what, request, official, ours };
  }
  return undefined;
}
