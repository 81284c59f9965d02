import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidBundleError } from '../engine/index.ts';

/** The files of a bundle, by path with `/`. */
export type Files = Map<string, Uint8Array>;

/** A file of a bundle as text. */
export interface TextFile {
  /** For people; of a layer among several, with the name of the layer before it. */
  path: string;
  text: string;
  /** Which of several layers it is of, from 1, and its path there. @default there is only one */
  layer?: { position: number; path: string };
}

/**
 * An id that a policy has by where it is, such as `notes.cedar#1`. Layers may have files of one name: among several,
 * the position of the layer comes first. Its name does not, since ids would change whenever a bundle moves.
 */
export function idByPlace({ path, layer }: TextFile, index: number): string {
  return layer === undefined ? `${path}#${index + 1}` : idInLayer(layer, `${layer.path}#${index + 1}`);
}

/** What a policy's id by its place is among several layers, when it is `id` where its layer is alone. */
export function idInLayer({ position }: NonNullable<TextFile['layer']>, id: string): string {
  return `${position}:${id}`;
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
