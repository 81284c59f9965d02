import { readFile } from 'node:fs/promises';
import middy from '@middy/core';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { PolicyDecisionPoint } from '../../../engine/contract.ts';
import type { PdpClientOptions } from '../../../lambda/client/index.ts';
import { authorize } from '../../../lambda/middleware/index.ts';
import { lambdaContext, NEVER, permitting } from '../middleware/fixtures.ts';
import { answer } from '../servers.ts';
import { table } from './tables.ts';
import { type Behaviour, type Clock, clientOf, DEAD, permits, tasks } from './tasks.ts';

const DOCUMENT = await readFile(new URL('../../../docs/faults.md', import.meta.url), 'utf8');
const FAULTS = table(DOCUMENT, 'A task of the PDP has a fault');
const CHANGES = table(DOCUMENT, 'Something changes while the function is frozen');

// The client's time-outs pass when a test says so. Node's own timers, and all of the network, are real.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  return () => vi.useRealTimers();
});

/** Of the client's attempts. The function's own time is longer than all of them. */
const ATTEMPT_MS = 5_000;
const timeIsUp = () => vi.advanceTimersByTime(ATTEMPT_MS);

/** A function with the middleware, and what its caller sees. */
function functionThatAsks(pdp: PolicyDecisionPoint) {
  const causes: string[] = [];
  const handler = middy()
    .use(
      authorize({
        subject: () => ({ type: 'User', id: 'bob' }),
        action: 'view',
        resource: { type: 'Note', id: 'acme/roadmap' },
        pdp,
        timeoutMs: 100_000,
        logger: ({ cause }) => causes.push((cause as Error).name),
      }),
    )
    .handler(async () => ({ statusCode: 200 }));
  const context = () => lambdaContext({ getRemainingTimeInMillis: () => 200_000 });
  return {
    causes,
    invoke: async () => ((await handler({}, context())) as { statusCode: number }).statusCode,
  };
}

const PERMIT = 'HTTP/1.1 200 OK\r\ncontent-length: 17\r\n\r\n{"decision":true}';

const raw =
  (bytes: string): Behaviour =>
  ({ socket }) =>
    socket?.end(bytes);

const FAULTY: Record<string, Behaviour | typeof DEAD> = {
  'It refuses connections': DEAD,
  'It resets the connection before the answer': ({ socket }) => socket?.resetAndDestroy(),
  'It resets the connection in the middle of the answer': (response) => {
    response.socket?.write(PERMIT.slice(0, -5), () => response.socket?.resetAndDestroy());
  },
  'It ends the connection in the middle of the answer': raw(PERMIT.slice(0, -5)),
  'It accepts the connection and never answers': timeIsUp,
  'Its first byte comes too late': (response) => {
    timeIsUp();
    permits(response, '', {});
  },
  'Its answer trickles in': (response) => {
    let at = 0;
    // A byte in each turn of this process, and time passing with it.
    const drip = () => {
      if (response.destroyed || at === PERMIT.length) return;
      response.socket?.write(PERMIT.charAt(at));
      at += 1;
      vi.advanceTimersByTime(ATTEMPT_MS / 10);
      setImmediate(drip);
    };
    drip();
  },
  'It answers 502': (response) => answer(response, 502, 'Bad Gateway'),
  'It answers 503, as one that drains or is not ready': (response) => answer(response, 503, {}),
  'It answers 504': (response) => answer(response, 504, ''),
  'It answers 500': (response) => answer(response, 500, { decision: true }),
  'It answers with something else than HTTP': raw('SSH-2.0-OpenSSH_9.2\r\n'),
  'It answers with something else than JSON': (response) => answer(response, 200, '<html>decision: true'),
  'It answers with JSON that is no decision': (response) => answer(response, 200, { decision: 'true' }),
  'Its answer is longer than may be read': (response) =>
    answer(response, 200, { decision: true, context: { long: 'x'.repeat(5_000) } }),
  'It redirects': (response) => answer(response, 307, { decision: true }, { location: '/elsewhere' }),
  'It refuses the key (401)': (response) => answer(response, 401, {}),
  'It cannot evaluate the request (400)': (response) => answer(response, 400, {}),
};

async function faced(behaviours: (Behaviour | typeof DEAD)[], options: Partial<PdpClientOptions> = {}) {
  const service = await tasks(behaviours);
  const pdp = clientOf(service.port, {
    lookup: async () => service.ips,
    attemptTimeoutMs: ATTEMPT_MS,
    timeoutMs: 50_000,
    maxResponseBytes: 4_096,
    ...options,
  });
  const { invoke, causes } = functionThatAsks(pdp);
  return { status: String(await invoke()), cause: causes.at(-1), service };
}

