import { readTarGz } from './archive.ts';
import type { Bundle, Manifest, UrlRule } from './bundle.ts';
import type { EntityJson, PolicySetJson, SchemaJson } from './cedar-json.ts';
import { InvalidBundleError } from './errors.ts';
import { parseJson } from './lossless-json.ts';

/** The files of a built bundle that evaluation reads. */
export const BUILT = {
  manifest: 'manifest.json',
  policies: 'built/policies.json',
  schema: 'built/schema.json',
  entities: 'built/entities.json',
  urlRules: 'built/urls.json',
} as const;

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
  return readBuilt(await readTarGz(bytes));
}

/** As {@link readArchive}, from unpacked files. @throws InvalidBundleError */
export async function readBuilt(files: Map<string, Uint8Array>): Promise<Bundle> {
  const manifest = parse<Manifest>(files, BUILT.manifest);
  if (manifest.format !== 1 || typeof manifest.revision !== 'string' || typeof manifest.files !== 'object') {
    throw broken(BUILT.manifest, 'is not a manifest of format 1, the one that this version reads');
  }
  await checkDigests(files, manifest);
  const { namespace, ...policies } = parse<PolicySetJson & { namespace: string }>(files, BUILT.policies);
  return {
    revision: manifest.revision,
    namespace,
    policies,
    ...(files.has(BUILT.schema) ? { schema: parse<SchemaJson>(files, BUILT.schema) } : {}),
    entities: parse<EntityJson[]>(files, BUILT.entities),
    ...(files.has(BUILT.urlRules) ? { urlRules: parse<UrlRule[]>(files, BUILT.urlRules) } : {}),
  };
}

async function checkDigests(files: Map<string, Uint8Array>, manifest: Manifest): Promise<void> {
  for (const path of files.keys()) {
    if (path !== BUILT.manifest && !Object.hasOwn(manifest.files, path)) {
      throw broken(path, 'is not in the manifest');
    }
  }
  for (const [path, digest] of Object.entries(manifest.files)) {
    const content = files.get(path);
    if (content === undefined) throw broken(path, 'is in the manifest, but not in the archive');
    if ((await sha256(content)) !== digest)
      throw broken(path, 'is not what the manifest says: the digests differ');
  }
}

/** SHA-256 in hexadecimal. */
export async function sha256(content: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', content as Uint8Array<ArrayBuffer>));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function parse<T>(files: Map<string, Uint8Array>, path: string): T {
  const content = files.get(path);
  if (content === undefined) throw broken(path, 'is missing: build the bundle with `pdp build`');
  try {
    return parseJson(new TextDecoder('utf-8', { fatal: true }).decode(content)) as T;
  } catch {
    throw broken(path, 'is not JSON');
  }
}

function broken(file: string, message: string): InvalidBundleError {
  return new InvalidBundleError([{ severity: 'error', file, line: 1, column: 1, message }]);
}
