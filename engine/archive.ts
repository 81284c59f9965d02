import { type TarHeader, unpackTar } from 'modern-tar';
import { type ArchiveTools, WEB_TOOLS } from './archive-tools.ts';
import { InvalidBundleError } from './errors.ts';

/** What an archive may be at the most; past it, reading stops at once. */
export interface ArchiveLimits {
  /** Bytes of the archive itself, as it is sent. @default 67108864 */
  packedBytes: number;
  /** Bytes of the unpacked archive. @default 268435456 */
  bytes: number;
  /** Files and directories in it. @default 10000 */
  files: number;
  /** Unpacked bytes for each packed one, in what unpacks to more than 1 MiB. @default 100 */
  ratio: number;
}

export const DEFAULT_ARCHIVE_LIMITS: Readonly<ArchiveLimits> = {
  packedBytes: 64 * 1024 * 1024,
  bytes: 256 * 1024 * 1024,
  files: 10_000,
  ratio: 100,
};

/** What may be unpacked whatever the ratio, in bytes: little text may well be that alike. */
const RATIO_FREE_BYTES = 1024 * 1024;
/** Of a path, in UTF-8: what file systems take for a name. */
const MAX_PATH_BYTES = 255;

/**
 * The regular files of a `.tar.gz`, by path. Links, devices, absolute paths, `..` and paths that are not plain are
 * refused, and so is anything past the limits, before it is kept.
 *
 * @throws InvalidBundleError
 */
export async function readTarGz(
  bytes: Uint8Array,
  given: Partial<ArchiveLimits> = {},
  { gunzip }: ArchiveTools = WEB_TOOLS,
): Promise<Map<string, Uint8Array>> {
  const limits = { ...DEFAULT_ARCHIVE_LIMITS, ...given };
  if (bytes.byteLength > limits.packedBytes) {
    throw refused('archive', `has ${bytes.byteLength} bytes; the limit is ${limits.packedBytes}`);
  }
  const files = new Map<string, Uint8Array>();
  try {
    const tar = await unpacked(bytes, limits, gunzip);
    const seen = new Set<string>();
    const filter = (header: TarHeader) => {
      const problem = refusal(header, seen, limits);
      if (problem !== undefined) throw refused(printable(header.name), problem);
      seen.add(plain(header.name));
      return header.type === 'file';
    };
    for (const { header, data } of await unpackTar(tar, { strict: true, filter })) {
      files.set(plain(header.name), data as Uint8Array);
    }
  } catch (error) {
    if (error instanceof InvalidBundleError) throw error;
    const reason =
      error instanceof Error && error.message !== '' ? error.message : 'it is cut off or damaged';
    throw refused('archive', `is not a whole .tar.gz: ${reason}`);
  }
  return files;
}

async function unpacked(
  bytes: Uint8Array,
  limits: ArchiveLimits,
  gunzip: ArchiveTools['gunzip'],
): Promise<Uint8Array> {
  const inRatio = Math.max(RATIO_FREE_BYTES, bytes.byteLength * limits.ratio);
  const tar = await gunzip(bytes, Math.min(limits.bytes, inRatio));
  if (tar !== undefined) return tar;
  throw inRatio < limits.bytes
    ? refused('archive', `unpacks to more than ${limits.ratio} times its ${bytes.byteLength} bytes`)
    : refused('archive', `unpacks to more than the limit of ${limits.bytes} bytes`);
}

function refusal({ name, type }: TarHeader, seen: Set<string>, limits: ArchiveLimits): string | undefined {
  if (name.startsWith('/') || /^[a-zA-Z]:/.test(name))
    return 'is an absolute path, which an archive must not have';
  if (name.split(/[\\/]/).includes('..')) return 'has .. in its path, which an archive must not have';
  if (type !== 'file' && type !== 'directory')
    return `is a ${type}; only files and directories may be in a bundle`;
  if (new TextEncoder().encode(name).byteLength > MAX_PATH_BYTES)
    return `has a path of more than ${MAX_PATH_BYTES} bytes`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f\\\ufffd]/.test(name))
    return 'has a control character, a backslash or what is not UTF-8 in its path';
  if (type === 'file' && !isPlain(plain(name))) return 'is not a plain path, such as entities/users.json';
  if (type === 'file' && seen.has(plain(name))) return 'is in the archive twice';
  if (seen.size >= limits.files) return `is one file more than the limit of ${limits.files}`;
  return undefined;
}

/** Without the `./` that some archivers put first. */
function plain(name: string): string {
  return name.replace(/^(\.\/)+/, '');
}

function isPlain(path: string): boolean {
  return path.split('/').every((part) => part !== '' && part !== '.');
}

/** For a message, in which a path may be anything. */
function printable(path: string): string {
  const text = JSON.stringify(path.slice(0, MAX_PATH_BYTES)).slice(1, -1);
  return text === path ? path : `"${text}"`;
}

function refused(file: string, message: string): InvalidBundleError {
  return new InvalidBundleError([{ severity: 'error', file, line: 1, column: 1, message }]);
}
