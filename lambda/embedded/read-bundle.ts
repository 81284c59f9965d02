import { type BuiltBundle, readBuilt } from '../../engine/read-built.ts';

/**
 * A bundle that `pdp build` wrote: the path or the bytes of a `.tar.gz`, which is held to its digests; or the path of
 * a directory, which is not: it is for what has been checked where it was written and again on its way here, as
 * Lambda holds a layer to its own digest. What unpacks and checks is loaded only when there is an archive.
 *
 * @throws InvalidBundleError, or the file system's error
 */
export async function readBundle(source: string | Uint8Array): Promise<BuiltBundle> {
  // An import would evaluate all that the module exports, its streams and promises: 3 ms of a cold start.
  const { readFileSync, statSync } = process.getBuiltinModule('node:fs');
  if (typeof source === 'string' && statSync(source).isDirectory()) {
    return readBuilt((path) => readIfThere(`${source}/${path}`));
  }
  const { openArchive, NODE_TOOLS } = await import('./archive.ts');
  return openArchive(typeof source === 'string' ? readFileSync(source) : source, NODE_TOOLS);

  function readIfThere(path: string): string | undefined {
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }
}
