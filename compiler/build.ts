import { gzipSync } from 'node:zlib';
import { packTar } from 'modern-tar';
import { sha256 } from '../engine/archive-tools.ts';
import { writeEntities } from '../engine/built-entities.ts';
import { BUILT } from '../engine/built-files.ts';
import { writePolicies } from '../engine/built-policies.ts';
import type { Bundle, Manifest } from '../engine/index.ts';
import { stringifyJson } from '../engine/lossless-json.ts';
import { VERSION } from '../engine/version.ts';
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
  const files = await buildFiles(bundle, sources, builtFrom);
  // Nothing of the machine it was built on: no owner, no time.
  const entries = [...files].map(([name, body]) => ({
    header: { name, size: body.byteLength, mode: 0o644, mtime: new Date(0), uid: 0, gid: 0 },
    body,
  }));
  return gzipSync(await packTar(entries), { level: 9 });
}

/** The files of a built bundle, its manifest first: with sources as they are shipped, without as they are evaluated. */
export async function buildFiles(
  bundle: Bundle,
  sources: Files = new Map(),
  builtFrom?: Manifest['builtFrom'],
): Promise<Files> {
  const contents: Files = new Map([...sources].filter(([path]) => isBundleFile(path)));
  const add = (path: string, text: string) => contents.set(path, new TextEncoder().encode(text));
  add(BUILT.policies, writePolicies(bundle.namespace, bundle.policies));
  if (bundle.schema !== undefined) add(BUILT.schema, stringifyJson(bundle.schema));
  add(BUILT.entities, writeEntities(bundle.entities));
  if (bundle.urlRules !== undefined) add(BUILT.urlRules, stringifyJson(bundle.urlRules));

  const inOrder = [...contents].sort(([a], [b]) => (a < b ? -1 : 1));
  const manifest: Manifest = { format: 1, revision: bundle.revision, files: {}, checkedBy: VERSION };
  for (const [path, content] of inOrder) manifest.files[path] = await sha256(content);
  if (builtFrom !== undefined) manifest.builtFrom = builtFrom;
  return new Map([[BUILT.manifest, new TextEncoder().encode(JSON.stringify(manifest))], ...inOrder]);
}
