import type { Decision, EvaluationsSemantic } from '../../engine/contract.ts';
import { batchBody } from './wire.ts';

/** What a server takes at once. */
export interface BatchLimits {
  maxBatchItems: number;
  maxRequestBytes: number;
}

/** Parts of one batch that are asked for at the same time. */
const AT_ONCE = 4;

/**
 * Splits serialized requests, in their order, into parts that a server takes. One that is too large by itself is a
 * part of its own: the server may tell what it thinks of it.
 */
export function split(requests: readonly string[], limits: BatchLimits): string[][] {
  const envelope = batchBody([], 'permit_on_first_permit').length;
  const parts: string[][] = [];
  let part: string[] = [];
  let bytes = envelope;
  for (const request of requests) {
    // With the comma.
    const size = Buffer.byteLength(request) + 1;
    const full = part.length === limits.maxBatchItems || bytes + size > limits.maxRequestBytes;
    if (part.length > 0 && full) {
      parts.push(part);
      part = [];
      bytes = envelope;
    }
    part.push(request);
    bytes += size;
  }
  if (part.length > 0) parts.push(part);
  return parts;
}

/**
 * Asks for all parts, and gives the decisions that the undivided batch would have been given: where the first deny
 * or permit decides, no part after it is asked for.
 */
export async function askInParts(
  parts: readonly string[][],
  semantic: EvaluationsSemantic,
  ask: (part: string[]) => Promise<Decision[]>,
): Promise<Decision[]> {
  if (semantic === 'execute_all') return askSideBySide(parts, ask);
  const decisions: Decision[] = [];
  for (const part of parts) {
    decisions.push(...(await ask(part)));
    if (isDecided(decisions, semantic)) break;
  }
  return decisions;
}

/** Whether the last decision ends the batch (AuthZEN 1.0, section 7.1.2.1). */
export function isDecided(decisions: readonly Decision[], semantic: EvaluationsSemantic): boolean {
  const last = decisions.at(-1)?.decision;
  if (semantic === 'execute_all' || last === undefined) return false;
  return last === (semantic === 'permit_on_first_permit');
}

async function askSideBySide(
  parts: readonly string[][],
  ask: (part: string[]) => Promise<Decision[]>,
): Promise<Decision[]> {
  const answers: Decision[][] = [];
  // One iterator for all: each takes the next part that nobody has.
  const todo = parts.entries();
  const work = async () => {
    for (const [index, part] of todo) answers[index] = await ask(part);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, parts.length) }, work));
  return answers.flat();
}
