import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { archiveOf, type PackedFiles, publishedFiles } from '../../published.ts';
import { type BundleFiles, permitOnly } from '../support/bundles.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

/** Sources that let bob in, beside what is wrong. */
export function withBob(more: Record<string, Uint8Array | { link: string }>): PackedFiles {
  return new Map([...sources(permitOnly('bob')), ...Object.entries(more)]);
}

export function sources(files: BundleFiles): Map<string, Uint8Array> {
  return new Map(Object.entries(files).map(([path, text]) => [path, bytes(text)]));
}

/** A built bundle with another policy than the one it was built from. */
export async function wrongDigest(): Promise<PackedFiles> {
  const built = await publishedFiles(permitOnly('bob'));
  return new Map([...built, ...sources(permitOnly('mallory'))]);
}

/** A built bundle with a text in its manifest in place of another. */
export async function withManifest(change: Record<string, unknown>): Promise<PackedFiles> {
  const built = await publishedFiles(permitOnly('bob'));
  const manifest = JSON.parse(new TextDecoder().decode(built.get('manifest.json'))) as object;
  const text = JSON.stringify({ ...manifest, ...change }).replace('"1e99"', '1e99');
  return new Map([...built, ['manifest.json', bytes(text)]]);
}

/** Whole, but for one byte. */
export async function damaged(): Promise<Uint8Array> {
  const archive = await archiveOf(withBob({}));
  const other = Uint8Array.from(archive);
  other[other.length >> 1] = (other[other.length >> 1] ?? 0) ^ 0xff;
  return other;
}

/** Two MiB of nothing, which is little when it is packed. */
export const BOMB = withBob({ 'notes.txt': new Uint8Array(2 * 1024 * 1024) });

/** What cannot be packed to less than its size, in bytes. */
export const large = (size: number) => withBob({ 'notes.bin': randomBytes(size) });

export const MANY = withBob(
  Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`entities/${index}.json`, bytes('[]')])),
);

export const EMPTY = gzipSync(new Uint8Array(1024));

export const UNPARSABLE = sources({
  'policies.cedar': 'permit(principal, action, resource)\nwhen { oops };\n',
});

export const BREAKS_SCHEMA = sources({
  ...permitOnly('bob'),
  'schema.cedarschema':
    'entity user { level: Long }; entity r; action a appliesTo { principal: user, resource: r };',
  'entities.json': '[{"uid":{"type":"user","id":"bob"},"attrs":{"level":"high"},"parents":[]}]',
});

/** Good, and long to load. */
export const SLOW = sources({
  ...permitOnly('bob'),
  'entities.json': JSON.stringify(
    Array.from({ length: 50_000 }, (_, id) => ({
      uid: { type: 'user', id: `${id}` },
      attrs: {},
      parents: [],
    })),
  ),
});
