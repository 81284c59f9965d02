import { UsageError } from '../terminal/exit.ts';
import { nameOf } from './address.ts';
import { orderOf } from './publish.ts';
import { type Published, readPublished } from './published.ts';
import type { Store, StoredVersion } from './store.ts';

/** What was published, without its content. */
export interface HistoryEntry extends StoredVersion {
  /** Null for what was put there by other means than `pdp publish`. */
  revision: string | null;
  sequence: number | null;
}

/** The newest publications first, as their metadata tells them. @throws UsageError */
export async function readHistory(store: Store, limit: number): Promise<HistoryEntry[]> {
  const entries: HistoryEntry[] = [];
  for await (const version of store.versions()) {
    if (entries.length === limit) break;
    entries.push(await entryOf(store, version));
  }
  return entries;
}

/**
 * The newest version with another revision than the one there now, or with the one that is named.
 *
 * @param current what is there now
 * @throws UsageError when there is none
 */
export async function findEarlier(
  store: Store,
  current: Published | undefined,
  to: string | undefined,
): Promise<HistoryEntry> {
  const now = current && orderOf(current).revision;
  let keepsVersions = false;
  for await (const version of store.versions()) {
    keepsVersions ||= version.versionId !== 'null';
    if (version.isLatest && current !== undefined) continue;
    const entry = await entryOf(store, version);
    if (to === undefined ? entry.revision !== now : entry.revision === to) return entry;
  }
  const where = nameOf(store.address);
  if (!keepsVersions) {
    throw new UsageError(
      `${where}: there is nothing to go back to: its bucket keeps no versions; turn on versioning for it`,
    );
  }
  throw new UsageError(
    to === undefined
      ? `${where}: there is no earlier revision to go back to`
      : `${where}: revision ${to} was never published there, or is deleted; --list shows what was`,
  );
}

/**
 * What is in a version, whole.
 *
 * @throws UsageError when it is not, or is not what its metadata says
 */
export async function readEntry(
  store: Store,
  entry: HistoryEntry,
  keys: Parameters<typeof readPublished>[1],
): Promise<Published> {
  const which = `${nameOf(store.address)}: version ${entry.versionId}`;
  const stored = await store.read(entry.versionId);
  if (stored === undefined) throw new UsageError(`${which} is not there any more`);
  const published = await readPublished(stored, keys);
  if (published.problem !== undefined) {
    throw new UsageError(`${which} is damaged (${published.problem}); --to names another`);
  }
  const revision = published.manifest?.revision;
  if (entry.revision !== null && revision !== undefined && revision !== entry.revision) {
    throw new UsageError(`${which} is revision ${revision}, and its metadata says ${entry.revision}`);
  }
  return published;
}

/** The manifest tells, where whoever put it there wrote no metadata. */
async function entryOf(store: Store, version: StoredVersion): Promise<HistoryEntry> {
  const { revision, sequence } = await store.metadata(version.versionId);
  if (revision !== undefined) return { ...version, revision, sequence: sequence ?? null };
  const stored = await store.read(version.versionId);
  const order = stored && orderOf(await readPublished(stored, undefined));
  return { ...version, revision: order?.revision ?? null, sequence: order?.sequence ?? null };
}
