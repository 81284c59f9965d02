import { DEFAULT_ARCHIVE_LIMITS, readTarGz } from '../../engine/archive.ts';
import { BUILT, broken } from '../../engine/built-files.ts';
import { compareToRunning, describePublication, type Publication } from '../../engine/publication.ts';
import { openFiles, verify } from '../../engine/read-archive.ts';
import type { BuiltBundle } from '../../engine/read-built.ts';
import { turn } from '../../engine/turns.ts';
import { NODE_TOOLS } from './archive.ts';
import type { Revision } from './revision.ts';
import type { S3Address } from './s3-address.ts';
import { readS3Object } from './s3-object.ts';

/** What the store is asked for, and what is taken of it. */
export interface StoreSettings {
  source: S3Address;
  verifyKey: string | undefined;
  allowOlder: boolean;
}

/** What is known before the store is asked. */
export interface Known {
  /** Of what the store had the last time. */
  tag: string | undefined;
  running: Publication | undefined;
}

/** Makes what can be asked of a bundle. Given, and not imported: a bundler would wrap the whole evaluator anew. */
export type Open = (built: BuiltBundle, turn: () => Promise<void>) => Promise<Revision>;

/** What the store has: what it had the last time, what runs, what is to run from now on, or what must not. */
export type Found = { tag: string | undefined } & (
  | { is: 'unchanged' | 'running' }
  | { is: 'new'; revision: Revision }
  | { is: 'refused'; problem: Error }
);

/**
 * Looks into the store. A bundle that is there whole and cannot be used is `refused`; asked again, it would be again.
 *
 * @throws PdpUnavailableError when the store cannot be read, and the signal's reason
 * @throws InvalidBundleError when what was read is no archive, or damaged
 */
export async function lookIntoStore(
  settings: StoreSettings,
  known: Known,
  open: Open,
  signal: AbortSignal,
): Promise<Found> {
  const { packedBytes } = DEFAULT_ARCHIVE_LIMITS;
  const object = await readS3Object(settings.source, known.tag, packedBytes, signal);
  if (object === undefined) return { is: 'unchanged', tag: known.tag };
  const { content, tag } = object;
  const files = await readTarGz(content, {}, NODE_TOOLS);
  // A large bundle takes a while: invocations get their turn in between.
  await turn(signal);
  try {
    await verifySignature(files, settings.verifyKey);
    const offered = await verify(files, NODE_TOOLS);
    if (!isToBeTaken(offered, known.running, settings.allowOlder)) return { is: 'running', tag };
    await turn(signal);
    return { is: 'new', revision: await open(openFiles(files), () => turn(signal)), tag };
  } catch (problem) {
    signal.throwIfAborted();
    return { is: 'refused', problem: problem as Error, tag };
  }
}

async function verifySignature(files: Map<string, Uint8Array>, pem: string | undefined): Promise<void> {
  if (pem === undefined) return;
  const signatures = await import('../../engine/signature.ts');
  await signatures.verifySignature(files, await signatures.parseVerificationKeys(pem));
}

/**
 * @returns false for what runs already
 * @throws InvalidBundleError for what must not follow on it
 */
function isToBeTaken(offered: Publication, running: Publication | undefined, allowOlder: boolean): boolean {
  if (running === undefined) return true;
  const order = compareToRunning(offered, running);
  if (order === 'same') return false;
  if (order === 'newer' || (order === 'older' && allowOlder)) return true;
  const stands =
    order === 'older' ? 'is older than what runs' : 'has the number of what runs, and is another';
  throw broken(
    BUILT.manifest,
    `${stands}: ${describePublication(offered)} after ${describePublication(running)}`,
  );
}
