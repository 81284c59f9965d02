import type { PolicyJson, TemplateLink } from '../cedar-json.ts';
import { ConfigurationError } from '../errors.ts';
import type { EnginePolicies } from './api.ts';
import { UnsupportedPolicyError } from './compile-expression.ts';
import { type CompiledPolicy, compilePolicy } from './compile-policy.ts';
import type { EntityNode } from './entity-node.ts';
import { JsonValueError, ValueReader } from './read-json.ts';
import type { NodeStore } from './store.ts';

/**
 * Compiles policies and links of templates; the entities they name stay in the store.
 *
 * @throws ConfigurationError naming the policy that cannot be evaluated
 */
export function compilePolicies(policies: EnginePolicies, store: NodeStore): CompiledPolicy[] {
  const named = new Set<EntityNode>();
  const resolve = (type: string, id: string) => {
    const node = store.intern(type, id);
    named.add(node);
    return node;
  };
  const reader = new ValueReader(resolve, store.shapes);
  const compiled: CompiledPolicy[] = [];
  const templates = policies.templates ?? {};
  const ids = new Set(Object.keys(templates));
  const compile = (id: string, json: PolicyJson | undefined, slots: TemplateLink['values'] = {}) => {
    try {
      // Answers name policies by id.
      if (ids.has(id)) throw new UnsupportedPolicyError('another policy or template has this id');
      ids.add(id);
      if (json === undefined) throw new UnsupportedPolicyError('its template is not there');
      const filled = Object.entries(slots).map(([slot, uid]) => [slot, reader.entity(uid, slot)] as const);
      compiled.push(compilePolicy(id, json, reader, Object.fromEntries(filled)));
    } catch (error) {
      if (!(error instanceof UnsupportedPolicyError || error instanceof JsonValueError)) throw error;
      throw new ConfigurationError(`policy ${id}: ${error.message}`);
    }
  };
  for (const [id, json] of Object.entries(policies.staticPolicies)) compile(id, json);
  for (const { templateId, newId, values } of policies.templateLinks ?? []) {
    compile(newId, Object.hasOwn(templates, templateId) ? templates[templateId] : undefined, values);
  }
  for (const node of named) store.retain(node);
  return compiled;
}
