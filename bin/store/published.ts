import type { Files } from '../../compiler/index.ts';
import { type ArchiveLimits, readTarGz } from '../../engine/archive.ts';
import { BUILT } from '../../engine/built-files.ts';
import { InvalidBundleError, type Manifest } from '../../engine/index.ts';
import { isBuilt, verify } from '../../engine/read-archive.ts';
import { type VerificationKey, verifySignature } from '../../engine/signature.ts';
import { UsageError } from '../terminal/exit.ts';
import type { StoredArchive } from './store.ts';

/** What was published, held to its manifest. */
export interface Published {
  stored: StoredArchive;
  files: Files;
  /** Undefined for sources that somebody packed and put there, and for what is damaged. */
  manifest: Manifest | undefined;
  /** Whether there is a signature, by whatever key. */
  isSigned: boolean;
  /** Why it cannot be read. */
  problem?: string;
}

/** What may be published: far more than PDPs take unless they are told to, and no more than a machine can unpack. */
export const PUBLISHED_LIMITS: ArchiveLimits = {
  packedBytes: 2 ** 30,
  bytes: 2 ** 31,
  files: 1_000_000,
  // No gzip packs better.
  ratio: 1_100,
};

/** What is there is not signed for the keys that are set. */
export class NotBelieved extends UsageError {}

/**
 * Reads what is in a store.
 *
 * @param keys that it must be signed for
 * @throws NotBelieved when it is not: neither its content nor its sequence can be believed then
 */
export async function readPublished(
  stored: StoredArchive,
  keys: readonly VerificationKey[] | undefined,
): Promise<Published> {
  let files: Files = new Map();
  try {
    files = await readTarGz(stored.archive, PUBLISHED_LIMITS);
    if (keys !== undefined) await verifySignature(files, keys);
    const manifest = isBuilt(files) ? await verify(files) : undefined;
    return { stored, files, manifest, isSigned: files.has(BUILT.signature) };
  } catch (error) {
    if (!(error instanceof InvalidBundleError)) throw error;
    const problem = error.problems.map(({ file, message }) => `${file} ${message}`).join('; ');
    if (keys === undefined) {
      return { stored, files, manifest: undefined, isSigned: files.has(BUILT.signature), problem };
    }
    throw new NotBelieved(
      `--verify-key: what is published cannot be believed: ${problem}. Find out who put it there; ` +
        '`pdp rollback` publishes the one before again',
    );
  }
}

/** Whether it is signed by the holder of these keys. */
export async function isSignedFor(files: Files, keys: readonly VerificationKey[]): Promise<boolean> {
  try {
    await verifySignature(files, keys);
    return true;
  } catch (error) {
    if (error instanceof InvalidBundleError) return false;
    throw error;
  }
}

/** Whether two manifests are of the same content, checked by the same version: all but the order and where it is from. */
export function sameContent(a: Manifest, b: Manifest): boolean {
  const paths = Object.keys(a.files);
  return (
    a.revision === b.revision &&
    a.checkedBy === b.checkedBy &&
    paths.length === Object.keys(b.files).length &&
    paths.every((path) => a.files[path] === b.files[path])
  );
}
