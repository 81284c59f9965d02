import { type TarHeader, unpackTar } from 'modern-tar';
import { type ArchiveTools, WEB_TOOLS } from './archive-tools.ts';
import { InvalidBundleError } from './errors.ts';

/** What an archive may hold at the most; past it, reading stops at once. */
export interface ArchiveLimits {
  /** Bytes of the unpacked archive. */
  bytes: number;
  files: number;
}

export const DEFAULT_ARCHIVE_LIMITS: ArchiveLimits = { bytes: 256 * 1024 * 1024, files: 10_000 };

/**
 * The regular files of a `.tar.gz`, by path. Links, devices, absolute paths and `..` are refused, and so is
 * anything past the limits, before it is kept.
 *
 * @throws InvalidBundleError
 */
export async function readTarGz(
  bytes: Uint8Array,
  limits: ArchiveLimits = DEFAULT_ARCHIVE_LIMITS,
  { gunzip }: ArchiveTools = WEB_TOOLS,
): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  try {
    const tar = await gunzip(bytes, limits.bytes);
    if (tar === undefined)
      throw refused('archive', `unpacks to more than the limit of ${limits.bytes} bytes`);
    for (const { header, data } of await unpackTar(tar, { strict: true })) {
      const problem = refusal(header, files, limits);
      if (problem !== undefined) throw refused(header.name, problem);
      if (data !== undefined) files.set(normal(header.name), data);
    }
  } catch (error) {
    if (error instanceof InvalidBundleError) throw error;
    const reason =
      error instanceof Error && error.message !== '' ? error.message : 'it is cut off or damaged';
    throw refused('archive', `is not a whole .tar.gz: ${reason}`);
  }
  return files;
}

function refusal(
  { name, type }: TarHeader,
  files: Map<string, Uint8Array>,
  limits: ArchiveLimits,
): string | undefined {
  if (name.startsWith('/') || /^[a-zA-Z]:/.test(name))
    return 'is an absolute path, which an archive must not have';
  if (name.split(/[\\/]/).includes('..')) return 'has .. in its path, which an archive must not have';
  if (type !== 'file' && type !== 'directory')
    return `is a ${type}; only files and directories may be in a bundle`;
  if (type === 'file' && files.has(normal(name))) return 'is in the archive twice';
  if (files.size >= limits.files) return `is one file more than the limit of ${limits.files}`;
  return undefined;
}

function normal(name: string): string {
  return name.replace(/^(\.\/)+/, '');
}

function refused(file: string, message: string): InvalidBundleError {
  return new InvalidBundleError([{ severity: 'error', file, line: 1, column: 1, message }]);
}
