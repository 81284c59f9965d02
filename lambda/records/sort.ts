import type { Authorization } from '../middleware/types.ts';
import type { Verdict } from './judge.ts';
import { orderKey } from './record.ts';
import type { RecordDenial } from './types.ts';

/** What the handler is to run on, and what is to be handed back. */
export interface Sorted<Record, Loaded> {
  permitted: Map<Record, Authorization<Loaded>>;
  handedBack: Record[];
  /** Why; of those that are handed back only for the order of others there is no reason. */
  reasons: unknown[];
}

/**
 * Sorts records by their verdicts, and tells of the denied ones. A record that comes after one that is handed back,
 * and must keep its order, is handed back too.
 *
 * @param tellDenied throws when a denied record is to be handed back after all
 */
export async function sortRecords<Record, Loaded>(
  records: readonly Record[],
  verdicts: readonly Verdict<Loaded>[],
  tellDenied: (record: Record, denial: RecordDenial) => unknown,
): Promise<Sorted<Record, Loaded>> {
  const sorted: Sorted<Record, Loaded> = { permitted: new Map(), handedBack: [], reasons: [] };
  const held = new Set<string>();
  for (const [index, record] of records.entries()) {
    const key = orderKey(record);
    if (key !== undefined && held.has(key)) {
      sorted.handedBack.push(record);
      continue;
    }
    const verdict = await settled(record, verdicts[index], tellDenied);
    if (verdict.kind === 'permitted') sorted.permitted.set(record, verdict.authorization);
    if (verdict.kind !== 'unanswered') continue;
    sorted.handedBack.push(record);
    sorted.reasons.push(verdict.reason);
    if (key !== undefined) held.add(key);
  }
  return sorted;
}

async function settled<Record, Loaded>(
  record: Record,
  verdict: Verdict<Loaded> = { kind: 'unanswered', reason: undefined },
  tellDenied: (record: Record, denial: RecordDenial) => unknown,
): Promise<Verdict<Loaded>> {
  if (verdict.kind !== 'denied') return verdict;
  try {
    await tellDenied(record, verdict.denial);
    return verdict;
  } catch (reason) {
    return { kind: 'unanswered', reason };
  }
}
