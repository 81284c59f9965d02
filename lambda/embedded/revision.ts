import { openPdp } from '../../engine/built-pdp.ts';
import type { DecidingPdp } from '../../engine/deciding-pdp.ts';
import type { Publication } from '../../engine/publication.ts';
import type { BuiltBundle } from '../../engine/read-built.ts';

/** A revision that can be asked. */
export interface Revision extends Publication {
  readonly pdp: DecidingPdp;
}

/** @throws as {@link openPdp} */
export function openRevision(built: BuiltBundle): Revision {
  const { revision, sequence } = built;
  return { revision, ...(sequence === undefined ? {} : { sequence }), pdp: openPdp(built) };
}
