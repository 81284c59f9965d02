/**
 * `npm run test:differential`: the compiled engine held to the official Cedar package on generated cases.
 *
 *   npm run test:differential                       200,000 cases
 *   npm run test:differential -- --cases 5000       another number
 *   npm run test:differential -- --seed 42          those that a report names
 *   npm run test:differential -- --processes 1      how many run at once; default: one for each core
 */
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { ERRORS, merge, OPERATORS } from '../test/differential/coverage.ts';
import { noOutcome, type Outcome } from '../test/differential/run.ts';
import type { Share } from '../test/differential/worker.ts';

/** Cases of one process, few enough that what WebAssembly leaks does not matter. */
const SHARE = 20_000;

/** Seeds set aside for a share; each makes 50 cases or more. */
const SEEDS_PER_SHARE = 1_000;

const worker = new URL('../test/differential/worker.ts', import.meta.url);

let options: { cases: number; seed: number; processes: number };
try {
  const { values } = parseArgs({
    options: {
      cases: { type: 'string', default: '200000' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
      processes: { type: 'string', default: String(availableParallelism()) },
    },
  });
  options = {
    cases: whole('cases', values.cases, 1),
    seed: whole('seed', values.seed, 0),
    processes: whole('processes', values.processes, 1),
  };
} catch (error) {
  console.error(`test:differential: ${error instanceof Error ? error.message : error}`);
  process.exit(2);
}

const shares: Share[] = [];
for (let from = 0; from < options.cases; from += SHARE) {
  const seed = options.seed + (from / SHARE) * SEEDS_PER_SHARE;
  shares.push({ seed, cases: Math.min(SHARE, options.cases - from) });
}

console.log(`${options.cases} cases from seed ${options.seed} in ${options.processes} processes`);
const total = noOutcome();
const inProgress = new Map<Share, number>();
const started = performance.now();
const ticker = setInterval(showProgress, 10_000);
await Promise.all(Array.from({ length: options.processes }, runShares));
clearInterval(ticker);

printCoverage(total);
for (const failure of total.failures) console.log(`\nFAILED  ${failure}`);
console.log(
  `\n${total.rejected} cases refused by both; seed ${options.seed}; ${((performance.now() - started) / 1000).toFixed(0)} s`,
);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;

async function runShares(): Promise<void> {
  for (let share = shares.shift(); share !== undefined; share = shares.shift()) {
    const outcome = await runShare(share);
    inProgress.delete(share);
    total.passed += outcome.passed;
    total.failed += outcome.failed;
    total.rejected += outcome.rejected;
    total.failures.push(...outcome.failures);
    merge(total.coverage, outcome.coverage);
  }
}

function runShare(share: Share): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = fork(worker, { execArgv: [] });
    let outcome: Outcome | undefined;
    child.on('message', (message: { done: number } | { outcome: Outcome }) => {
      if ('done' in message) inProgress.set(share, message.done);
      else outcome = message.outcome;
    });
    child.on('exit', (code, signal) => {
      const died = `seed ${share.seed}: the process ended with ${signal ?? `status ${code}`}`;
      resolve(outcome ?? { ...noOutcome(), failed: 1, failures: [died] });
    });
    child.send(share);
  });
}

function showProgress(): void {
  const done = [...inProgress.values()].reduce((sum, cases) => sum + cases, total.passed + total.failed);
  const seconds = (performance.now() - started) / 1000;
  console.log(
    `${done} cases in ${seconds.toFixed(0)} s${total.failed > 0 ? `, ${total.failed} failed` : ''}`,
  );
}

function printCoverage({ coverage }: Outcome): void {
  const names = [...new Set([...OPERATORS, ...Object.keys(coverage.operators)])];
  const rows = names.map((name) => {
    const { cases, allow, deny, error } = coverage.operators[name] ?? {
      cases: 0,
      allow: 0,
      deny: 0,
      error: 0,
    };
    return [name, cases, allow, deny, error];
  });
  console.log(
    '\nCases with a policy that has the operator: all, allowed, denied, and those where that policy erred',
  );
  printTable(['operator', 'cases', 'allow', 'deny', 'error'], rows);
  const kinds = [...new Set([...Object.keys(ERRORS), ...Object.keys(coverage.errors)])];
  console.log('\nEvaluation errors by kind');
  printTable(
    ['error', 'times'],
    kinds.map((kind) => [kind, coverage.errors[kind] ?? 0]),
  );
}

function printTable(head: string[], rows: (string | number)[][]): void {
  for (const [first, ...rest] of [head, ...rows]) {
    console.log(String(first).padEnd(34) + rest.map((cell) => String(cell).padStart(9)).join(''));
  }
}

function whole(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) {
    throw new Error(`--${name} must be a whole number from ${least}, not "${text}"`);
  }
  return value;
}
