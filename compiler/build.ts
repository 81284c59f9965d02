import { gzipSync } from 'node:zlib';
import { packTar } from 'modern-tar';
import type { Bundle, Manifest } from '../engine/index.ts';
import { stringifyJson } from '../engine/lossless-json.ts';
import { BUILT, sha256 } from '../engine/read-archive.ts';
import { type Files, isBundleFile } from './files.ts';

/**
 * The shipping form of a checked bundle: a `.tar.gz` of its sources, the parsed policies, schema and entities as
 * JSON, and a manifest. The same input gives the same bytes.
 */
export async function buildArchive(
  bundle: Bundle,
  sources: Files,
  builtFrom?: Manifest['builtFrom'],
): Promise<Uint8Array> {
  const files: Files = new Map([...sources].filter(([path]) => isBundleFile(path)));
  const add = (path: string, value: unknown) =>
    files.set(path, new TextEncoder().encode(stringifyJson(value)));
  add(BUILT.policies, { namespace: bundle.namespace, ...bundle.policies });
  if (bundle.schema !== undefined) add(BUILT.schema, bundle.schema);
  add(BUILT.entities, bundle.entities);
  if (bundle.urlRules !== undefined) add(BUILT.urlRules, bundle.urlRules);

  const paths = [...files.keys()].sort();
  const manifest: Manifest = { format: 1, revision: bundle.revision, files: {} };
  for (const path of paths) manifest.files[path] = await sha256(files.get(path) ?? new Uint8Array());
  if (builtFrom !== undefined) manifest.builtFrom = builtFrom;
  add(BUILT.manifest, manifest);
  // Nothing of the machine it was built on: no owner, no time.
  const entries = [BUILT.manifest, ...paths].map((name) => {
    const body = files.get(name) ?? new Uint8Array();
    return { header: { name, size: body.byteLength, mode: 0o644, mtime: new Date(0), uid: 0, gid: 0 }, body };
  });
  return gzipSync(await packTar(entries), { level: 9 });
}
