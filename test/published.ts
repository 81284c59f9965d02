import { type KeyObject, sign } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { packTar, type TarEntry } from 'modern-tar';
import { buildFiles, compileFiles } from '../compiler/index.ts';
import type { Manifest } from '../engine/index.ts';
import { files } from './bundles.ts';

export interface HowPublished {
  sequence?: number;
  /** @default of the contents */
  revision?: string;
  /** An Ed25519 key; the bundle is not signed without. */
  key?: KeyObject;
}

/** A built archive as a store has it: with a place in the order of publications, and signed. */
export async function published(contents: Record<string, string>, how?: HowPublished): Promise<Uint8Array> {
  return archiveOf(await publishedFiles(contents, how));
}

/** The files of {@link published}. */
export async function publishedFiles(
  contents: Record<string, string>,
  { sequence, revision, key }: HowPublished = {},
): Promise<Map<string, Uint8Array>> {
  const sources = files(contents);
  const result = await compileFiles(sources, revision);
  if (!result.ok) throw new Error(JSON.stringify(result.problems, null, 2));
  const built = await buildFiles(result.bundle, sources);
  const manifest = JSON.parse(new TextDecoder().decode(built.get('manifest.json'))) as Manifest;
  return signedFiles(built, { ...manifest, ...(sequence === undefined ? {} : { sequence }) }, key);
}

/** Files with a manifest, and a signature over it. */
export function signedFiles(
  contents: ReadonlyMap<string, Uint8Array>,
  manifest: object,
  key?: KeyObject,
): Map<string, Uint8Array> {
  const bytes = new TextEncoder().encode(JSON.stringify(manifest));
  const files = new Map(contents).set('manifest.json', bytes);
  if (key !== undefined) files.set('manifest.jws', new TextEncoder().encode(detachedJws(bytes, key)));
  return files;
}

/** Files as they are packed; a link is one by its target. */
export type PackedFiles = ReadonlyMap<string, Uint8Array | { link: string }>;

/** Packs files as they are; the same files are the same bytes. */
export async function archiveOf(contents: PackedFiles): Promise<Uint8Array> {
  const mtime = new Date(0);
  const entries = [...contents].map(
    ([name, body]): TarEntry =>
      'link' in body
        ? { header: { name, size: 0, mtime, type: 'symlink', linkname: body.link } }
        : { header: { name, size: body.byteLength, mtime }, body },
  );
  return gzipSync(await packTar(entries));
}

function detachedJws(payload: Uint8Array, key: KeyObject): string {
  const text = (bytes: Uint8Array | string) => Buffer.from(bytes).toString('base64url');
  const header = text('{"alg":"Ed25519"}');
  return `${header}..${text(sign(null, Buffer.from(`${header}.${text(payload)}`), key))}`;
}
