import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { codeOf } from '../errno.ts';

/** What a bundle directory is read for. Editors' temporary files and locks are hidden or named otherwise. */
const BUNDLE_FILE = /^[^.].*\.(?:cedar|cedarschema|json)$/;

/** Differs when a bundle file of a directory is added, removed, written or replaced. Rejects without a directory. */
export async function directoryFingerprint(directory: string): Promise<string> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => BUNDLE_FILE.test(entry.name) && !entry.isDirectory())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .sort();
  const states = await Promise.all(files.map((file) => stateOf(join(directory, file))));
  return files.map((file, index) => `${file}\0${states[index]}`).join('\n');
}

/** Differs when a file is written or replaced. Rejects while there is none. */
export async function fileFingerprint(file: string): Promise<string> {
  const { ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
  return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
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
