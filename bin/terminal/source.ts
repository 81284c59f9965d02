import { readFile, stat } from 'node:fs/promises';
import {
  type CompileResult,
  compileArchive,
  compileDirectory,
  type Files,
  readArchiveFiles,
  readDirectory,
} from '../../compiler/index.ts';
import { UsageError } from './exit.ts';

/** Reads a source: its files and the result of compiling it. @throws UsageError for what is no source */
export async function compileSource(source: string): Promise<{ result: CompileResult; files: Files }> {
  const scheme = /^([a-z][a-z0-9+]+):/.exec(source)?.[1];
  if (scheme !== undefined) {
    throw new UsageError(
      `${source}: sources by ${scheme} are not supported in this version: give a directory or a .tar.gz`,
    );
  }
  const stats = await stat(source).catch(() => undefined);
  if (stats === undefined) throw new UsageError(`${source}: no such directory or file`);
  if (stats.isDirectory()) {
    return { result: await compileDirectory(source), files: await readDirectory(source) };
  }
  const bytes = await readFile(source);
  const result = await compileArchive(bytes);
  return { result, files: result.ok ? await readArchiveFiles(bytes) : new Map() };
}

/** Where a bundle is by default. */
export const DEFAULT_SOURCE = '.';
export const SOURCE_ARGUMENT = 'directory or .tar.gz of the bundle';
