import type { Manifest } from './bundle.ts';

/** What tells one publication from another. */
export interface Publication extends Pick<Manifest, 'revision' | 'sequence'> {
  /**
   * The same for the same content, whatever its manifest calls it; of use between bundles that one process has read.
   *
   * @default the revision is believed
   */
  content?: string;
}

/** What a manifest, or whatever else has its revision and sequence, says of its publication. */
export function publicationOf({ revision, sequence }: Pick<Manifest, 'revision' | 'sequence'>): Publication {
  return { revision, ...(sequence === undefined ? {} : { sequence }) };
}

/** For people: `revision 0123456789abcdef (publication 7)`. */
export function describePublication({ revision, sequence }: Publication): string {
  return `revision ${revision} (${sequence === undefined ? 'never published' : `publication ${sequence}`})`;
}

/**
 * How one publication stands to another at the same address: `other` has the same number or the same revision, and
 * another content, as no two may. What has a number is newer than what was only built; between two that were only built
 * there is no order, and a different one is taken for newer.
 */
export function compareToRunning(
  offered: Publication,
  running: Publication,
): 'newer' | 'same' | 'older' | 'other' {
  const isNamesake = offered.revision === running.revision;
  if (isNamesake && (offered.content ?? running.content) !== (running.content ?? offered.content))
    return 'other';
  if (offered.sequence === running.sequence) {
    if (isNamesake) return 'same';
    return offered.sequence === undefined ? 'newer' : 'other';
  }
  if (running.sequence === undefined) return 'newer';
  return offered.sequence !== undefined && offered.sequence > running.sequence ? 'newer' : 'older';
}
