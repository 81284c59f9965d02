import type { DetailedError } from '@cedar-policy/cedar-wasm/web';
import type { PolicyJson } from '../engine/index.ts';
import { cedar } from './cedar.ts';
import { restoreIntegers, substituteIntegers } from './exact-integers.ts';

/** What the official parser says of the text of one policy or template. */
export type PolicyParse =
  | { type: 'failure'; errors: DetailedError[] }
  | { type: 'success'; json: PolicyJson; template: boolean };

/**
 * Parses one policy or template. The official parser decides what is one; its own JSON rounds integers beyond
 * 2^53 - 1, which here are exact, as BigInt.
 */
export function parsePolicy(text: string): PolicyParse {
  const parsed = parseOfficially(text);
  if (parsed.type === 'failure') return parsed;
  const substituted = substituteIntegers(text);
  if (substituted === undefined) return parsed;
  const again = parseOfficially(substituted.text);
  if (again.type === 'failure') return again;
  return { ...parsed, json: restoreIntegers(parsed.json, again.json, substituted.originals) };
}

function parseOfficially(text: string): PolicyParse {
  const asPolicy = cedar().policyToJson(text);
  if (asPolicy.type === 'success')
    return { type: 'success', json: asPolicy.json as PolicyJson, template: false };
  // A template is no policy to Cedar; if it is neither, what is wrong with the policy says more.
  const asTemplate = /\?(principal|resource)\b/.test(text) ? cedar().templateToJson(text) : undefined;
  if (asTemplate?.type === 'success')
    return { type: 'success', json: asTemplate.json as PolicyJson, template: true };
  return { type: 'failure', errors: (asTemplate ?? asPolicy).errors };
}
