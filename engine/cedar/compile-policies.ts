import type { PolicyJson, TemplateLink } from '../cedar-json.ts';
import { ConfigurationError } from '../errors.ts';
import type { EnginePolicies } from './api.ts';
import { UnsupportedPolicyError } from './compile-expression.ts';
import { type ActionScope, actionScope, type CompiledPolicy, compilePolicy } from './compile-policy.ts';
import type { EntityNode } from './entity-node.ts';
import { JsonValueError, ValueReader } from './read-json.ts';
import type { NodeStore } from './store.ts';

/** Policies that ask the same of the action. */
export interface PolicyGroup extends ActionScope {
  /** @throws ConfigurationError naming the policy that cannot be evaluated, where compiling was put off */
  compiled(): readonly CompiledPolicy[];
}

/**
 * Compiles policies and links of templates.
 *
 * @throws ConfigurationError naming the policy that cannot be evaluated
 */
export function compilePolicies(policies: EnginePolicies, store: NodeStore): PolicyGroup[] {
  const compiler = new PolicyCompiler(store);
  const templates = policies.templates ?? {};
  const ids = new Set(Object.keys(templates));
  const compile = (id: string, json: PolicyJson | undefined, slots?: TemplateLink['values']): PolicyGroup =>
    naming(id, () => {
      // Answers name policies by id.
      if (ids.has(id)) throw new UnsupportedPolicyError('another policy or template has this id');
      ids.add(id);
      if (json === undefined) throw new UnsupportedPolicyError('its template is not there');
      const compiled = [compiler.compile(id, json, slots)];
      return { ...compiler.actionScope(id, json.action), compiled: () => compiled };
    });
  return [
    ...Object.entries(policies.staticPolicies).map(([id, json]) => compile(id, json)),
    ...(policies.templateLinks ?? []).map(({ templateId, newId, values }) =>
      compile(newId, Object.hasOwn(templates, templateId) ? templates[templateId] : undefined, values),
    ),
  ];
}

/** Compiles policies one by one; the entities they name stay in the store. */
export class PolicyCompiler {
  readonly #reader: ValueReader;

  constructor(store: NodeStore) {
    const named = new Set<EntityNode>();
    const resolve = (type: string, id: string) => {
      const node = store.intern(type, id);
      if (!named.has(node)) {
        named.add(node);
        store.retain(node);
      }
      return node;
    };
    this.#reader = new ValueReader(resolve, store.shapes);
  }

  /** @throws ConfigurationError naming the policy */
  compile(id: string, json: PolicyJson, slots: TemplateLink['values'] = {}): CompiledPolicy {
    return naming(id, () => {
      const filled = Object.entries(slots).map(
        ([slot, uid]) => [slot, this.#reader.entity(uid, slot)] as const,
      );
      return compilePolicy(id, json, this.#reader, Object.fromEntries(filled));
    });
  }

  /** @throws ConfigurationError naming the policy */
  actionScope(id: string, json: PolicyJson['action']): ActionScope {
    return naming(id, () => actionScope(json, this.#reader));
  }
}

/** Says of which policy an error is. */
function naming<T>(id: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UnsupportedPolicyError || error instanceof JsonValueError)) throw error;
    throw new ConfigurationError(`policy ${id}: ${error.message}`);
  }
}
