import { type ArchiveLimits, readTarGz } from '../engine/archive.ts';
import { BUILT, broken } from '../engine/built-files.ts';
import { type BundleEntities, type EntityJson, InvalidBundleError, type Problem } from '../engine/index.ts';
import {
  compareToRunning,
  describePublication,
  type Publication,
  publicationOf,
} from '../engine/publication.ts';
import { isBuilt, verify } from '../engine/read-archive.ts';
import { parseVerificationKeys, type VerificationKey, verifySignature } from '../engine/signature.ts';
import { type CompileResult, compileSet, contentOf } from './compile.ts';
import { isBundleFile, readDirectory } from './files.ts';
import { type Layer, pathIn } from './layer.ts';

/** A layer as it is where it comes from. */
export type LayerContent = { directory: string } | { archive: Uint8Array };

export interface LayerInput {
  /** For people: where it comes from, without credentials. */
  name: string;
  content: LayerContent;
  /** What ran of it last: an older publication than that is refused. @default any is taken */
  running?: Publication | undefined;
}

/** What is compiled to one bundle. */
export interface CompileJob {
  /** In order: a later one adds to those before it. At least one. */
  layers: readonly LayerInput[];
  /** Of each archive. */
  limits?: Partial<ArchiveLimits>;
  /** Public keys in PEM: each layer must be signed for one of them. @default signatures are not looked at */
  verifyKeys?: string | undefined;
  /** Others answer meanwhile: it steps back behind them, where the system lets a thread do so. @default false */
  background?: boolean;
}

/** What came of layers: also what each of them is, in their order. */
export type LayersResult<Entities extends BundleEntities = EntityJson[]> =
  | (Extract<CompileResult<Entities>, { ok: false }> & {
      /** It may be for want of time or memory, and not for what is in them. @default it is for that */
      gaveUp?: true;
    })
  | (Extract<CompileResult<Entities>, { ok: true }> & { layers: Publication[] });

/**
 * Reads layers, holds each to its limits, its signature, its digests and its place in the order of publications, and
 * compiles all of them as one bundle.
 *
 * @throws ConfigurationError when the keys are none
 */
export async function compileLayers({ layers, limits, verifyKeys }: CompileJob): Promise<LayersResult> {
  const keys = verifyKeys === undefined ? undefined : await parseVerificationKeys(verifyKeys);
  const read: ReadLayer[] = [];
  const problems: Problem[] = [];
  for (const { name, content, running } of layers) {
    const own = layers.length > 1 ? { name } : {};
    try {
      const layer = await readLayer(content, limits, keys);
      if (running !== undefined) refuseOlder(layer.publication, running);
      read.push({ ...layer, ...own });
    } catch (error) {
      if (!(error instanceof InvalidBundleError)) throw error;
      problems.push(...error.problems.map((problem) => inLayer(own, problem)));
    }
  }
  if (problems.length > 0) return { ok: false, problems };
  const result = await compileSet(read);
  return result.ok ? { ...result, layers: read.map(({ publication }) => publication) } : result;
}

interface ReadLayer extends Layer {
  publication: Publication;
}

async function readLayer(
  given: LayerContent,
  limits: Partial<ArchiveLimits> | undefined,
  keys: readonly VerificationKey[] | undefined,
): Promise<ReadLayer> {
  const files =
    'directory' in given ? await readDirectory(given.directory) : await readTarGz(given.archive, limits);
  // The signature first: nothing that is not by its author is looked at any further.
  if (keys !== undefined) await verifySignature(files, keys);
  const manifest = 'archive' in given && isBuilt(files) ? await verify(files) : undefined;
  const content = await contentOf(files, manifest?.files);
  const publication = publicationOf(manifest ?? { revision: content.slice(0, 16) });
  // What was built of the sources is not looked at again, and is as large as they are.
  const sources = new Map([...files].filter(([path]) => isBundleFile(path)));
  return { files: sources, revision: publication.revision, publication: { ...publication, content } };
}

/** @throws InvalidBundleError for what was published before what ran, or beside it */
function refuseOlder(offered: Publication, running: Publication): void {
  const standing = compareToRunning(offered, running);
  if (standing === 'newer' || standing === 'same') return;
  const { problems } = broken(
    BUILT.manifest,
    standing === 'older'
      ? `is ${describePublication(offered)}, older than what ran here: ${describePublication(running)}`
      : offered.revision === running.revision
        ? `is revision ${offered.revision}, as what ran here, but has other content`
        : `is publication ${offered.sequence}, as revision ${running.revision} was, but is revision ${offered.revision}`,
  );
  throw new InvalidBundleError(
    problems.map((problem) => ({
      ...problem,
      help: 'publish it again, or allow older ones (--allow-older)',
    })),
  );
}

function inLayer(layer: { name?: string }, problem: Problem): Problem {
  return layer.name === problem.file ? problem : { ...problem, file: pathIn(layer, problem.file) };
}
