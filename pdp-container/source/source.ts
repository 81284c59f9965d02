import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ConfigurationError } from '../../engine/index.ts';
import { reasonOf } from '../errno.ts';
import { DEFAULT_RELOAD_MS, type ServeOptions } from '../options.ts';
import { bundleLimits } from './bundle-rules.ts';
import { directoryFingerprint, fileFingerprint } from './fingerprint.ts';
import type { Layer } from './layer.ts';
import { type LocalFiles, LocalLayer } from './local-layer.ts';
import { DEFAULT_REFRESH_MS } from './poller.ts';
import { RemoteLayer } from './remote-layer.ts';
import { DEFAULT_FETCH_LIMITS, type FetchLimits, type RemoteSource } from './remote-source.ts';

/** What a source over a network is opened with. */
export interface RemoteOptions {
  /** Sent as `Authorization: Bearer`, or what stands for it; never to another origin. @default none */
  token?: string;
  limits: FetchLimits;
  /** A directory of this process's own, for what a source keeps between starts. @default none */
  stateDir?: string;
}

type OpenRemote = (address: string, options: RemoteOptions) => Promise<RemoteSource>;

const openHttp: OpenRemote = async (address, options) =>
  (await import('./http-source.ts')).httpSource(address, options);
const openS3: OpenRemote = async (address, options) =>
  (await import('./s3-source.ts')).s3Source(address, options);

/** What opens an address, by its scheme; only what is used is loaded. */
const REMOTE: Readonly<Record<string, OpenRemote>> = {
  https: openHttp,
  http: openHttp,
  s3: openS3,
  'git+https': openGit,
  'git+ssh': openGit,
  'git+http': openGit,
};

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
 * Opens the sources of a server.
 *
 * @throws ConfigurationError when there is none, or one cannot be one
 */
export async function openSources(options: ServeOptions): Promise<Layer[]> {
  const sources = typeof options.source === 'string' ? [options.source] : options.source;
  if (sources.length === 0) throw new ConfigurationError('there is no source');
  return Promise.all(sources.map((source, index) => openSource(source, index, options)));
}

async function openSource(source: string, index: number, options: ServeOptions): Promise<Layer> {
  const { reloadMs = DEFAULT_RELOAD_MS, refreshMs = DEFAULT_REFRESH_MS, verifyKeys } = options;
  const { archiveBytes } = bundleLimits(options);
  const token = options.sourceTokens?.[index];
  const remote = await openRemote(source, {
    limits: { ...DEFAULT_FETCH_LIMITS, archiveBytes },
    ...(token === undefined ? {} : { token }),
    ...(options.stateDir === undefined ? {} : { stateDir: options.stateDir }),
  });
  if (remote !== undefined) return new RemoteLayer(remote, refreshMs);
  const files = await localFiles(source);
  if (files.kind === 'directory' && verifyKeys !== undefined) {
    throw new ConfigurationError(
      `source '${source}' is a directory, which cannot be signed: with --verify-key give archives that are`,
    );
  }
  return new LocalLayer(files, reloadMs, archiveBytes);
}

/** @throws ConfigurationError when there is no such file, or it is neither a directory nor a `.tar.gz` */
async function localFiles(source: string): Promise<LocalFiles> {
  const path = resolve(source);
  const stats = await stat(path).catch((error: unknown) => {
    throw new ConfigurationError(`source '${source}' cannot be read: ${reasonOf(error)}`);
  });
  if (stats.isDirectory()) {
    return { kind: 'directory', path, fingerprint: () => directoryFingerprint(path) };
  }
  if (!/\.(?:tar\.gz|tgz)$/i.test(path)) {
    throw new ConfigurationError(`source '${source}' is neither a directory nor a .tar.gz file`);
  }
  return { kind: 'archive', path, fingerprint: () => fileFingerprint(path) };
}

async function openGit(address: string, options: RemoteOptions): Promise<RemoteSource> {
  return (await import('./git-source.ts')).gitSource(address, options);
}

/** An address without what someone may have put before its `@`. */
function withoutUser(address: string): string {
  return address.replace(/\/\/[^/@]*@/, '//');
}
