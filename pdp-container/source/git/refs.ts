import { SourceError } from '../remote-source.ts';
import type { Revision } from './address.ts';

/** What the address comes to now. */
export interface Wanted {
  /** The commit, as far as the host tells it; a tag's own commit. */
  commit: string;
  /** What to ask the host for. */
  ref: string;
}

/** An id that is cut short, as people write them. */
const SHORT = /^[0-9a-f]{7,63}$/i;

/** The patterns for `git ls-remote`; the `^{}` is what an annotated tag points to. */
export function patternsOf(revision: Exclude<Revision, { kind: 'commit' }>): string[] {
  return namesOf(revision).flatMap((name) => [name, `${name}^{}`]);
}

export function isShortCommit(revision: Revision): boolean {
  return revision.kind === 'name' && SHORT.test(revision.name);
}

/**
 * Finds a branch or tag in what `git ls-remote` lists.
 *
 * @returns undefined when there is none
 * @throws SourceError when the name is a branch's and a tag's
 */
export function findRef(list: string, revision: Exclude<Revision, { kind: 'commit' }>): Wanted | undefined {
  const refs = parse(list);
  const found = namesOf(revision).filter((name) => refs.has(name));
  const [ref] = found;
  if (ref === undefined) return undefined;
  if (found.length > 1) {
    // Whoever may add the one must not be able to stand in for the other.
    throw new SourceError(`a branch and a tag have that name: write ${found.join(' or ')}`);
  }
  return { ref, commit: refs.get(`${ref}^{}`) ?? (refs.get(ref) as string) };
}

/**
 * Finds the commit that a short id begins, among the tips of branches and tags: a host lists no others.
 *
 * @throws SourceError when it is none, or several
 */
export function findShortCommit(list: string, short: string): Wanted {
  const found = new Set([...parse(list).values()].filter((id) => id.startsWith(short.toLowerCase())));
  const [commit] = found;
  if (commit !== undefined && found.size === 1) return { ref: commit, commit };
  throw new SourceError(
    found.size > 1
      ? `'${short}' begins several commits: give the whole id`
      : `'${short}' is no branch or tag, and begins no commit at the tip of one: give the whole id`,
  );
}

function namesOf(revision: Exclude<Revision, { kind: 'commit' }>): string[] {
  if (revision.kind === 'head') return ['HEAD'];
  const { name } = revision;
  return name.startsWith('refs/') ? [name] : [`refs/heads/${name}`, `refs/tags/${name}`];
}

/** Lines of an id, a tab and a name. */
function parse(list: string): Map<string, string> {
  const lines = list.split('\n').map((line) => /^([0-9a-f]{40}|[0-9a-f]{64})\t(\S+)$/.exec(line));
  return new Map(lines.flatMap((line) => (line === null ? [] : [[line[2] as string, line[1] as string]])));
}
