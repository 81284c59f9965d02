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

/**
 * Reads a source, here or by its address: its files and the result of compiling it.
 *
 * @param token for an address that takes one
 * @throws UsageError for what is no source, or cannot be read
 */
export async function compileSource(
  source: string,
  token = process.env.PDP_SOURCE_TOKEN,
): Promise<{ result: CompileResult; files: Files }> {
  const isAddress = /^[a-z][a-z0-9+.-]*:\/\//i.test(source);
  if (isAddress) {
    // For whoever gives one: the commands start without what reads it.
    const { fetchRemote } = await import('./fetch-remote.ts');
    return compileBytes(await fetchRemote(source, token || undefined));
  }
  const stats = await stat(source).catch(() => undefined);
  if (stats === undefined) throw new UsageError(`${source}: no such directory or file`);
  if (stats.isDirectory()) {
    return { result: await compileDirectory(source), files: await readDirectory(source) };
  }
  return compileBytes(await readFile(source));
}

async function compileBytes(archive: Uint8Array): Promise<{ result: CompileResult; files: Files }> {
  const result = await compileArchive(archive);
  return { result, files: result.ok ? await readArchiveFiles(archive) : new Map() };
}

/** Where a bundle is by default. */
export const DEFAULT_SOURCE = '.';
export const SOURCE_ARGUMENT = 'directory, .tar.gz or address of the bundle';
