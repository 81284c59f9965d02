import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { compileInWorker } from '../../compiler/index.ts';
import { directoryOf, jobOf } from '../bundles.ts';

const THREADS = '/proc/self/task';

/** The nice value of each thread of this process. */
function niceValues(): number[] {
  return readdirSync(THREADS).flatMap((thread) => {
    try {
      const stat = readFileSync(`${THREADS}/${thread}/stat`, 'utf8');
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
}

it.skipIf(!existsSync(THREADS)).each([true, false])(
  'the thread steps back behind those that answer, and no other does: %s',
  async (background) => {
    const before = Math.max(...niceValues());
    const job = jobOf({
      directory: await directoryOf({ 'p.cedar': 'permit(principal, action, resource);' }),
    });
    let ended = false;
    const compiling = compileInWorker({ ...job, background }).finally(() => {
      ended = true;
    });
    const seen: number[][] = [];
    while (!ended) {
      seen.push(niceValues());
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await compiling).ok).toBe(true);
    const stepped = seen.map((values) => values.filter((value) => value > before));
    expect(new Set(stepped.map(({ length }) => length))).toEqual(new Set(background ? [0, 1] : [0]));
  },
);

it('ends when it is told to, and does not begin after that', async () => {
  const job = jobOf({
    directory: await directoryOf({ 'p.cedar': 'permit(principal, action, resource);' }),
  });
  const stopping = new AbortController();
  const compiling = compileInWorker(job, stopping.signal);
  stopping.abort();
  const stopped = {
    ok: false,
    problems: [expect.objectContaining({ message: expect.stringMatching(/stops$/) })],
  };
  expect(await compiling).toMatchObject(stopped);
  expect(await compileInWorker(job, stopping.signal)).toMatchObject(stopped);
});
