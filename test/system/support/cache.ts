import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../../build/system', import.meta.url));

/** The directory that {@link cached} has filled for this key, if it has. */
export function kept(name: string, key: string): string | undefined {
  const directory = directoryOf(name, key);
  return existsSync(join(directory, COMPLETE)) ? directory : undefined;
}

function directoryOf(name: string, key: string): string {
  return join(folder, `${name}-${createHash('sha256').update(key).digest('hex').slice(0, 12)}`);
}

/** Is in a directory that was filled whole. */
const COMPLETE = '.complete';

/**
 * A directory that is filled once and kept for later runs, in `build/system`. One that could not be filled whole is
 * not kept.
 *
 * @param key what its content depends on, such as a lock file; another key is another directory
 */
export async function cached(
  name: string,
  key: string,
  fill: (directory: string) => Promise<void>,
): Promise<string> {
  const found = kept(name, key);
  if (found !== undefined) return found;
  const directory = directoryOf(name, key);
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  console.log(`        installing ${name} in ${directory}, kept for later runs`);
  // In place: a Python environment holds its own path.
  await fill(directory);
  await writeFile(join(directory, COMPLETE), '');
  return directory;
}
