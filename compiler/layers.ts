import { readTarGz } from '../engine/archive.ts';
import { InvalidBundleError, type Problem } from '../engine/index.ts';
import { isBuilt, verify } from '../engine/read-archive.ts';
import { type CompileResult, compileSet } from './compile.ts';
import { readDirectory } from './files.ts';
import type { Layer } from './layer.ts';

/** A layer as it is where it comes from. */
export type LayerContent = { directory: string } | { archive: Uint8Array };

export interface LayerInput {
  /** For people: where it comes from, without credentials. */
  name: string;
  content: LayerContent;
}

/** What is compiled to one bundle. */
export interface CompileJob {
  /** In order: a later one adds to those before it. At least one. */
  layers: readonly LayerInput[];
}

/** Reads layers, holds each to what it says of itself, and compiles all of them as one bundle. */
export async function compileLayers({ layers }: CompileJob): Promise<CompileResult> {
  const read: Layer[] = [];
  const problems: Problem[] = [];
  for (const { name, content } of layers) {
    const own = layers.length > 1 ? { name } : {};
    try {
      read.push({ ...own, ...(await readLayer(content)) });
    } catch (error) {
      if (!(error instanceof InvalidBundleError)) throw error;
      problems.push(...error.problems.map((problem) => inLayer(own, problem)));
    }
  }
  return problems.length > 0 ? { ok: false, problems } : compileSet(read);
}

async function readLayer(content: LayerContent): Promise<Layer> {
  if ('directory' in content) return { files: await readDirectory(content.directory) };
  const files = await readTarGz(content.archive);
  if (!isBuilt(files)) return { files };
  const { revision } = await verify(files);
  return { files, revision };
}

function inLayer({ name }: { name?: string }, problem: Problem): Problem {
  return name === undefined || name === problem.file
    ? problem
    : { ...problem, file: `${name}/${problem.file}` };
}
