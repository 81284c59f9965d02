import type { Pause } from '../../engine/index.ts';
import { Turns } from '../turns.ts';

/** How long a revision that is being made may hold up the answers of the one that serves, in milliseconds. */
const BUILD_TURN_MS = 0.5;

/** What the making of a revision pauses for: whatever else the process has to do. Stopping ends it. */
export function buildTurns(stopping: AbortSignal): Pause {
  const turns = new Turns(stopping, BUILD_TURN_MS);
  return () => turns.next();
}
