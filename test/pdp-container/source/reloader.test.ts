import { pino } from 'pino';
import { expect, it } from 'vitest';
import type { CompileResult } from '../../../compiler/index.ts';
import { ActiveRevision } from '../../../pdp-container/active-revision.ts';
import { Metrics } from '../../../pdp-container/metrics.ts';
import { Reloader } from '../../../pdp-container/source/reloader.ts';
import { bundleOf } from '../../bundles.ts';

type Loaded = CompileResult<Uint8Array[]>;

const bundle = await bundleOf({ 'p.cedar': 'permit(principal, action, resource);' });
const BAD: Loaded = {
  ok: false,
  problems: [{ severity: 'error', file: 'p', line: 1, column: 1, message: 'no' }],
};

/** A reloader whose loads end when they are told to, with a new revision each or as told. */
function reloader() {
  const loads: PromiseWithResolvers<Loaded>[] = [];
  const source = {
    path: 'source',
    fingerprint: async () => '',
    load: () => {
      loads.push(Promise.withResolvers<Loaded>());
      return (loads.at(-1) as PromiseWithResolvers<Loaded>).promise;
    },
  };
  const active = new ActiveRevision();
  const reloader = new Reloader(
    source,
    active,
    new Metrics(),
    pino({ enabled: false }),
    (_bundle, compiled) => compiled,
  );
  const end = (load: number, result: Loaded = good(`r${load}`)) => loads[load]?.resolve(result);
  return { reloader, active, loads, end };
}

const good = (revision: string): Loaded => ({
  ok: true,
  bundle: { ...bundle, entities: [], revision },
  warnings: [],
});

/** Lets what has been settled take its course. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

it('loads once for all who ask meanwhile, and after what is under way', async () => {
  const { reloader: own, active, loads, end } = reloader();
  const first = own.reload();
  expect(own.reload()).toBe(first);
  await settle();
  expect(loads).toHaveLength(1);

  const second = own.reload();
  expect(own.reload()).toBe(second);
  expect(second).not.toBe(first);
  await settle();
  expect(loads).toHaveLength(1);

  end(0);
  expect(await first).toBe(true);
  expect(active.revision).toBe('r0');
  await settle();
  expect(loads).toHaveLength(2);
  end(1);
  expect(await second).toBe(true);
  expect(active.revision).toBe('r1');
});

it('tells whether the source is good', async () => {
  const { reloader: own, active, end } = reloader();
  const outcome = async (load: number, result?: Loaded) => {
    const reloaded = own.reload();
    await settle();
    end(load, result);
    return reloaded;
  };
  expect(await outcome(0)).toBe(true);
  expect(await outcome(1, BAD)).toBe(false);
  expect(active.revision).toBe('r0');
  expect(await outcome(2, good('r0'))).toBe(true);
});

it('loads nothing more once it is stopped, which waits for what is under way', async () => {
  const { reloader: own, loads, end } = reloader();
  const under = own.reload();
  await settle();
  const next = own.reload();
  let stopped = false;
  const stopping = own.stop().then(() => {
    stopped = true;
  });
  await settle();
  expect(stopped).toBe(false);
  end(0);
  await stopping;
  expect([await under, await next, await own.reload()]).toEqual([false, false, false]);
  expect(loads).toHaveLength(1);
});
