import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { CompileJob, LayerContent, LayersResult } from '../../../compiler/index.ts';
import type { Pause } from '../../../engine/index.ts';
import type { Publication } from '../../../engine/publication.ts';
import { ActiveRevision } from '../../../pdp-container/active-revision.ts';
import { Metrics } from '../../../pdp-container/metrics.ts';
import type { BundleRules } from '../../../pdp-container/source/bundle-rules.ts';
import type { Layer, LayerEvents, ReadLayer } from '../../../pdp-container/source/layer.ts';
import { Reloader } from '../../../pdp-container/source/reloader.ts';
import { bundleOf } from '../../bundles.ts';

type Loaded = LayersResult<Uint8Array[]>;

const bundle = await bundleOf({ 'p.cedar': 'permit(principal, action, resource);' });
const BAD: Loaded = {
  ok: false,
  problems: [{ severity: 'error', file: 'p', line: 1, column: 1, message: 'no' }],
};

/** A layer that tells what it is told to. */
class FakeLayer implements Layer {
  readonly name: string;
  remote = false;
  tag: string | undefined;
  checkedAt: Date | undefined;
  problem: string | undefined;
  has: LayerContent | Error | undefined;
  looks = 0;
  events: LayerEvents | undefined;

  constructor(name: string, has: FakeLayer['has'] = { directory: name }) {
    this.name = name;
    this.has = has;
  }

  async start(events: LayerEvents): Promise<void> {
    this.events = events;
  }

  async look(): Promise<void> {
    this.looks += 1;
  }

  async content(): Promise<ReadLayer | undefined> {
    if (this.has instanceof Error) throw this.has;
    if (this.has === undefined) return undefined;
    return { content: this.has, ...(this.tag === undefined ? {} : { tag: this.tag }) };
  }

  async stop(): Promise<void> {}
}

/** A reloader whose loads end when they are told to, with a new revision each or as told. */
function reloader(
  layers: Layer[] = [new FakeLayer('source')],
  rules: Partial<BundleRules> = {},
  pauseUntil: (stopping: AbortSignal) => Pause = () => () => undefined,
) {
  const loads: PromiseWithResolvers<Loaded>[] = [];
  const jobs: CompileJob[] = [];
  const compile = (job: CompileJob) => {
    jobs.push(job);
    loads.push(Promise.withResolvers<Loaded>());
    return (loads.at(-1) as PromiseWithResolvers<Loaded>).promise;
  };
  const active = new ActiveRevision();
  const reloader = new Reloader(layers, {
    active,
    metrics: new Metrics(),
    logger: pino({ enabled: false }),
    evaluator: (_bundle, compiled) => compiled,
    rules: { allowOlder: false, ...rules },
    compile,
    pauseUntil,
  });
  const end = (load: number, result: Loaded = good(`r${load}`)) => loads[load]?.resolve(result);
  const outcome = async (load: number, result?: Loaded) => {
    const reloaded = reloader.reload();
    await settle();
    end(load, result);
    return reloaded;
  };
  return { reloader, active, loads, jobs, end, outcome };
}

const good = (revision: string, layers: Publication[] = [{ revision }]): Loaded => ({
  ok: true,
  bundle: { ...bundle, entities: [], revision },
  warnings: [],
  layers,
});

