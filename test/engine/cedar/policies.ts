import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import { splitPolicies } from '../../../compiler/split-policies.ts';
import type { EnginePolicies, PolicyJson } from '../../../engine/index.ts';

/** Static policies from text, by the official parser; their ids are `policy0`, `policy1`, … */
export function parsePolicySetText(text: string): EnginePolicies {
  const staticPolicies: Record<string, PolicyJson> = {};
  for (const [index, statement] of splitPolicies(text).entries()) {
    const parsed = cedar.policyToJson(statement.text);
    if (parsed.type === 'failure') throw new Error(`${statement.text}: ${parsed.errors[0]?.message}`);
    staticPolicies[`policy${index}`] = parsed.json as PolicyJson;
  }
  return { staticPolicies };
}
