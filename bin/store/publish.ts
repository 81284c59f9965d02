import { buildArchive, buildFiles, type Files, type Signer } from '../../compiler/index.ts';
import { readTarGz } from '../../engine/archive.ts';
import { BUILT } from '../../engine/built-files.ts';
import { type Bundle, InvalidBundleError, type Manifest } from '../../engine/index.ts';
import { parseVerificationKeys, type VerificationKey } from '../../engine/signature.ts';
import { UsageError } from '../terminal/exit.ts';
import {
  isSignedFor,
  NotBelieved,
  PUBLISHED_LIMITS,
  type Published,
  readPublished,
  sameContent,
} from './published.ts';
import { LostRace, type Store } from './store.ts';

/** A checked bundle that is to be published. */
export interface Content {
  bundle: Bundle;
  /** Its sources. */
  files: Files;
  builtFrom?: Manifest['builtFrom'];
}

export interface PublishOptions {
  signer?: Signer | undefined;
  /** What is there must be signed for one of these. */
  keys?: readonly VerificationKey[] | undefined;
  /** Does all but write. */
  dryRun?: boolean | undefined;
  /** Told what is no error and should be known. */
  onWarning(message: string): void;
}

export interface Publication {
  /** `overtaken`: somebody else published meanwhile, and nothing was written. */
  outcome: 'published' | 'unchanged' | 'would-publish' | 'overtaken';
  revision: string;
  /** Of what is there now, or would be; null for what was put there without one. */
  sequence: number | null;
  versionId: string | null;
  /** Bytes of the archive. */
  bytes: number;
  /** The algorithm, where this signed. */
  signed: Signer['algorithm'] | null;
  /** What was there before. */
  previous: { revision: string | null; sequence: number | null; versionId: string | null } | null;
  /** What somebody else published. */
  overtakenBy?: { revision: string | null; sequence: number | null };
}

/** What is in a store now. @throws NotBelieved or UsageError */
export async function readCurrent(
  store: Store,
  keys: readonly VerificationKey[] | undefined,
): Promise<Published | undefined> {
  const stored = await store.read();
  return stored && readPublished(stored, keys);
}

/** The same, of what is to be replaced whatever it is: what cannot be believed says nothing. @throws UsageError */
export async function readToReplace(
  store: Store,
  keys: readonly VerificationKey[] | undefined,
): Promise<Published | undefined> {
  const stored = await store.read();
  if (stored === undefined) return undefined;
  try {
    return await readPublished(stored, keys);
  } catch (error) {
    if (!(error instanceof NotBelieved)) throw error;
    const problem = 'it is not signed for a key of --verify-key';
    return {
      stored: { ...stored, metadata: {} },
      files: new Map(),
      manifest: undefined,
      isSigned: false,
      problem,
    };
  }
}

/**
 * Publishes a bundle as the next one after what is there, so that of two who do at once one is told and nothing is
 * lost. The same content is not published again, but when its signature is not the one that is asked for.
 *
 * @param current what is there, as it was read
 * @throws UsageError when AWS or the signer refuses
 */
export async function publishNext(
  store: Store,
  content: Content,
  current: Published | undefined,
  options: PublishOptions,
): Promise<Publication> {
  const { signer, keys, dryRun, onWarning } = options;
  const { revision } = content.bundle;
  const before = current && { ...orderOf(current), versionId: current.stored.versionId ?? null };
  const common = { revision, previous: before ?? null };
  const same = current?.manifest !== undefined && sameContent(await manifestOf(content), current.manifest);
  if (same && (signer === undefined || (await isSignedBy(current.files, signer)))) {
    const { sequence = null, versionId = null } = before ?? {};
    const bytes = current.stored.archive.byteLength;
    return { outcome: 'unchanged', ...common, sequence, versionId, bytes, signed: null };
  }
  if (current?.problem !== undefined)
    onWarning(`what is there is no good, and is replaced: ${current.problem}`);
  if (current?.isSigned && signer === undefined) {
    onWarning('what is there is signed and this is not: PDPs with keys refuse it (--sign-key)');
  }
  const sequence = after(await lastSequence(store, current, keys, onWarning));
  const archive = await buildArchive(content.bundle, content.files, {
    sequence,
    ...(content.builtFrom === undefined ? {} : { builtFrom: content.builtFrom }),
    ...(signer === undefined ? {} : { signer }),
  });
  await checkLimits(archive, onWarning);
  const signed = signer?.algorithm ?? null;
  const publication = { ...common, sequence, versionId: null, bytes: archive.byteLength, signed };
  if (dryRun) return { outcome: 'would-publish', ...publication };
  try {
    const { versionId = null } = await store.write(archive, { revision, sequence }, current?.stored);
    return { outcome: 'published', ...publication, versionId };
  } catch (error) {
    if (!(error instanceof LostRace)) throw error;
    return afterLostRace(store, archive, publication);
  }
}

