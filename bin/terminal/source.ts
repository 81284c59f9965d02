import { readFile, stat } from 'node:fs/promises';
import { Argument } from 'commander';
import {
  type CompileResult,
  compileArchive,
  compileDirectory,
  type DecisionTest,
  type Files,
  type LayerContent,
  parseDecisionTests,
  readArchiveFiles,
  readDirectory,
} from '../../compiler/index.ts';
import { pathIn } from '../../compiler/layer.ts';
import { compileLayers } from '../../compiler/layers.ts';
import type { Problem } from '../../engine/index.ts';
import { UsageError } from './exit.ts';
import { sourceTokens } from './source-tokens.ts';

/** What sources hold. */
export interface Sources {
  result: CompileResult;
  /** Their decision tests; what is wrong with them goes into `problems`. */
  tests(problems: Problem[]): DecisionTest[];
}

/**
 * Reads sources, here or by their addresses, and compiles them as one bundle, as a PDP of all of them does.
 *
 * @throws UsageError for what is no source, or cannot be read
 */
export async function compileSources(sources: readonly string[]): Promise<Sources> {
  const [only = '', ...others] = sources;
  if (others.length === 0) {
    const { result, files } = await compileSource(only);
    return { result, tests: (problems) => parseDecisionTests(files, problems) };
  }
  const tokens = sources.some(isAddress) ? sourceTokens(sources, process.env) : [];
  const contents = await Promise.all(sources.map((source, index) => contentOf(source, tokens[index])));
  const layers = contents.map((content, index) => ({ name: sources[index] ?? '', content }));
  const result = await compileLayers({ layers });
  const files = result.ok ? await Promise.all(contents.map(filesOf)) : [];
  return {
    result,
    tests: (problems) =>
      files.flatMap((own, index) => testsOf(own, { name: sources[index] ?? '' }, problems)),
  };
}

/**
 * Reads one source and compiles it.
 *
 * @param token for an address that takes one
 * @throws UsageError for what is no source, or cannot be read
 */
export async function compileSource(
  source: string,
  token = process.env.PDP_SOURCE_TOKEN,
): Promise<{ result: CompileResult; files: Files }> {
  if (source.includes('\n'))
    throw new UsageError('PDP_SOURCE names several sources: name the one that is meant');
  const content = await contentOf(source, token);
  const result = await ('directory' in content
    ? compileDirectory(content.directory)
    : compileArchive(content.archive));
  return { result, files: result.ok || 'directory' in content ? await filesOf(content) : new Map() };
}

async function contentOf(source: string, token: string | undefined): Promise<LayerContent> {
  if (isAddress(source)) {
    // For whoever gives one: the commands start without what reads it.
    const { fetchRemote } = await import('./fetch-remote.ts');
    return { archive: await fetchRemote(source, token || undefined) };
  }
  const stats = await stat(source).catch(() => undefined);
  if (stats === undefined) throw new UsageError(`${source}: no such directory or file`);
  return stats.isDirectory() ? { directory: source } : { archive: await readFile(source) };
}

function isAddress(source: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(source);
}

function filesOf(content: LayerContent): Promise<Files> {
  return 'directory' in content ? readDirectory(content.directory) : readArchiveFiles(content.archive);
}

function testsOf(files: Files, layer: { name: string }, problems: Problem[]): DecisionTest[] {
  const own: Problem[] = [];
  const inLayer = <T extends { file: string }>(of: T): T => ({ ...of, file: pathIn(layer, of.file) });
  const tests = parseDecisionTests(files, own).map(inLayer);
  problems.push(...own.map(inLayer));
  return tests;
}

/** Where a bundle is by default. */
export const DEFAULT_SOURCE = '.';
export const SOURCE_ARGUMENT = 'directory, .tar.gz or address of the bundle';

/** `[SOURCE...]`, of commands that read layers as a PDP does: by default those of `PDP_SOURCE`, one a line. */
export function sourcesArgument(): Argument {
  const named = linesOf(process.env.PDP_SOURCE);
  const fallback = named.length > 0 ? named : [DEFAULT_SOURCE];
  const several = '; several are layers, each adding to those before it';
  return new Argument('[SOURCE...]', SOURCE_ARGUMENT + several).default(
    fallback,
    `"${fallback.join('", "')}"`,
  );
}

/** The lines that say something. */
export function linesOf(text = ''): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
