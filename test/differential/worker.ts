/** Runs a share of the cases in a process of its own, which ends with what the official package has leaked. */
import { noOutcome, run } from './run.ts';

export interface Share {
  seed: number;
  cases: number;
}

process.once('message', ({ seed, cases }: Share) => {
  let outcome = noOutcome();
  try {
    outcome = run(seed, cases, (done) => process.send?.({ done }));
  } catch (error) {
    outcome.failed += 1;
    outcome.failures.push(`seed ${seed}: ${error instanceof Error ? error.stack : error}`);
  }
  process.send?.({ outcome }, () => process.disconnect());
});