/** @throws InvalidBundleError for what no PDP takes, whatever its limits */
async function checkLimits(archive: Uint8Array, onWarning: PublishOptions['onWarning']): Promise<void> {
  try {
    await readTarGz(archive);
  } catch (error) {
    if (!(error instanceof InvalidBundleError)) throw error;
    await readTarGz(archive, PUBLISHED_LIMITS);
    const [problem] = error.problems;
    onWarning(`PDPs refuse it unless their limits are raised: ${problem?.file} ${problem?.message}`);
  }
}

/** A write that was sent twice because its answer was lost has lost against itself: what is there is what it wrote. */
async function afterLostRace(
  store: Store,
  archive: Uint8Array,
  publication: Omit<Publication, 'outcome'>,
): Promise<Publication> {
  const there = await readCurrent(store, undefined);
  if (there !== undefined && Buffer.compare(there.stored.archive, archive) === 0) {
    return { outcome: 'published', ...publication, versionId: there.stored.versionId ?? null };
  }
  const overtakenBy = there === undefined ? { revision: null, sequence: null } : orderOf(there);
  return { outcome: 'overtaken', ...publication, overtakenBy };
}

/**
 * The sequence that the next publication must be above. Where nothing can be read now, or what was put there without
 * one, something may have been before: PDPs that ran that refuse to go below it.
 */
async function lastSequence(
  store: Store,
  current: Published | undefined,
  keys: readonly VerificationKey[] | undefined,
  onWarning: PublishOptions['onWarning'],
): Promise<number> {
  const there = current?.problem === undefined ? current?.manifest?.sequence : undefined;
  if (there !== undefined) return there;
  const said = current?.stored.metadata.sequence ?? 0;
  try {
    for await (const { versionId } of store.versions()) {
      const stored = await store.read(versionId);
      const earlier = stored && (await readPublished(stored, keys).catch(() => undefined));
      const sequence = earlier?.manifest?.sequence;
      if (sequence !== undefined) return Math.max(sequence, said);
    }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    onWarning(`earlier versions cannot be looked at, so this is taken for the first: ${error.message}`);
  }
  return said;
}

/** @throws UsageError where somebody has put the last number that there is: no reader would take the next */
function after(last: number): number {
  if (last < Number.MAX_SAFE_INTEGER) return last + 1;
  throw new UsageError(
    `what is published has sequence ${last}, the last there is: find out who put it there, publish at another address, ` +
      'and have PDPs follow that',
  );
}

/** As its manifest says, or, where that cannot be read, what is written beside it. */
export function orderOf({ manifest, stored: { metadata } }: Published): {
  revision: string | null;
  sequence: number | null;
} {
  const { revision, sequence } = manifest ?? metadata;
  return { revision: revision ?? null, sequence: sequence ?? null };
}

async function manifestOf({ bundle, files }: Content): Promise<Manifest> {
  const manifest = (await buildFiles(bundle, files)).get(BUILT.manifest);
  return JSON.parse(new TextDecoder().decode(manifest)) as Manifest;
}

async function isSignedBy(files: Files, signer: Signer): Promise<boolean> {
  return isSignedFor(files, await parseVerificationKeys(signer.publicKey));
}
