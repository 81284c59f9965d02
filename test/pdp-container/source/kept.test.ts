import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { ActiveRevision } from '../../../pdp-container/active-revision.ts';
import { Metrics } from '../../../pdp-container/metrics.ts';
import type { BundleRules } from '../../../pdp-container/source/bundle-rules.ts';
import { directoryFingerprint } from '../../../pdp-container/source/fingerprint.ts';
import { Keeper } from '../../../pdp-container/source/keeper.ts';
import { LocalLayer } from '../../../pdp-container/source/local-layer.ts';
import { Reloader } from '../../../pdp-container/source/reloader.ts';
import { RemoteLayer } from '../../../pdp-container/source/remote-layer.ts';
import { published } from '../../published.ts';
import {
  bundleDirectory,
  permitOnly,
  temporaryDirectory,
  whenDone,
  writeBundle,
} from '../support/bundles.ts';
import { FakePacing, FakeRemote, settle } from './fake-remote.ts';

interface Way {
  sources?: FakeRemote[];
  /** A directory that is the last layer. */
  local?: string;
  rules?: Partial<BundleRules>;
}

/** A process that keeps what it has in a directory, from its start to its stop. */
function started(stateDir: string, { sources = [new FakeRemote()], local, rules }: Way = {}) {
  const active = new ActiveRevision();
  const pacing = new FakePacing();
  const records: Record<string, unknown>[] = [];
  const told: string[] = [];
  const logger = pino({ base: undefined }, { write: (line: string) => records.push(JSON.parse(line)) });
  const layers = sources.map((source) => new RemoteLayer(source, 10_000, new FakePacing()));
  const fingerprint = () => directoryFingerprint(local ?? '');
  const own =
    local === undefined ? [] : [new LocalLayer({ kind: 'directory', path: local, fingerprint }, 0, 1e6)];
  const reloader = new Reloader([...layers, ...own], {
    active,
    metrics: new Metrics(),
    logger,
    evaluator: (_bundle, compiled) => compiled,
    rules: { allowOlder: false, ...rules },
    keeper: new Keeper(stateDir, { kept: () => told.push('kept'), failed: (reason) => told.push(reason) }),
    pacing,
  });
  const start = reloader.start();
  whenDone(() => reloader.stop());
  const allows = async (user: string) => {
    const request = {
      subject: { type: 'user', id: user },
      action: { name: 'a' },
      resource: { type: 'r', id: '1' },
    };
    return (await active.pdp.evaluate(request)).decision;
  };
  return { active, reloader, start, allows, pacing, records, told, source: sources[0] as FakeRemote };
}

/** Runs a process that gets this, keeps it, and stops. */
async function ranWith(stateDir: string, archive: Uint8Array, way: Way = {}): Promise<string> {
  const { source, start, reloader, active } = started(stateDir, way);
  await settleUntil(() => source.asked.length > 0);
  await source.answer('1', archive);
  await start;
  await reloader.stop();
  return active.revision as string;
}

/** Waits for what ends of itself. */
async function settleUntil(done: () => boolean): Promise<void> {
  while (!done()) await settle();
}

const bundle = (user: string, how: Parameters<typeof published>[1] = {}) => published(permitOnly(user), how);
const PROBLEM = { file: 'fake://source', message: 'answered 503' };

it('serves what was kept after a restart without the source, and says so, until the source has something', async () => {
  const stateDir = await temporaryDirectory();
  const revision = await ranWith(stateDir, await bundle('alice', { sequence: 3 }));
  const { active, source, start, allows, reloader, records } = started(stateDir);
  await settleUntil(() => source.asked.length > 0);
  await source.fail();
  await start;
  expect([active.revision, active.kept, await allows('alice')]).toEqual([revision, true, true]);
  expect(active.failure?.problems).toMatchObject([PROBLEM]);
  expect(active.staleSince).toBeInstanceOf(Date);
  expect(records.find(({ msg }) => msg === 'revision active')).toMatchObject({ revision, kept: true });
  const [confirmedAt, since] = [reloader.confirmedAt as Date, active.since as Date];
  expect(confirmedAt.getTime()).toBeLessThanOrEqual(since.getTime());

  const reload = reloader.reload();
  await settleUntil(() => source.asked.length > 1);
  await source.answer('2', await bundle('bob', { sequence: 4 }));
  expect(await reload).toBe(true);
  expect([active.kept, active.failure, await allows('alice'), await allows('bob')]).toEqual([
    false,
    undefined,
    false,
    true,
  ]);
  expect(reloader.sources).toMatchObject([
    { name: 'fake://source', problem: undefined, active: { revision: active.revision, sequence: 4 } },
  ]);
});

