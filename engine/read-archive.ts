import { readTarGz } from './archive.ts';
import { type ArchiveTools, WEB_TOOLS } from './archive-tools.ts';
import { BUILT, broken } from './built-files.ts';
import type { Bundle, Manifest } from './bundle.ts';
import { type BuiltBundle, type ReadText, readAll, readBuilt, readManifest } from './read-built.ts';

/** Whether these files are a built bundle, or only sources that were packed. */
export function isBuilt(files: Map<string, Uint8Array>): boolean {
  return files.has(BUILT.manifest);
}

/**
 * A bundle as `pdp build` made it. Every file is held to the manifest's digests; the contents were checked when
 * they were built and are not checked again.
 *
 * @throws InvalidBundleError when the archive is damaged, not built, or of a layout this version cannot read
 */
export async function readArchive(bytes: Uint8Array): Promise<Bundle> {
  return readAll(await openArchive(bytes));
}

/** As {@link readArchive}, with policies and entities not read yet. @throws InvalidBundleError */
export async function openArchive(bytes: Uint8Array, tools: ArchiveTools = WEB_TOOLS): Promise<BuiltBundle> {
  const files = await readTarGz(bytes, undefined, tools);
  await verify(files, tools);
  return openFiles(files);
}

/** The built bundle in unpacked files, which {@link verify} has passed. @throws InvalidBundleError */
export function openFiles(files: Map<string, Uint8Array>): BuiltBundle {
  return readBuilt(textOf(files));
}

/** The manifest of unpacked files, all of which are what it says. @throws InvalidBundleError */
export async function verify(
  files: Map<string, Uint8Array>,
  tools: ArchiveTools = WEB_TOOLS,
): Promise<Manifest> {
  const manifest = readManifest(textOf(files));
  await checkDigests(files, manifest.files, tools);
  return manifest;
}

async function checkDigests(
  files: Map<string, Uint8Array>,
  digests: Record<string, string>,
  { sha256 }: ArchiveTools,
): Promise<void> {
  for (const path of files.keys()) {
    if (path !== BUILT.manifest && path !== BUILT.signature && !Object.hasOwn(digests, path))
      throw broken(path, 'is not in the manifest');
  }
  for (const [path, digest] of Object.entries(digests)) {
    const content = files.get(path);
    if (content === undefined) throw broken(path, 'is in the manifest, but not in the archive');
    if ((await sha256(content)) !== digest)
      throw broken(path, 'is not what the manifest says: the digests differ');
  }
}

function textOf(files: Map<string, Uint8Array>): ReadText {
  return (path) => {
    const content = files.get(path);
    try {
      return content === undefined ? undefined : new TextDecoder('utf-8', { fatal: true }).decode(content);
    } catch {
      throw broken(path, 'is not UTF-8 text');
    }
  };
}
