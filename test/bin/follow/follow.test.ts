import { describe, expect, it } from 'vitest';
import { follow, type Target, type Wanted } from '../../../bin/follow/follow.ts';
import type { Health } from '../../../bin/follow/health.ts';

const WANTED: Wanted = { revision: 'new', sequence: 7 };

const health = (more: Partial<Health> = {}): Health => ({
  status: 'ready',
  revision: 'new',
  sequence: 7,
  sources: ['new'],
  failure: null,
  ...more,
});
const old = health({ revision: 'old', sequence: 6, sources: ['old'] });

/** A PDP that says one thing after the other, the last of them from then on. */
function pdp(name: string, ...says: (Health | { problem: string })[]): Target {
  let next = 0;
  return {
    name,
    ask: async () => {
      const said = says[Math.min(next, says.length - 1)];
      next += 1;
      return said ?? { problem: 'says nothing' };
    },
  };
}

/** Follows with a clock that goes on when it is waited for. */
async function followed(
  targets: Target[] | (() => Target[]),
  { timeoutMs = 60_000, signal = new AbortController().signal, wanted = WANTED } = {},
) {
  let now = 0;
  const lines: string[] = [];
  const clock = {
    now: () => now,
    wait: async (milliseconds: number) => {
      now += milliseconds;
    },
  };
  const onProgress = (seconds: number, progress: string) => lines.push(`${seconds} ${progress}`);
  const list = async () => (typeof targets === 'function' ? targets() : targets);
  const result = await follow(list, wanted, { timeoutMs, signal, onProgress }, clock);
  return { ...result, lines };
}

describe('following a publication', () => {
  it('ends when every PDP runs it, with a line for each change', async () => {
    const gone = { problem: '10.0.0.2:7000 did not answer (ETIMEDOUT)' };
    const { outcome, seconds, lines, pdps } = await followed([
      pdp('a', old, old, health()),
      pdp('b', gone, gone, gone, health()),
    ]);
    expect([outcome, seconds]).toEqual(['reached', 6]);
    expect(lines).toEqual([
      '0 0 of 2 run it; a: it runs revision old; b: 10.0.0.2:7000 did not answer (ETIMEDOUT)',
      '4 1 of 2 run it; b: 10.0.0.2:7000 did not answer (ETIMEDOUT)',
      '6 2 of 2 run it',
    ]);
    expect(pdps.map(({ state }) => state)).toEqual(['reached', 'reached']);
  });

  it('waits for a first PDP, and for one that comes later', async () => {
    const lists: Target[][] = [[], [pdp('a', old, health())], [pdp('a', health()), pdp('b', old, health())]];
    const all = lists.at(-1) ?? [];
    const { outcome, lines } = await followed(() => lists.shift() ?? all);
    expect(outcome).toBe('reached');
    expect(lines).toEqual([
      '0 there is no PDP to ask yet',
      '2 0 of 1 run it; a: it runs revision old',
      '4 1 of 2 run it; b: it runs revision old',
      '6 2 of 2 run it',
    ]);
  });

  it('takes what a PDP of several sources says of each of them', async () => {
    const layered = health({ revision: 'of both', sequence: null, sources: ['base', 'new'] });
    expect(await followed([pdp('a', layered)])).toMatchObject({ outcome: 'reached', seconds: 0 });
    const [other] = (await followed([pdp('a', { ...layered, sources: ['base', 'old'] })], { timeoutMs: 1 }))
      .pdps;
    expect(other).toMatchObject({ state: 'other', reason: 'it runs revision of both' });
  });

  it.each([
    [health({ status: 'draining' }), 'it is draining'],
    [health({ status: 'unready', revision: null, sequence: null, sources: [] }), 'it is unready'],
    [
      { ...old, failure: { problemCount: 3, problem: null } },
      'it runs revision old, and refuses what it was last offered: 3 problems; its log and PDP_API_KEY say which',
    ],
    [
      { ...old, failure: { problemCount: 2, problem: 'p.cedar:1:1: no' } },
      'it runs revision old, and refuses what it was last offered: p.cedar:1:1: no (and 1 more)',
    ],
  ])('gives up after the time-out and says why: %j', async (said, reason) => {
    const { outcome, seconds, pdps } = await followed([pdp('a', said), pdp('b', health())], {
      timeoutMs: 5_000,
    });
    expect([outcome, seconds]).toEqual(['timed-out', 5]);
    expect(pdps).toMatchObject([{ pdp: 'a', state: 'other', reason }, { state: 'reached' }]);
  });

  it('ends when a later publication runs in its place', async () => {
    const later = health({ revision: 'later', sequence: 8 });
    const { outcome, pdps } = await followed([pdp('a', later), pdp('b', old, health())]);
    expect(outcome).toBe('superseded');
    expect(pdps).toMatchObject([
      { state: 'superseded', reason: 'it runs revision later, published as 8' },
      { state: 'reached' },
    ]);
  });

  it('stops when told to', async () => {
    expect(await followed([pdp('a', old)], { signal: AbortSignal.abort() })).toMatchObject({
      outcome: 'interrupted',
      seconds: 0,
    });
  });
});
