import { Session } from 'node:inspector/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { pathPattern } from '../../../compiler/urls/path-pattern.ts';
import { MAX_PATH_LENGTH } from '../../../compiler/urls/target.ts';
import { type NoRule, UrlMap, type UrlQuestion } from '../../../compiler/urls/url-map.ts';

/** Counts what the engine of regular expressions does, block by block of its code: no clock says how hard it works. */
async function stepsOf(work: () => unknown): Promise<number> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  work();
  const { result } = await session.post('Profiler.takePreciseCoverage');
  await session.post('Profiler.stopPreciseCoverage');
  session.disconnect();
  return result
    .filter(({ url }) => url.includes('/re2js/'))
    .flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges))
    .reduce((sum, { count }) => sum + count, 0);
}

const ask = (map: UrlMap, path: string): UrlQuestion | NoRule => map.question({ method: 'GET', url: path });
const mapOf = (regexes: string[]) =>
  new UrlMap(
    regexes.map((regex) => ({ methods: ['GET'], path: { regex }, action: 'a', resource: { type: 'T' } })),
  );

/** Each takes more steps than there are atoms, or states than there is memory, in engines of other kinds. */
const HOSTILE = [
  '/(a+)+b',
  '/(a|aa)+b',
  '/([a-z]+)*=',
  '/(.*a){20}b',
  '/(?:a?){150}a{150}b',
  '/.*a[ab]{400}c',
  '/(?P<x>.*a.*a.*a){30}x',
  '/(?:(?:a*)*)*b',
];

/** A path of `a` and `b`, in an order that an expression has to remember. */
function pathOf(length: number, seed: number): string {
  let state = seed;
  const letters = Array.from({ length: length - 1 }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return state % 2 === 0 ? 'a' : 'b';
  });
  return `/${letters.join('')}`;
}

it.each(HOSTILE)('%s takes steps in proportion to its size and the length of the path', async (regex) => {
  const map = mapOf([regex]);
  const { steps: size } = pathPattern({ regex });
  for (const length of [MAX_PATH_LENGTH / 8, MAX_PATH_LENGTH / 2, MAX_PATH_LENGTH]) {
    for (const path of [`/${'a'.repeat(length - 1)}`, pathOf(length, 7)]) {
      const steps = await stepsOf(() => ask(map, path));
      expect(steps).toBeGreaterThan(0);
      // Three looks at the path, each of some tens of blocks for each instruction and character.
      expect(steps).toBeLessThan(100 * size * length);
    }
  }
});

it('nothing of a path is kept', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const map = mapOf(['c', 'd', 'e', 'f'].map((last) => `/.*a[ab]{200}${last}`));
  const heap = () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  ask(map, pathOf(MAX_PATH_LENGTH, 1));
  const before = heap();
  for (let seed = 2; seed <= 5; seed += 1) ask(map, pathOf(MAX_PATH_LENGTH, seed));
  expect(heap() - before).toBeLessThan(1_000_000);
});
