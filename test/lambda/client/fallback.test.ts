import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { AccessRequest, EvaluateOptions, PolicyDecisionPoint } from '../../../engine/contract.ts';
import { PdpTimeoutError, PdpUnavailableError } from '../../../engine/errors.ts';
import type { PdpClientEvent } from '../../../lambda/client/index.ts';
import { withDeadline } from '../../../lambda/deadline.ts';
import { answer } from '../servers.ts';
import { type Behaviour, clientOf, DEAD, tasks } from './tasks.ts';

const REQUEST: AccessRequest = {
  subject: { type: 'User', id: 'bob' },
  action: { name: 'view' },
  resource: { type: 'Note', id: 'acme/roadmap' },
};

async function withFallback(
  behaviour: Behaviour | typeof DEAD,
  fallback: Partial<PolicyDecisionPoint>,
  cache?: object,
) {
  const { port, ips } = await tasks([behaviour]);
  const events: PdpClientEvent[] = [];
  const pdp = clientOf(port, {
    lookup: async () => ips,
    fallback: {
      evaluate: () => expect.fail('asked'),
      evaluateAll: () => expect.fail('asked'),
      ...fallback,
    },
    onEvent: (event) => events.push(event),
    ...(cache === undefined ? {} : { cache }),
  });
  return { pdp, events };
}

const permit: Partial<PolicyDecisionPoint> = {
  evaluate: async () => ({ decision: true, context: { revision: 'local' } }),
};

describe('a fall-back', () => {
  test('is not asked while the PDP answers', async () => {
    const { pdp, events } = await withFallback(
      (response) => answer(response, 200, { decision: false }),
      permit,
    );
    expect(await pdp.evaluate(REQUEST)).toEqual({ decision: false });
    expect(events.filter(({ type }) => type === 'fallback')).toEqual([]);
  });

  test('answers when the PDP is away, and its decision says so', async () => {
    const { pdp, events } = await withFallback(DEAD, permit);
    expect(await pdp.evaluate(REQUEST)).toEqual({
      decision: true,
      context: { revision: 'local', fallback: 'pdp_unavailable' },
    });
    expect(events.at(-1)).toEqual({ type: 'fallback', error: 'PdpUnavailableError' });
  });

  test('answers when the PDP is too slow, in the time that was left to it', async () => {
    const given: (EvaluateOptions | undefined)[] = [];
    const { pdp } = await withFallback(() => {}, {
      evaluate: async (_request, options) => {
        given.push(options);
        return { decision: false };
      },
    });
    const { signal } = new AbortController();
    expect(await pdp.evaluate(REQUEST, { signal, timeoutMs: 100, requestId: 'r' })).toEqual({
      decision: false,
      context: { fallback: 'pdp_timeout' },
    });
    expect(given).toEqual([{ signal, timeoutMs: 100, requestId: 'r' }]);
  });

  test('has its share of the time of a caller that waits no longer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    // Time passes with the question: all of it but what is left to the fall-back.
    const { pdp } = await withFallback(() => vi.advanceTimersByTime(9_950), permit);
    const asked = withDeadline(10_000, undefined, ({ signal, remaining }) =>
      pdp.evaluate(REQUEST, { signal, timeoutMs: remaining() }),
    );
    expect(await asked).toMatchObject({ decision: true, context: { fallback: 'pdp_timeout' } });
  });

  test('answers a batch, and each of its decisions says so', async () => {
    const { pdp } = await withFallback(DEAD, {
      evaluateAll: async (requests, options) =>
        requests.map(() => ({ decision: options?.semantic === 'deny_on_first_deny' })),
    });
    const decision = { decision: true, context: { fallback: 'pdp_unavailable' } };
    expect(await pdp.evaluateAll([REQUEST, REQUEST], { semantic: 'deny_on_first_deny' })).toEqual([
      decision,
      decision,
    ]);
  });

  test.each<[string, () => Promise<never>]>([
    ['rejects', () => Promise.reject(new PdpUnavailableError('no bundle'))],
    [
      'throws',
      () => {
        throw new Error('a mistake');
      },
    ],
  ])('that %s leaves the error of the PDP', async (_name, evaluate) => {
    const { pdp } = await withFallback(DEAD, { evaluate });
    await expect(pdp.evaluate(REQUEST)).rejects.toMatchObject({
      name: 'PdpUnavailableError',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test.each([
    [401, 'PdpAuthenticationError'],
    [403, 'PdpAuthenticationError'],
    [400, 'InvalidRequestError'],
  ])('is not asked after a %i', async (status, name) => {
    const { pdp } = await withFallback((response) => answer(response, status, {}), permit);
    await expect(pdp.evaluate(REQUEST)).rejects.toMatchObject({ name });
  });

  test('is not asked for a caller that gave up', async () => {
    const controller = new AbortController();
    const { pdp } = await withFallback(() => controller.abort(), permit);
    await expect(pdp.evaluate(REQUEST, { signal: controller.signal })).rejects.toMatchObject({
      name: 'PdpUnavailableError',
      message: 'the caller gave up',
    });
  });

  test('is asked for a caller whose signal says that its time is up', async () => {
    const controller = new AbortController();
    const { pdp } = await withFallback(() => controller.abort(new PdpTimeoutError('too late')), permit);
    expect(await pdp.evaluate(REQUEST, { signal: controller.signal })).toMatchObject({ decision: true });
  });

  test('permits with `true` and nothing like it', async () => {
    const { pdp } = await withFallback(DEAD, { evaluate: async () => ({ decision: 'yes' }) as never });
    expect(await pdp.evaluate(REQUEST)).toMatchObject({ decision: false });
  });

  test('has its decisions not kept in the cache', async () => {
    let asked = 0;
    const evaluate = async () => {
      asked += 1;
      return { decision: true };
    };
    const { pdp } = await withFallback(DEAD, { evaluate }, {});
    await pdp.evaluate(REQUEST);
    await pdp.evaluate(REQUEST);
    expect(asked).toBe(2);
  });
});
