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
import { type Signer, signManifest } from './sign.ts';

export interface BuildOptions {
  /** From what it was built, for people. */
  builtFrom?: Manifest['builtFrom'];
  /** Which publication at one address it is, a whole number from 1. @default none: there is no order */
  sequence?: number;
  /** Signs the manifest. @default it is not signed */
  signer?: Signer;
}

/** Where a gzip header has the system it was written on, and what stands for none in particular (RFC 1952). */
const GZIP_OS = { offset: 9, unknown: 255 };

/**
 * The shipping form of a checked bundle: a `.tar.gz` of its sources, the parsed policies, schema and entities as
 * JSON, and a manifest, signed if wanted. The same input gives the same bytes, but with an ECDSA signature, which
 * is another each time. How well zlib packs depends on its version and the processor: what is inside does not.
 */
export async function buildArchive(
  bundle: Bundle,
  sources: Files,
  options: BuildOptions = {},
): Promise<Uint8Array> {
  const files = await buildFiles(bundle, sources, options);
  // Nothing of the machine it was built on: no owner, no time.
  const entries = [...files].map(([name, body]) => ({
    header: { name, size: body.byteLength, mode: 0o644, mtime: new Date(0), uid: 0, gid: 0 },
    body,
  }));
  const packed = gzipSync(await packTar(entries), { level: 9 });
  packed[GZIP_OS.offset] = GZIP_OS.unknown;
  return packed;
}

/** The files of a built bundle, its manifest first: with sources as they are shipped, without as they are evaluated. */
export async function buildFiles(
  bundle: Bundle,
  sources: Files = new Map(),
  { builtFrom, sequence, signer }: BuildOptions = {},
): Promise<Files> {
  const contents: Files = new Map([...sources].filter(([path]) => isBundleFile(path)));
  const add = (path: string, text: string) => contents.set(path, new TextEncoder().encode(text));
  add(BUILT.policies, writePolicies(bundle.namespace, bundle.policies));
  if (bundle.schema !== undefined) add(BUILT.schema, stringifyJson(bundle.schema));
  add(BUILT.entities, writeEntities(bundle.entities));
  if (bundle.urlRules !== undefined) add(BUILT.urlRules, stringifyJson(bundle.urlRules));

  const inOrder = [...contents].sort(([a], [b]) => (a < b ? -1 : 1));
  const { revision } = bundle;
  const order = sequence === undefined ? {} : { sequence };
  const manifest: Manifest = { format: 1, revision, ...order, files: {}, checkedBy: VERSION };
  for (const [path, content] of inOrder) manifest.files[path] = await sha256(content);
  if (builtFrom !== undefined) manifest.builtFrom = builtFrom;
  const text = new TextEncoder().encode(JSON.stringify(manifest));
  const files: Files = new Map([[BUILT.manifest, text]]);
  if (signer !== undefined) files.set(BUILT.signature, await signManifest(text, signer));
  for (const [path, content] of inOrder) files.set(path, content);
  return files;
}
