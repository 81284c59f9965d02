import type { Manifest } from './bundle.ts';

/** What tells one publication from another. */
export type Publication = Pick<Manifest, 'revision' | 'sequence'>;

/**
 * How one publication stands to another at the same address: `other` has the same number and another content, as no
 * two may. What has a number is newer than what was only built; between two that were only built there is no order,
 * and a different one is taken for newer.
 */
export function compareToRunning(
  offered: Publication,
  running: Publication,
): 'newer' | 'same' | 'older' | 'other' {
  if (offered.sequence === running.sequence) {
    if (offered.revision === running.revision) return 'same';
    return offered.sequence === undefined ? 'newer' : 'other';
  }
  if (running.sequence === undefined) return 'newer';
  return offered.sequence !== undefined && offered.sequence > running.sequence ? 'newer' : 'older';
}
