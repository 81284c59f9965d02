import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { AccessRequest } from '../../../engine/contract.ts';
import { PdpUnavailableError } from '../../../engine/errors.ts';
import { isTimeUp, withDeadline } from '../../../lambda/deadline.ts';
import { answer } from '../servers.ts';
import { type Behaviour, clientOf, permits, tasks } from './tasks.ts';

const REQUEST: AccessRequest = {
  subject: { type: 'User', id: 'bob' },
  action: { name: 'view' },
  resource: { type: 'Note', id: 'acme/roadmap' },
};

describe('a key that is refused', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] });
    return () => vi.useRealTimers();
  });

  /** A server that takes one key, and a client that reads keys one after another. */
  async function guarded(keys: string[], taken: string) {
    const sent: unknown[] = [];
    const { port, ips } = await tasks([
      (response, _body, { authorization }) => {
        sent.push(authorization);
        answer(response, authorization === `Bearer ${taken}` ? 200 : 401, { decision: true });
      },
    ]);
    let reads = 0;
    const apiKey = () => keys[Math.min(reads++, keys.length - 1)] ?? expect.fail();
    const pdp = clientOf(port, { lookup: async () => ips, apiKey });
    return { pdp, sent, reads: () => reads };
  }

  test('is read again, and the question asked once more with the new one, at the same time as others', async () => {
    const { pdp, sent, reads } = await guarded(['old', 'new'], 'new');
    await expect(pdp.evaluate(REQUEST)).rejects.toMatchObject({ name: 'PdpAuthenticationError' });
    vi.setSystemTime(Date.now() + 60_000);
    const decisions = await Promise.all(Array.from({ length: 8 }, () => pdp.evaluate(REQUEST)));
    expect(decisions).toEqual(Array(8).fill({ decision: true }));
    expect(reads()).toBe(2);
    expect(sent.filter((key) => key === 'Bearer new')).toHaveLength(8);
  });

  test('that cannot be read again is told as one that is refused', async () => {
    const { port, ips } = await tasks([(response) => answer(response, 401, {})]);
    let reads = 0;
    const apiKey = () => {
      reads += 1;
      if (reads > 1) throw new Error('throttled');
      return 'old';
    };
    const pdp = clientOf(port, { lookup: async () => ips, apiKey });
    await expect(pdp.evaluate(REQUEST)).rejects.toMatchObject({ name: 'PdpAuthenticationError' });
    vi.setSystemTime(Date.now() + 60_000);
    await expect(pdp.evaluate(REQUEST)).rejects.toMatchObject({ name: 'PdpAuthenticationError' });
    expect(reads).toBe(2);
  });

  test('is not sent again when it is the same that is read', async () => {
    const { pdp, sent, reads } = await guarded(['old'], 'new');
    await expect(pdp.evaluate(REQUEST)).rejects.toMatchObject({ name: 'PdpAuthenticationError' });
    vi.setSystemTime(Date.now() + 60_000);
    await expect(pdp.evaluate(REQUEST)).rejects.toMatchObject({ name: 'PdpAuthenticationError' });
    expect(reads()).toBe(2);
    expect(sent).toHaveLength(2);
  });
});

describe('the time that a caller has', () => {
  test('is divided so that there is some for a second attempt', async () => {
    const never: Behaviour = () => {};
    const { tasks: all, port, ips } = await tasks([never, permits]);
    // An attempt may take longer than the caller has.
    const pdp = clientOf(port, { lookup: async () => ips, hedge: false, attemptTimeoutMs: 10_000 });
    expect(await pdp.evaluate(REQUEST, { timeoutMs: 2_000 })).toEqual({ decision: true });
    expect(all.map(({ requests }) => requests)).toEqual([1, 1]);
  });

  test('ends the call when it is less than that of the client', async () => {
    const { port, ips } = await tasks([() => {}]);
    const pdp = clientOf(port, { lookup: async () => ips });
    await expect(pdp.evaluate(REQUEST, { timeoutMs: 60.9 })).rejects.toMatchObject({
      name: 'PdpTimeoutError',
      message: `PDP at http://pdp.test:${port}: no answer within 60 ms`,
    });
  });

  test('is no longer than that of the client', async () => {
    const { port, ips } = await tasks([() => {}]);
    const pdp = clientOf(port, { lookup: async () => ips, timeoutMs: 60 });
    await expect(pdp.evaluate(REQUEST, { timeoutMs: 100_000 })).rejects.toMatchObject({
      name: 'PdpTimeoutError',
    });
  });

  test('that is over is told before anything is asked', async () => {
    const { tasks: all, port, ips } = await tasks([permits]);
    const pdp = clientOf(port, { lookup: async () => ips });
    await expect(pdp.evaluate(REQUEST, { timeoutMs: 0 })).rejects.toMatchObject({ name: 'PdpTimeoutError' });
    expect(all[0]?.connections).toBe(0);
  });
});

describe('a deadline', () => {
  test('takes back what work left running when it failed', async () => {
    let signal: AbortSignal | undefined;
    const failure = new Error('failed');
    const work = withDeadline(10_000, undefined, async (deadline) => {
      signal = deadline.signal;
      throw failure;
    });
    await expect(work).rejects.toBe(failure);
    expect(signal?.reason).toBe(failure);
  });

  test('tells that the time was up from a caller that gave up, also through another deadline', async () => {
    const seen: boolean[] = [];
    const nested = (outer: AbortSignal) =>
      withDeadline(10_000, outer, ({ signal }) => {
        signal.addEventListener('abort', () => seen.push(isTimeUp(signal)));
        return new Promise(() => {});
      });
    await expect(withDeadline(1, undefined, ({ signal }) => nested(signal))).rejects.toThrow('within 1 ms');
    const controller = new AbortController();
    const given = nested(controller.signal);
    controller.abort();
    await expect(given).rejects.toBeInstanceOf(PdpUnavailableError);
    expect(seen).toEqual([true, false]);
  });
});
