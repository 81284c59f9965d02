/** The code of a system error, such as `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

const REASONS: Record<string, string> = {
  ENOENT: 'it does not exist',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EEXIST: 'there is something else in its place',
  EISDIR: 'it is a directory',
  ENOTDIR: 'part of its path is not a directory',
  ELOOP: 'it is a link',
  EOWNER: 'it belongs to another user',
  EFBIG: 'it is larger than a file may be',
  ENOSPC: 'there is no space left',
  EDQUOT: 'there is no space left',
  EROFS: 'the file system is read-only',
};

/** What went wrong with a file, in words. */
export function reasonOf(error: unknown): string {
  const code = codeOf(error);
  return REASONS[code ?? ''] ?? code ?? 'it failed';
}
