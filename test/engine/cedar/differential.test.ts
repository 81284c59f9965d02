import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ERRORS, OPERATORS } from '../../differential/coverage.ts';
import { run } from '../../differential/run.ts';
import { compareWithSchema, schemaWorld } from '../../differential/schema-world.ts';
import { history, play } from '../../differential/store-model.ts';

/** Other cases than the usual ones: PDP_DIFFERENTIAL_SEED=12345 npx vitest run test/engine/cedar/differential.test.ts */
const SEED = Number(process.env.PDP_DIFFERENTIAL_SEED ?? 20_260_131);

test('the engine answers generated cases as the official package does', { timeout: 240_000 }, () => {
  const { passed, rejected, failures, coverage } = run(SEED, 3_000);
  expect(failures.join('\n\n'), `seed ${SEED}`).toBe('');
  expect(passed).toBeGreaterThanOrEqual(3_000);
  expect(rejected).toBeLessThan(30);

  const uncovered = OPERATORS.filter((operator) => {
    const { allow = 0, deny = 0 } = coverage.operators[operator] ?? {};
    return allow === 0 || deny === 0;
  });
  expect(uncovered, 'operators that no case allows, or none denies').toEqual([]);
  expect(Object.keys(coverage.operators).filter((operator) => !OPERATORS.includes(operator))).toEqual([]);

  const unmet = Object.keys(ERRORS).filter((kind) => coverage.errors[kind] === undefined);
  expect(unmet, 'kinds of error that no case meets').toEqual([]);
  expect(Object.keys(coverage.errors).filter((kind) => ERRORS[kind] === undefined)).toEqual([]);
});

test('an engine whose entities change answers as one made afresh; a refused change changes nothing', {
  timeout: 120_000,
}, () => {
  let [done, refused] = [0, 0];
  const property = fc.property(history, (one) => {
    const played = play(one);
    done += played.done;
    refused += played.refused;
  });
  fc.assert(property, { seed: SEED, numRuns: 100 });
  expect(done).toBeGreaterThan(100);
  expect(refused).toBeGreaterThan(10);
});

test('values that leave their escapes to the schema are read as the official package reads them', {
  timeout: 120_000,
}, () => {
  const ended = { allow: 0, deny: 0, rejected: 0 };
  const property = fc.property(schemaWorld, (one) => {
    for (const answer of compareWithSchema(one))
      ended['rejected' in answer ? 'rejected' : answer.decision] += 1;
  });
  fc.assert(property, { seed: SEED, numRuns: 150 });
  expect(ended.allow).toBeGreaterThan(30);
  expect(ended.deny).toBeGreaterThan(30);
  expect(ended.rejected).toBeLessThan(ended.allow + ended.deny);
});
