import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ConfigurationError } from '../../engine/index.ts';
import { reasonOf } from '../errno.ts';
import { directoryFingerprint, fileFingerprint } from './fingerprint.ts';
import type { Layer } from './layer.ts';
import { LocalLayer } from './local-layer.ts';
import { RemoteLayer } from './remote-layer.ts';
import type { FetchLimits, RemoteSource } from './remote-source.ts';

/** What a source over a network is opened with. */
export interface RemoteOptions {
  /** Sent as `Authorization: Bearer`, or what stands for it; never to another origin. @default none */
  token?: string;
  limits: FetchLimits;
  /** A directory of this process's own, for what a source keeps between starts. @default none */
  stateDir?: string;
}

/** How often sources are looked at, in milliseconds; 0 never. */
export interface Intervals {
  /** Files of this machine. */
  reloadMs: number;
  /** Over a network. */
  refreshMs: number;
}

type OpenRemote = (address: string, options: RemoteOptions) => Promise<RemoteSource>;

/**
 * What opens an address, by its scheme. A kind of source is one line here, with an import inside it, so that only
 * what is used is loaded:
 *
 *     s3: async (address, options) => (await import('./s3-source.ts')).s3Source(address, options),
 */
const REMOTE: Readonly<Record<string, OpenRemote>> = {};

/**
 * Opens a source over a network.
 *
 * @returns undefined when this is no address but a path
 * @throws ConfigurationError when the address is wrong, or of a kind this version does not read
 */
export async function openRemote(address: string, options: RemoteOptions): Promise<RemoteSource | undefined> {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(address)?.[1]?.toLowerCase();
  if (scheme === undefined) return undefined;
  const open = Object.hasOwn(REMOTE, scheme) ? REMOTE[scheme] : undefined;
  if (open === undefined) {
    const known = ['a directory', 'a .tar.gz file', ...Object.keys(REMOTE).map((name) => `${name}://…`)];
    throw new ConfigurationError(
      `source '${withoutUser(address)}': ${scheme} sources are not supported in this version; ` +
        `give ${known.slice(0, -1).join(', ')} or ${known.at(-1)}`,
    );
  }
  return open(address, options);
}

/**
 * Finds what kind of source a SOURCE argument names: a directory, a `.tar.gz` file, or an address.
 *
 * @throws ConfigurationError when there is no such file, or it is of a kind this version does not read
 */
export async function openSource(
  source: string,
  { reloadMs, refreshMs }: Intervals,
  options: RemoteOptions,
): Promise<Layer> {
  const remote = await openRemote(source, options);
  if (remote !== undefined) return new RemoteLayer(remote, refreshMs);
  const path = resolve(source);
  const stats = await stat(path).catch((error: unknown) => {
    throw new ConfigurationError(`source '${source}' cannot be read: ${reasonOf(error)}`);
  });
  if (stats.isDirectory()) {
    return new LocalLayer(
      { kind: 'directory', path, fingerprint: () => directoryFingerprint(path) },
      reloadMs,
    );
  }
  if (!/\.(?:tar\.gz|tgz)$/i.test(path)) {
    throw new ConfigurationError(`source '${source}' is neither a directory nor a .tar.gz file`);
  }
  return new LocalLayer({ kind: 'archive', path, fingerprint: () => fileFingerprint(path) }, reloadMs);
}

/** An address without what someone may have put before its `@`. */
function withoutUser(address: string): string {
  return address.replace(/\/\/[^/@]*@/, '//');
}
