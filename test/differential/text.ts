/** A policy set that went through Cedar's syntax: written by the official package, read by the compiler. */
import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import { parsePolicySet } from '../../compiler/index.ts';
import type { PolicySetJson } from '../../engine/cedar-json.ts';
import { textOf } from './oracle.ts';
import { objectOf } from './values.ts';

/** The set as read from its text; undefined where Cedar's syntax has no such policy, as for `ip()`. @throws Error */
export function throughText({
  staticPolicies,
  templates,
  templateLinks,
}: PolicySetJson): PolicySetJson | undefined {
  const statements: string[] = [];
  const write = (policies: PolicySetJson['templates'], kind: 'policy' | 'template') =>
    Object.entries(policies).map(([id, policy]) => {
      const text = textOf(policy, kind);
      const readable = text !== undefined && officialReads(text, kind);
      return [id, readable ? `policy${statements.push(text) - 1}` : undefined] as const;
    });
  const names = { policies: write(staticPolicies, 'policy'), templates: write(templates, 'template') };
  if ([...names.policies, ...names.templates].some(([, name]) => name === undefined)) return undefined;
  const parsed = parsePolicySet(statements.join('\n'));
  const read = (from: PolicySetJson['templates'], ids: (readonly [id: string, name: string | undefined])[]) =>
    objectOf(ids.map(([id, name]) => [id, from[name ?? ''] as PolicySetJson['templates'][string]]));
  return {
    staticPolicies: read(parsed.staticPolicies, names.policies),
    templates: read(parsed.templates, names.templates),
    templateLinks,
  };
}

function officialReads(text: string, kind: 'policy' | 'template'): boolean {
  const answer = kind === 'policy' ? cedar.policyToJson(text) : cedar.templateToJson(text);
  return answer.type === 'success';
}
