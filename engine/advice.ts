import type { BuiltPolicies, PolicyHead } from './built-policies.ts';
import type { PolicySetJson } from './cedar-json.ts';

/** Gives the text of a policy's `@advice("…")`, if it has one. */
export type AdviceOf = (policyId: string) => string | undefined;

export function adviceOf({ staticPolicies, templates, templateLinks }: PolicySetJson): AdviceOf {
  const advice = new Map<string, string>();
  const note = (id: string, text: string | undefined) => {
    if (text !== undefined) advice.set(id, text);
  };
  for (const [id, policy] of Object.entries(staticPolicies)) note(id, policy.annotations?.advice);
  for (const { newId, templateId } of templateLinks) note(newId, templates[templateId]?.annotations?.advice);
  return (id) => advice.get(id);
}

/** The same of policies of which each is read when it is first asked for. */
export function lateAdviceOf(built: BuiltPolicies, { templates, templateLinks }: PolicyHead): AdviceOf {
  const linked = new Map(templateLinks.map(({ newId, templateId }) => [newId, templateId]));
  const known = new Map<string, string | undefined>();
  return (id) => {
    if (!known.has(id)) {
      const template = linked.get(id);
      const policy = template === undefined ? built.policy(id) : templates[template];
      known.set(id, policy?.annotations?.advice);
    }
    return known.get(id);
  };
}