describe('a fault of a task', () => {
  test('the document has all of them, and no other', () => {
    expect(FAULTS.map(({ Fault }) => Fault)).toEqual(Object.keys(FAULTY));
  });

  describe.each(FAULTS)('$Fault', (row) => {
    const fault = FAULTY[row.Fault ?? ''] ?? expect.fail('a fault without a test');

    test('with one address', async () => {
      const { status, cause } = await faced([fault]);
      expect({ status, cause }).toEqual({ status: row['One address'], cause: row['Error in the log'] });
    });

    test('with one of three', async () => {
      const { status, service } = await faced([fault, permits, permits]);
      expect(status).toBe(row['One of three']);
      // The one that has the fault was met.
      expect(service.tasks[0]?.requests).toBe(fault === DEAD ? 0 : 1);
    });

    test('with one address and a fall-back', async () => {
      const { status } = await faced([fault], { fallback: permitting() });
      expect(status).toBe(row['One address, with a fall-back']);
    });
  });
});

const HOUR_MS = 3_600_000;

/** A function that has asked once, over `task`, and was then frozen for an hour. */
async function frozen(options: Partial<PdpClientOptions> & { lookup?: PdpClientOptions['lookup'] } = {}) {
  const clock: Clock = { ms: 1_000_000_000 };
  const { tasks: all, port } = await tasks([permits, permits]);
  const [task = expect.fail(), other = expect.fail()] = all;
  let looksUp: () => Promise<string[]> = async () => [task.ip];
  const pdp = clientOf(port, { lookup: () => looksUp(), ...options }, { now: () => clock.ms });
  const { invoke } = functionThatAsks(pdp);
  expect(await invoke()).toBe(200);
  return {
    task,
    other,
    clock,
    invoke,
    thaw: (lookup = looksUp) => {
      looksUp = lookup;
      clock.ms += HOUR_MS;
    },
  };
}

const CHANGED: Record<string, () => Promise<number>> = {
  'The server has closed the kept connections': async () => {
    const { task, invoke } = await frozen();
    // The clock stands: the connection is taken for a good one. It is closed as the question arrives, which is
    // what a function sees that thaws with the end of its connection not yet read.
    let stale = true;
    task.behaviour = (response, ...rest) => {
      if (stale) response.socket?.resetAndDestroy();
      else permits(response, ...rest);
      stale = false;
    };
    const status = await invoke();
    expect([task.requests, task.connections]).toEqual([3, 2]);
    return status;
  },
  'The network has forgotten the kept connections and drops what is sent over them': async () => {
    const { task, invoke, thaw } = await frozen();
    const { connections } = task;
    task.behaviour = (response, ...rest) => {
      if (task.connections > connections) permits(response, ...rest);
    };
    thaw();
    return invoke();
  },
  'All tasks were replaced; the DNS has the new ones': async () => {
    const { task, other, invoke, thaw } = await frozen();
    await task.die();
    thaw(async () => [other.ip]);
    const status = await invoke();
    expect(other.requests).toBe(1);
    return status;
  },
  'The DNS does not answer; the tasks are where they were': async () => {
    const { invoke, thaw } = await frozen();
    thaw(() => {
      queueMicrotask(timeIsUp);
      return NEVER;
    });
    return invoke();
  },
  'The lookup fails; the tasks are where they were': async () => {
    const { invoke, thaw } = await frozen();
    thaw(() => Promise.reject(new Error('queryA ESERVFAIL pdp.test')));
    return invoke();
  },
  'The key was rotated': async () => {
    let key = 'old';
    const keys: unknown[] = [];
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    const { task, invoke } = await frozen({ apiKey: () => key });
    key = 'new';
    task.behaviour = (response, _body, { authorization }) => {
      keys.push(authorization);
      answer(response, authorization === 'Bearer new' ? 200 : 401, { decision: true });
    };
    vi.setSystemTime(Date.now() + HOUR_MS);
    const status = await invoke();
    expect(keys).toEqual(['Bearer old', 'Bearer new']);
    return status;
  },
  'The DNS has no such name, and the function never had an address': async () => {
    const lookup = () => Promise.reject(new Error('getaddrinfo ENOTFOUND pdp.test'));
    return functionThatAsks(clientOf(1, { lookup })).invoke();
  },
};

describe('a change while the function is frozen', () => {
  test('the document has all of them, and no other', () => {
    expect(CHANGES.map(({ Change }) => Change)).toEqual(Object.keys(CHANGED));
  });

  test.each(CHANGES)('$Change', async (row) => {
    const change = CHANGED[row.Change ?? ''] ?? expect.fail('a change without a test');
    expect(String(await change())).toBe(row['The caller sees']);
  });
});