it('is what the source has after all, without a swap', async () => {
  const stateDir = await temporaryDirectory();
  const archive = await bundle('alice');
  await ranWith(stateDir, archive);
  const { active, source, start, reloader } = started(stateDir);
  await settleUntil(() => source.asked.length > 0);
  await source.fail();
  await start;
  const { since } = active;
  const reload = reloader.reload();
  await settleUntil(() => source.asked.length > 1);
  await source.answer('1', archive);
  expect(await reload).toBe(true);
  expect([active.kept, active.since, active.failure]).toEqual([false, since, undefined]);
});

it('asks sources first, and does not look at what is kept when they answer', async () => {
  const stateDir = await temporaryDirectory();
  await ranWith(stateDir, await bundle('alice'));
  const { active, source, start, allows } = started(stateDir);
  await settleUntil(() => source.asked.length > 0);
  await source.answer('2', await bundle('bob'));
  await start;
  expect([active.kept, await allows('alice'), await allows('bob')]).toEqual([false, false, true]);
});

it('serves what was kept when a source takes long to answer, and what it has when it does', async () => {
  const stateDir = await temporaryDirectory();
  await ranWith(stateDir, await bundle('alice'));
  const { active, source, start, allows, pacing } = started(stateDir);
  await settleUntil(() => source.asked.length > 0);
  expect(pacing.waits).toEqual([5_000]);
  expect(active.revision).toBeUndefined();
  await pacing.pass();
  await start;
  expect([active.kept, await allows('alice')]).toEqual([true, true]);
  expect(active.failure?.problems).toMatchObject([
    { file: 'fake://source', message: 'has not answered yet' },
  ]);
  await source.answer('2', await bundle('bob'));
  await settleUntil(() => !active.kept);
  expect([active.failure, await allows('alice'), await allows('bob')]).toEqual([undefined, false, true]);
});

it('waits on when a source takes long and nothing is kept', async () => {
  const { active, source, start, pacing } = started(await temporaryDirectory());
  await settleUntil(() => source.asked.length > 0);
  await pacing.pass();
  expect(active.revision).toBeUndefined();
  await source.answer('1', await bundle('alice'));
  await start;
  expect([active.kept, active.failure]).toEqual([false, undefined]);
});

it('serves what was kept when the source has what is not good', async () => {
  const stateDir = await temporaryDirectory();
  await ranWith(stateDir, await bundle('alice'));
  const { active, source, start, allows } = started(stateDir);
  await settleUntil(() => source.asked.length > 0);
  await source.answer('2', new TextEncoder().encode('no archive'));
  await start;
  expect([active.kept, await allows('alice')]).toEqual([true, true]);
  expect(active.failure?.problems).toMatchObject([{ file: 'archive' }]);
});

it('stays unready when nothing is kept, and is ready when the source comes', async () => {
  const { active, source, start, reloader } = started(await temporaryDirectory());
  await settleUntil(() => source.asked.length > 0);
  await source.fail();
  await start;
  expect(active.revision).toBeUndefined();
  expect(active.failure?.problems).toMatchObject([PROBLEM]);
  const reload = reloader.reload();
  await settleUntil(() => source.asked.length > 1);
  await source.answer('1', await bundle('alice'));
  expect(await reload).toBe(true);
  expect(active.revision).toBeDefined();
});

it('serves the whole kept set when one of its sources cannot be asked, with what is on this machine now', async () => {
  const stateDir = await temporaryDirectory();
  const local = await bundleDirectory(permitOnly('local'));
  const pair = () => [new FakeRemote('fake://a'), new FakeRemote('fake://b')];
  const answer = async (sources: FakeRemote[], users: (string | undefined)[]) => {
    for (const [index, user] of users.entries()) {
      const source = sources[index] as FakeRemote;
      await settleUntil(() => source.asked.length > 0);
      if (user === undefined) await source.fail();
      else await source.answer(user, await bundle(user));
    }
  };
  const before = pair();
  const first = started(stateDir, { sources: before, local });
  await answer(before, ['a', 'b']);
  await first.start;
  await first.reloader.stop();

  await writeBundle(local, permitOnly('local-now'));
  const after = pair();
  const { active, start, allows, reloader } = started(stateDir, { sources: after, local });
  await answer(after, ['newer', undefined]);
  await start;
  expect(active.kept).toBe(true);
  const users = ['a', 'b', 'local', 'newer', 'local-now'];
  expect(await Promise.all(users.map(allows))).toEqual([true, true, false, false, true]);
  expect(reloader.sources.map(({ problem }) => problem)).toEqual([undefined, 'answered 503', undefined]);
});