/** Lets what has been settled take its course. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

it('loads once for all who ask meanwhile, and after what is under way', async () => {
  const { reloader: own, active, loads, end } = reloader();
  const first = [own.reload(), own.reload()];
  await settle();
  expect(loads).toHaveLength(1);

  const second = [own.reload(), own.reload()];
  await settle();
  expect(loads).toHaveLength(1);

  end(0);
  expect(await Promise.all(first)).toEqual([true, true]);
  expect(active.revision).toBe('r0');
  await settle();
  expect(loads).toHaveLength(2);
  end(1);
  expect(await Promise.all(second)).toEqual([true, true]);
  expect(active.revision).toBe('r1');
  expect(loads).toHaveLength(2);
});

it('tells whether the source is good', async () => {
  const { active, outcome } = reloader();
  expect(await outcome(0)).toBe(true);
  expect(await outcome(1, BAD)).toBe(false);
  expect(active.revision).toBe('r0');
  expect(await outcome(2, good('r0'))).toBe(true);
});

it('swaps in other content also where it has the revision of what runs, and not the same again', async () => {
  const { active, outcome } = reloader();
  const load = (content: string) => good('r', [{ revision: 'r', content }]);
  await outcome(0, load('x'));
  const { pdp } = active;
  await outcome(1, load('x'));
  expect(active.pdp).toBe(pdp);
  await outcome(2, load('y'));
  expect(active.pdp).not.toBe(pdp);
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

describe('a revision that is being made', () => {
  it('is seen once it is whole, and what is active answers until then', async () => {
    const turns: PromiseWithResolvers<void>[] = [];
    const {
      reloader: own,
      active,
      jobs,
      outcome,
      end,
    } = reloader([new FakeLayer('source')], {}, () => () => {
      if (active.revision === undefined) return undefined;
      turns.push(Promise.withResolvers<void>());
      return turns.at(-1)?.promise;
    });
    expect(await outcome(0)).toBe(true);
    const before = active.pdp;
    const reloaded = own.reload();
    await settle();
    end(1);
    await settle();
    expect(turns).toHaveLength(1);
    expect(active.pdp).toBe(before);
    // At the start nobody is answered who could be held up.
    expect(jobs.map(({ background }) => background)).toEqual([false, true]);
    turns[0]?.resolve();
    expect(await reloaded).toBe(true);
    expect(active.revision).toBe('r1');
  });

  it('is given up when the server stops, which is no failure', async () => {
    const pauseUntil = (stopping: AbortSignal) => () =>
      active.revision === undefined
        ? undefined
        : new Promise<void>((_, reject) => {
            stopping.addEventListener('abort', () => reject(stopping.reason));
          });
    const { reloader: own, active, outcome, end } = reloader([new FakeLayer('source')], {}, pauseUntil);
    expect(await outcome(0)).toBe(true);
    const reloaded = own.reload();
    await settle();
    end(1);
    await settle();
    await own.stop();
    expect(await reloaded).toBe(false);
    expect(active.revision).toBe('r0');
    expect(active.failure).toBeUndefined();
  });
});

describe('layers', () => {
  it('are compiled together, in their order, when one of them changes', async () => {
    const layers = [new FakeLayer('base'), new FakeLayer('own', { archive: new Uint8Array(1) })];
    const { reloader: own, active, jobs, end } = reloader(layers);
    const started = own.start();
    await settle();
    end(0);
    await started;
    expect(active.revision).toBe('r0');
    void layers[1]?.events?.changed();
    await settle();
    end(1);
    await settle();
    expect(active.revision).toBe('r1');
    expect(jobs.map((job) => job.layers)).toMatchObject(
      [0, 1].map(() => [
        { name: 'base', content: { directory: 'base' } },
        { name: 'own', content: { archive: new Uint8Array(1) } },
      ]),
    );
  });

  it('that change while the first look goes on are loaded once', async () => {
    const layers = [new FakeLayer('a'), new FakeLayer('b')];
    const { reloader: own, loads, end } = reloader(layers);
    for (const layer of layers) {
      layer.start = async (events) => {
        await events.changed();
      };
    }
    const started = own.start();
    await settle();
    end(0);
    await started;
    expect(loads).toHaveLength(1);
  });

  it('are not loaded before each has been read once', async () => {
    const layers = [new FakeLayer('base'), new FakeLayer('own')];
    const [, remote] = layers as [FakeLayer, FakeLayer];
    remote.has = undefined;
    remote.problem = 'answered 503';
    remote.remote = true;
    const { reloader: own, active, loads, end } = reloader(layers);
    await own.start();
    remote.events?.failed();
    expect(loads).toHaveLength(0);
    expect(active.revision).toBeUndefined();
    expect(active.failure?.problems).toEqual([
      { severity: 'error', file: 'own', line: 1, column: 1, message: 'answered 503' },
    ]);

    remote.has = { archive: new Uint8Array() };
    remote.problem = undefined;
    remote.checkedAt = new Date();
    void remote.events?.changed();
    await settle();
    end(0);
    await settle();
    expect(active.revision).toBe('r0');
    expect(active.failure).toBeUndefined();
  });

  it('that cannot be read leave what is active, and those that can are not taken without them', async () => {
    const layers = [new FakeLayer('base'), new FakeLayer('own')];
    const { active, loads, outcome } = reloader(layers);
    expect(await outcome(0)).toBe(true);
    (layers[0] as FakeLayer).has = Object.assign(new Error(), { code: 'ENOENT' });
    expect(await outcome(1)).toBe(false);
    expect(loads).toHaveLength(1);
    expect(active.revision).toBe('r0');
    expect(active.failure?.problems[0]).toMatchObject({
      file: 'base',
      message: 'cannot be read: it does not exist',
    });
  });

  it('are asked by a reload, and compiled again only if a tag is another', async () => {
    const layers = [new FakeLayer('base'), new FakeLayer('own')];
    for (const layer of layers) layer.tag = '1';
    const { active, loads, outcome } = reloader(layers);
    expect(await outcome(0)).toBe(true);
    expect(await outcome(1)).toBe(true);
    expect(layers.map(({ looks }) => looks)).toEqual([2, 2]);
    expect(loads).toHaveLength(1);
    (layers[1] as FakeLayer).tag = '2';
    expect(await outcome(1, BAD)).toBe(false);
    // What was wrong may have been here, such as the time it took.
    expect(await outcome(2)).toBe(true);
    expect(active.revision).toBe('r2');
    expect(await outcome(3)).toBe(true);
    expect(loads).toHaveLength(3);
  });

  it('are compiled again by themselves when the compiler gave up on them, a few times', async () => {
    const layer = new FakeLayer('s3://bucket/key');
    layer.tag = '1';
    const { reloader: own, active, loads, end } = reloader([layer]);
    const started = own.start();
    await settle();
    end(0, { ...BAD, gaveUp: true });
    await started;
    const confirm = async () => {
      layer.events?.confirmed();
      await settle();
    };
    for (let load = 1; load <= 3; load += 1) {
      await confirm();
      expect(loads).toHaveLength(load + 1);
      end(load, { ...BAD, gaveUp: true });
      await settle();
    }
    await confirm();
    expect(loads).toHaveLength(4);
    // Something else is there.
    layer.tag = '2';
    const changed = layer.events?.changed();
    await settle();
    end(4, { ...BAD, gaveUp: true });
    await changed;
    await confirm();
    end(5);
    await settle();
    expect(active.revision).toBe('r5');
    await confirm();
    expect(loads).toHaveLength(6);
  });

  it('that are wrong in themselves are not compiled again when they are the same', async () => {
    const layer = new FakeLayer('s3://bucket/key');
    layer.tag = '1';
    const { reloader: own, loads, end } = reloader([layer]);
    const started = own.start();
    await settle();
    end(0, BAD);
    await started;
    layer.events?.confirmed();
    await settle();
    expect(loads).toHaveLength(1);
  });

  it('that cannot be asked make what is active stale until they can', async () => {
    const layer = new FakeLayer('s3://bucket/key');
    layer.tag = '1';
    const { reloader: own, active, end } = reloader([layer]);
    const started = own.start();
    await settle();
    end(0);
    await started;
    layer.problem = 'answered 503';
    layer.events?.failed();
    expect(active.revision).toBe('r0');
    expect(active.failure?.problems).toEqual([
      { severity: 'error', file: 's3://bucket/key', line: 1, column: 1, message: 'answered 503' },
    ]);
    const since = active.staleSince;
    expect(since).toBeInstanceOf(Date);
    layer.events?.failed();
    expect(active.staleSince).toBe(since);
    layer.problem = undefined;
    layer.events?.confirmed();
    expect(active.staleSince).toBeUndefined();
  });

  it('are to be no older than what is active, and not than what failed', async () => {
    const { jobs, outcome } = reloader([new FakeLayer('base'), new FakeLayer('own')]);
    const ran = [{ revision: 'a', sequence: 3 }, { revision: 'b' }];
    await outcome(0, good('r0', ran));
    await outcome(1, BAD);
    await outcome(2, good('r0', ran));
    const newer = [{ revision: 'a', sequence: 4 }, { revision: 'b' }];
    await outcome(3, good('r0', newer));
    await outcome(4);
    expect(jobs.map(({ layers }) => layers.map(({ running }) => running))).toEqual([
      [undefined, undefined],
      ran,
      ran,
      ran,
      newer,
    ]);
  });

  it('may be older when that is allowed, and are held to what else there is', async () => {
    const limits = { files: 1 };
    const { jobs, outcome } = reloader(undefined, { allowOlder: true, limits, verifyKeys: 'PEM' });
    await outcome(0);
    await outcome(1);
    expect(jobs[1]).toEqual({
      layers: [{ name: 'source', content: { directory: 'source' }, running: undefined }],
      limits,
      verifyKeys: 'PEM',
      background: true,
    });
  });
});
