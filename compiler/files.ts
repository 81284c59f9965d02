import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidBundleError, type Problem } from '../engine/index.ts';

/** The files of a bundle, by path with `/`. */
export type Files = Map<string, Uint8Array>;

/** A file of a bundle as text. */
export interface TextFile {
  path: string;
  text: string;
}

/**
 * Whether a file is part of a bundle: `*.cedar` (also anywhere below `policies/`), `*.cedarschema`,
 * `entities.json` or `entities/*.json`, `links.json`, `urls.json`, and decision tests in `tests/*.json`.
 */
export function isBundleFile(path: string): boolean {
  if (path.split('/').some((part) => part.startsWith('.'))) return false;
  return (
    /^(policies\/(.+\/)?)?[^/]+\.cedar$/.test(path) ||
    /^[^/]+\.cedarschema$/.test(path) ||
    path === 'entities.json' ||
    path === 'links.json' ||
    path === 'urls.json' ||
    /^(entities|tests)\/[^/]+\.json$/.test(path)
  );
}

/** Whether files below a directory can be part of a bundle. */
function isBundleDirectory(path: string): boolean {
  return path === 'policies' || path.startsWith('policies/') || path === 'entities' || path === 'tests';
}

/**
 * The files of a bundle in a directory; all others are passed over.
 *
 * @throws InvalidBundleError when the directory cannot be read
 */
export async function readDirectory(directory: string): Promise<Files> {
  const files: Files = new Map();
  try {
    for (const path of await listFiles(directory, '')) files.set(path, await readFile(join(directory, path)));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const message = code === 'ENOENT' ? 'no such directory' : `cannot be read (${code ?? 'unknown'})`;
    throw new InvalidBundleError([{ severity: 'error', file: directory, line: 1, column: 1, message }]);
  }
  return files;
}

async function listFiles(root: string, under: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of (await readdir(join(root, under))).sort()) {
    const path = under === '' ? name : `${under}/${name}`;
    if (name.startsWith('.')) continue;
    // Links are followed: a mounted configuration directory is made of them.
    const stats = await stat(join(root, path)).catch(() => undefined);
    if (stats?.isDirectory() && isBundleDirectory(path)) found.push(...(await listFiles(root, path)));
    else if (stats?.isFile() && isBundleFile(path)) found.push(path);
  }
  return found;
}

/** The files that match, as text, in the order of their paths. A file that is not UTF-8 is a problem. */
export function textFiles(files: Files, matches: (path: string) => boolean, problems: Problem[]): TextFile[] {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const found: TextFile[] = [];
  for (const path of [...files.keys()].filter(matches).sort()) {
    try {
      found.push({ path, text: decoder.decode(files.get(path)) });
    } catch {
      problems.push({ severity: 'error', file: path, line: 1, column: 1, message: 'is not UTF-8 text' });
    }
  }
  return found;
}
