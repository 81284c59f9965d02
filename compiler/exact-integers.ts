import type { PolicyJson } from '../engine/index.ts';
import { tokensOf } from './policy-tokens.ts';

/** Policy text in which a stand-in is written for each integer that JSON would round. */
export interface Substituted {
  text: string;
  /** The integers meant, by their stand-ins. */
  originals: Map<number, bigint>;
}

/**
 * Writes integers that are in the text nowhere else for those beyond 2^53 - 1; undefined where there are none.
 *
 * @param text a policy that the official parser takes
 */
export function substituteIntegers(text: string): Substituted | undefined {
  if (!/\d{16}/.test(text)) return undefined;
  const integers = [...tokensOf(text)].filter((token) => /^\d/.test(token.text));
  const taken = new Set(integers.map((token) => Number(token.text)));
  const originals = new Map<number, bigint>();
  let standIn: number = Number.MAX_SAFE_INTEGER;
  let substituted = '';
  let done = 0;
  for (const token of integers) {
    if (Number.isSafeInteger(Number(token.text))) continue;
    while (taken.has(standIn)) standIn -= 1;
    taken.add(standIn);
    originals.set(standIn, BigInt(token.text));
    substituted += text.slice(done, token.at) + standIn;
    done = token.at + token.text.length;
  }
  return originals.size === 0 ? undefined : { text: substituted + text.slice(done), originals };
}

/**
 * The policy with exact integers: where the official package made a rounded number of the text and a stand-in of
 * the substituted one, the integer that was written. In all else the two must be equal.
 *
 * @throws Error when they are not, since nothing then tells what was written
 */
export function restoreIntegers(
  rounded: PolicyJson,
  substituted: PolicyJson,
  originals: Map<number, bigint>,
): PolicyJson {
  return restore(rounded, substituted, originals) as PolicyJson;
}

function restore(rounded: unknown, substituted: unknown, originals: Map<number, bigint>): unknown {
  if (rounded === substituted) return rounded;
  if (typeof rounded === 'number' && typeof substituted === 'number') {
    const magnitude = originals.get(Math.abs(substituted));
    const exact = magnitude !== undefined && substituted < 0 ? -magnitude : magnitude;
    if (exact !== undefined && Number(exact) === rounded) return exact;
  } else if (isContainer(rounded) && isContainer(substituted)) {
    const keys = Object.keys(rounded);
    if (keys.join('\n') === Object.keys(substituted).join('\n')) {
      for (const key of keys) rounded[key] = restore(rounded[key], substituted[key], originals);
      return rounded;
    }
  }
  throw new Error('the official package reads the policy with other integers as another policy');
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