it('refuses a publication that is older than what ran before the restart', async () => {
  const stateDir = await temporaryDirectory();
  await ranWith(stateDir, await bundle('alice', { sequence: 5 }));
  const { active, source, start, allows } = started(stateDir);
  await settleUntil(() => source.asked.length > 0);
  await source.answer('replayed', await bundle('mallory', { sequence: 4 }));
  await start;
  expect(active.failure?.problems).toMatchObject([
    { file: 'manifest.json', message: expect.stringContaining('(publication 4), older than what ran here') },
  ]);
  expect([active.kept, await allows('alice'), await allows('mallory')]).toEqual([true, true, false]);
});

it('refuses it also when the kept archive is damaged, and takes it where that is allowed', async () => {
  const stateDir = await temporaryDirectory();
  await ranWith(stateDir, await bundle('alice', { sequence: 5 }));
  const names = (await readdir(join(stateDir, 'kept'))).filter((name) => name.endsWith('.tar.gz'));
  for (const name of names) await writeFile(join(stateDir, 'kept', name), 'damaged');
  const older = await bundle('mallory', { sequence: 4 });
  const first = started(stateDir);
  await settleUntil(() => first.source.asked.length > 0);
  await first.source.answer('replayed', older);
  await first.start;
  expect(first.active.revision).toBeUndefined();
  expect(first.records.find(({ msg }) => msg === 'kept revision not served')).toMatchObject({
    reason: 'what is kept of fake://source is damaged',
  });
  await first.reloader.stop();

  await ranWith(stateDir, older, { rules: { allowOlder: true } });
  // From then on it is what may not be gone behind.
  const last = started(stateDir);
  await settleUntil(() => last.source.asked.length > 0);
  await last.source.answer('1', older);
  await last.start;
  expect([last.active.kept, await last.allows('mallory')]).toEqual([false, true]);
});

it('does not serve what was kept when it is not signed for the keys there are now', async () => {
  const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();
  const [own, other] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')];
  const stateDir = await temporaryDirectory();
  await ranWith(stateDir, await bundle('alice', { key: own.privateKey }));
  const outcome = async (key: KeyObject) => {
    const { active, source, start, records, reloader } = started(stateDir, {
      rules: { verifyKeys: pem(key) },
    });
    await settleUntil(() => source.asked.length > 0);
    await source.fail();
    await start;
    await reloader.stop();
    return [active.kept, records.find(({ msg }) => msg === 'kept revision not served')?.reason];
  };
  expect(await outcome(own.publicKey)).toEqual([true, undefined]);
  expect(await outcome(other.publicKey)).toEqual([false, 'is not a signature by one of the configured keys']);
});

it('keeps how long the sources said that this is what they have', async () => {
  const stateDir = await temporaryDirectory();
  const { source, start, reloader } = started(stateDir);
  await settleUntil(() => source.asked.length > 0);
  await source.answer('1', await bundle('alice'));
  await start;
  const loaded = reloader.confirmedAt as Date;
  await settleUntil(() => Date.now() > loaded.getTime());
  const reload = reloader.reload();
  await settleUntil(() => source.asked.length > 1);
  await source.answer(undefined);
  await reload;
  const confirmed = reloader.confirmedAt as Date;
  expect(confirmed.getTime()).toBeGreaterThan(loaded.getTime());
  await reloader.stop();

  const later = started(stateDir);
  await settleUntil(() => later.source.asked.length > 0);
  await later.source.fail();
  await later.start;
  expect(later.reloader.confirmedAt).toEqual(confirmed);
});

it('tries again to keep what it could not, when it is told to load', async () => {
  const stateDir = await temporaryDirectory();
  const { source, start, reloader, told } = started(stateDir);
  await writeFile(join(stateDir, 'kept'), 'in the way');
  await settleUntil(() => source.asked.length > 0);
  await source.answer('1', await bundle('alice'));
  await start;
  await settleUntil(() => told.length > 0);
  await rm(join(stateDir, 'kept'));
  const reload = reloader.reload();
  await settleUntil(() => source.asked.length > 1);
  await source.answer(undefined);
  expect(await reload).toBe(true);
  await settleUntil(() => told.length > 1);
  expect(told).toEqual(['there is something else in its place', 'kept']);
});

it('asks nothing when it is stopped before it has read what is kept', async () => {
  const { active, source, start, reloader } = started(await temporaryDirectory());
  await reloader.stop();
  await start;
  expect([active.revision, source.asked]).toEqual([undefined, []]);
});
