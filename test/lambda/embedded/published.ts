import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { CompactSign } from 'jose';
import { packTar } from 'modern-tar';
import { readTarGz } from '../../../engine/archive.ts';
import type { Manifest } from '../../../engine/index.ts';
import { bundleFor } from '../bundles.ts';

/** What `pdp publish` adds to a bundle, and what may be wrong with one. */
export interface Publication {
  sequence?: number;
  signedBy?: KeyObject;
  /** Changes files before they are counted in. */
  edit?: (files: Map<string, Uint8Array>) => unknown;
  /** Changes the manifest before it is signed. */
  say?: (manifest: Manifest) => unknown;
  /** Changes files after all was written down. */
  tamper?: (files: Map<string, Uint8Array>) => unknown;
}

export const KEYS = generateKeyPairSync('ed25519');
export const OTHER_KEYS = generateKeyPairSync('ec', { namedCurve: 'P-256' });

export const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();

/** A bundle in which `who` may view everything, as it is published. */
export async function published(
  who: string,
  { sequence, signedBy, edit, say, tamper }: Publication = {},
): Promise<Uint8Array> {
  const files = await readTarGz(await bundleFor(who));
  const manifest: Manifest = JSON.parse(text(files, 'manifest.json'));
  edit?.(files);
  for (const path of Object.keys(manifest.files)) {
    manifest.files[path] = createHash('sha256')
      .update(files.get(path) ?? '')
      .digest('hex');
  }
  if (sequence !== undefined) manifest.sequence = sequence;
  say?.(manifest);
  const bytes = Buffer.from(JSON.stringify(manifest));
  files.set('manifest.json', bytes);
  if (signedBy !== undefined) files.set('manifest.jws', await signatureOf(bytes, signedBy));
  tamper?.(files);
  const entries = [...files].map(([name, body]) => ({ header: { name, size: body.byteLength }, body }));
  return gzipSync(await packTar(entries));
}

/** For `edit` and `tamper`: replaces text in a file. */
export function replaced(path: string, from: string, to: string) {
  return (files: Map<string, Uint8Array>): void => {
    const before = text(files, path);
    if (!before.includes(from)) throw new Error(`${path} has no ${from}`);
    files.set(path, Buffer.from(before.replace(from, to)));
  };
}

async function signatureOf(manifest: Uint8Array, key: KeyObject): Promise<Uint8Array> {
  const alg = key.asymmetricKeyType === 'ed25519' ? 'Ed25519' : 'ES256';
  const whole = await new CompactSign(manifest).setProtectedHeader({ alg }).sign(key);
  const [header, , signature] = whole.split('.');
  return Buffer.from(`${header}..${signature}\n`);
}

function text(files: Map<string, Uint8Array>, path: string): string {
  return Buffer.from(files.get(path) ?? '').toString();
}
