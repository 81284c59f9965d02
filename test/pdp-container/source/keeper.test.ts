import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { Keeper, type SetToKeep } from '../../../pdp-container/source/keeper.ts';
import { temporaryDirectory } from '../support/bundles.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

const SET: SetToKeep = {
  sources: ['s3://base/x', '/own', 'https://other/x'],
  revision: 'both',
  confirmedAt: new Date(Date.UTC(2026, 0, 1)),
  layers: [
    { name: 's3://base/x', archive: bytes('base'), revision: 'b1', sequence: 7 },
    { name: 'https://other/x', archive: bytes('other'), revision: 'o1' },
  ],
};

function keeper(stateDir: string) {
  const told: string[] = [];
  const own = new Keeper(stateDir, { kept: () => told.push('kept'), failed: (reason) => told.push(reason) });
  const keep = async (set: SetToKeep = SET) => {
    own.keep(set);
    await own.idle();
  };
  return { own, told, keep };
}

/** What another process finds. */
async function found(stateDir: string, sources: readonly string[] = SET.sources, maxBytes?: number) {
  const { own, told } = keeper(stateDir);
  await own.open();
  const set = await own.read(sources, maxBytes);
  return typeof set === 'string' ? { why: set, told } : { ...set, told };
}

const kept = (stateDir: string) => join(stateDir, 'kept');

it('gives the set back to a later process, and what ran of each source', async () => {
  const stateDir = join(await temporaryDirectory(), 'state');
  const { keep, told } = keeper(stateDir);
  await keep();
  expect(told).toEqual(['kept']);
  const { own } = keeper(stateDir);
  await own.open();
  expect(await own.read(SET.sources)).toEqual({
    revision: 'both',
    confirmedAt: SET.confirmedAt,
    archives: new Map([
      ['s3://base/x', Buffer.from('base')],
      ['https://other/x', Buffer.from('other')],
    ]),
  });
  expect(own.ranBefore('s3://base/x')).toEqual({ revision: 'b1', sequence: 7 });
  expect(own.ranBefore('https://other/x')).toEqual({ revision: 'o1' });
  expect(own.ranBefore('/own')).toBeUndefined();
});

it('keeps nothing before something is, and finds nothing then', async () => {
  expect(await found(await temporaryDirectory())).toEqual({ why: 'nothing is kept', told: [] });
});

it('lets only the owner read what is kept', async () => {
  const stateDir = await temporaryDirectory();
  await mkdir(kept(stateDir));
  await chmod(kept(stateDir), 0o755);
  const { keep } = keeper(stateDir);
  await keep();
  const modes = await Promise.all(
    [kept(stateDir), ...(await readdir(kept(stateDir))).map((name) => join(kept(stateDir), name))].map(
      async (path) => (await stat(path)).mode & 0o777,
    ),
  );
  expect(modes).toEqual([0o700, 0o600, 0o600, 0o600]);
});

it('keeps the last set only, and takes away what an earlier process left', async () => {
  const stateDir = await temporaryDirectory();
  const { keep } = keeper(stateDir);
  await keep();
  const before = await readdir(kept(stateDir));
  await writeFile(join(kept(stateDir), 'kept.json.new'), 'half');
  const [, other] = SET.layers;
  await keep({ ...SET, revision: 'next', layers: [{ ...(other as (typeof SET.layers)[number]) }] });
  const after = await readdir(kept(stateDir));
  expect([before.length, after.length]).toEqual([3, 2]);
  expect(await found(stateDir)).toMatchObject({
    revision: 'next',
    archives: new Map([['https://other/x', Buffer.from('other')]]),
  });
});

it('neither reads nor writes through a link to elsewhere', async () => {
  const [stateDir, elsewhere] = [await temporaryDirectory(), await temporaryDirectory()];
  await keeper(elsewhere).keep();
  await writeFile(join(kept(elsewhere), 'precious'), '');
  await chmod(kept(elsewhere), 0o755);
  const before = await readdir(kept(elsewhere));
  await symlink(kept(elsewhere), kept(stateDir));
  const { keep, told } = keeper(stateDir);
  await keep({ ...SET, revision: 'next', layers: [{ ...(SET.layers[0] as (typeof SET.layers)[number]) }] });
  expect(told).toEqual(['it is a link']);
  expect(await found(stateDir)).toEqual({
    why: 'nothing is kept',
    told: ['what was kept cannot be read: it is a link'],
  });
  expect(await readdir(kept(elsewhere))).toEqual(before);
  expect((await stat(kept(elsewhere))).mode & 0o777).toBe(0o755);
});

it('neither serves nor writes over what another user has put there', async () => {
  const stateDir = await temporaryDirectory();
  await keeper(stateDir).keep();
  const uid = process.geteuid?.() ?? 0;
  vi.spyOn(process, 'geteuid').mockReturnValue(uid + 1);
  onTestFinished(() => void vi.restoreAllMocks());
  const { keep, told } = keeper(stateDir);
  await keep({ ...SET, revision: 'next' });
  expect(told).toEqual(['it belongs to another user']);
  expect(await found(stateDir)).toMatchObject({ why: 'nothing is kept' });
  vi.restoreAllMocks();
  expect(await found(stateDir)).toMatchObject({ revision: 'both' });
});

it('takes away nothing that it has not put', async () => {
  const stateDir = await temporaryDirectory();
  await mkdir(kept(stateDir));
  await writeFile(join(kept(stateDir), 'notes.txt'), '');
  await writeFile(join(kept(stateDir), `${'0'.repeat(64)}.tar.gz`), 'of an earlier set');
  await keeper(stateDir).keep();
  const names = await readdir(kept(stateDir));
  expect([names.length, names.includes('notes.txt')]).toEqual([4, true]);
});

