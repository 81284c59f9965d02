import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isBundleFile } from '../../compiler/files.ts';
import { codeOf } from '../errno.ts';

/** Where a bundle has files besides its root. Nothing else is listed, however much lies there. */
const FOLDERS: ReadonlySet<string> = new Set(['policies', 'entities', 'tests']);

/**
 * Differs when a bundle file of a directory is added, removed, written or replaced; other files, such as the
 * temporary ones of editors, make no difference. Rejects when there is no such directory.
 */
export async function directoryFingerprint(directory: string): Promise<string> {
  const files = await list(directory, '');
  const states = await Promise.all(files.map((file) => stateOf(join(directory, file))));
  return files.map((file, index) => `${file}\0${states[index]}`).join('\n');
}

/** Differs when a file is written or replaced. Rejects while there is none. */
export async function fileFingerprint(file: string): Promise<string> {
  const { ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
  return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}

async function list(root: string, under: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of (await readdir(join(root, under))).sort()) {
    const path = under === '' ? name : `${under}/${name}`;
    if (isBundleFile(path)) found.push(path);
    else if (FOLDERS.has(path.split('/', 1)[0] ?? '')) found.push(...(await listFolder(root, path)));
  }
  return found;
}

/** Nothing when it is not a directory, or not any more. */
async function listFolder(root: string, path: string): Promise<string[]> {
  try {
    return await list(root, path);
  } catch (error) {
    if (codeOf(error) === 'ENOTDIR' || codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

async function stateOf(file: string): Promise<string> {
  try {
    return await fileFingerprint(file);
  } catch (error) {
    // Replaced or removed since it was listed: the next look will tell.
    if (codeOf(error) === 'ENOENT') return 'gone';
    throw error;
  }
}
