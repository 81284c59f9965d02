import { openPdp, openPdpInTurns } from '../../engine/built-pdp.ts';
import type { DecidingPdp } from '../../engine/deciding-pdp.ts';
import { type Publication, publicationOf } from '../../engine/publication.ts';
import type { BuiltBundle } from '../../engine/read-built.ts';

/** A revision that can be asked. */
export interface Revision extends Publication {
  readonly pdp: DecidingPdp;
}

/** @throws as {@link openPdp} does */
export function openRevision(built: BuiltBundle): Revision {
  return { ...publicationOf(built), pdp: openPdp(built) };
}

/** The same while invocations get their turn. @throws as {@link openPdpInTurns} does */
export async function openInTurns(built: BuiltBundle, turn: () => Promise<void>): Promise<Revision> {
  return { ...publicationOf(built), pdp: await openPdpInTurns(built, turn) };
}