it('passes over sets that another has replaced before it was their turn', async () => {
  const stateDir = await temporaryDirectory();
  const { own, told } = keeper(stateDir);
  for (const revision of ['1', '2', '3']) own.keep({ ...SET, revision });
  await own.idle();
  expect(told.length).toBeLessThan(3);
  expect(await found(stateDir)).toMatchObject({ revision: '3' });
});

it('writes archives once, and the index when the sources confirm the set later', async () => {
  const stateDir = await temporaryDirectory();
  const { keep } = keeper(stateDir);
  await keep();
  const [archive] = (await readdir(kept(stateDir))).filter((name) => name.endsWith('.tar.gz'));
  const before = await stat(join(kept(stateDir), archive as string), { bigint: true });
  const confirmedAt = new Date(Date.UTC(2026, 0, 2));
  await keep({ ...SET, confirmedAt });
  const after = await stat(join(kept(stateDir), archive as string), { bigint: true });
  expect([after.ino, after.mtimeNs]).toEqual([before.ino, before.mtimeNs]);
  expect(await found(stateDir)).toMatchObject({ confirmedAt });
});

it('gives nothing of other sources, or in another order', async () => {
  const stateDir = await temporaryDirectory();
  await keeper(stateDir).keep();
  const why = 'what is kept is of other sources';
  expect(await found(stateDir, SET.sources.slice(0, 2))).toMatchObject({ why });
  expect(await found(stateDir, SET.sources.toReversed())).toMatchObject({ why });
});

it('gives nothing when an archive is damaged, away, or larger than it may be by now', async () => {
  const stateDir = await temporaryDirectory();
  const [base] = SET.layers;
  const only = { ...SET, sources: ['s3://base/x'], layers: [base as (typeof SET.layers)[number]] };
  const why = 'what is kept of s3://base/x is damaged';
  await keeper(stateDir).keep(only);
  expect(await found(stateDir, only.sources, 3)).toMatchObject({ why });
  const [archive] = (await readdir(kept(stateDir))).filter((name) => name.endsWith('.tar.gz'));
  await writeFile(join(kept(stateDir), archive as string), 'Base');
  expect(await found(stateDir, only.sources)).toMatchObject({ why });
  await rm(join(kept(stateDir), archive as string));
  expect(await found(stateDir, only.sources)).toMatchObject({ why });
  // What ran is known all the same.
  const { own } = keeper(stateDir);
  await own.open();
  expect(own.ranBefore('s3://base/x')).toEqual({ revision: 'b1', sequence: 7 });
  await keeper(stateDir).keep(only);
  expect(await found(stateDir, only.sources)).toMatchObject({ revision: 'both' });
});

it.each<[string, (index: Record<string, unknown>) => unknown]>([
  ['cut off', () => '{"format":1,"sour'],
  ['empty', () => ''],
  ['a list', () => []],
  ['of another format', (index) => ({ ...index, format: 2 })],
  ['without a time', (index) => ({ ...index, confirmedAt: 'soon' })],
  ['with a source that is no text', (index) => ({ ...index, sources: [1] })],
  ['with no layer', (index) => ({ ...index, layers: [] })],
  ['with a layer of another source', (index) => ({ ...index, sources: ['x'] })],
  ['larger than any', () => 'x'.repeat(1024 * 1024 + 1)],
  [
    'with a file elsewhere',
    (index) => ({ ...index, layers: [{ ...(index.layers as object[])[0], file: '../../etc/passwd' }] }),
  ],
  [
    'with a sequence that is none',
    (index) => ({ ...index, layers: [{ ...(index.layers as object[])[0], sequence: 1.5 }] }),
  ],
])('takes an index for damaged that is %s', async (_, change) => {
  const stateDir = await temporaryDirectory();
  await keeper(stateDir).keep();
  const file = join(kept(stateDir), 'kept.json');
  const changed = change(JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>);
  await writeFile(file, typeof changed === 'string' ? changed : JSON.stringify(changed));
  expect(await found(stateDir)).toEqual({ why: 'nothing is kept', told: ['what was kept is damaged'] });
});

it('tells that the disk is full, leaves what was kept, and keeps again when there is space', async () => {
  const stateDir = await temporaryDirectory();
  const { keep, told } = keeper(stateDir);
  await keep();
  const next = {
    ...SET,
    revision: 'next',
    layers: [{ name: '/own', archive: bytes('next'), revision: 'n' }],
  };
  const name = `${createHash('sha256').update('next').digest('hex')}.tar.gz.new`;
  // A device on which there is never any space.
  await symlink('/dev/full', join(kept(stateDir), name));
  await keep(next);
  expect(told).toEqual(['kept', 'there is no space left']);
  expect(await found(stateDir)).toMatchObject({ revision: 'both' });
  await keep(next);
  expect(told).toEqual(['kept', 'there is no space left', 'kept']);
  expect(await found(stateDir)).toMatchObject({ revision: 'next' });
});

it('tells that the directory is none, when it reads and when it keeps', async () => {
  const stateDir = join(await temporaryDirectory(), 'file');
  await writeFile(stateDir, '');
  const { own, told, keep } = keeper(stateDir);
  await own.open();
  await keep();
  expect(told).toEqual([
    'what was kept cannot be read: part of its path is not a directory',
    'part of its path is not a directory',
  ]);
});
