import type { PolicyJson, TemplateLink } from '../cedar-json.ts';
import { ConfigurationError } from '../errors.ts';
import type { EnginePolicies } from './api.ts';
import { UnsupportedPolicyError } from './compile-expression.ts';
import { type ActionScope, actionScope, type CompiledPolicy, compilePolicy } from './compile-policy.ts';
import type { EntityNode } from './entity-node.ts';
import { JsonValueError, ValueReader } from './read-json.ts';
import type { NodeStore } from './store.ts';

/** A policy, found by its actions. */
export interface Policy extends ActionScope {
  /** The rest of it. @throws ConfigurationError as {@link compilePolicies} does, where it was put off */
  compiled(): CompiledPolicy;
}

/**
 * Compiles policies and links of templates; the entities they name stay in the store.
 *
 * @param when `needed` for policies that this engine is known to evaluate: each is compiled when it is first asked
 * for, which an action that it is not for never does
 * @throws ConfigurationError naming the policy that cannot be evaluated
 */
export function compilePolicies(
  policies: EnginePolicies,
  store: NodeStore,
  when: 'now' | 'needed' = 'now',
): Policy[] {
  const named = new Set<EntityNode>();
  const resolve = (type: string, id: string) => {
    const node = store.intern(type, id);
    if (!named.has(node)) {
      named.add(node);
      store.retain(node);
    }
    return node;
  };
  const reader = new ValueReader(resolve, store.shapes);
  const templates = policies.templates ?? {};
  const ids = new Set(Object.keys(templates));
  const read = (id: string, json: PolicyJson | undefined, slots: TemplateLink['values'] = {}): Policy => {
    const compile = () => {
      const filled = Object.entries(slots).map(([slot, uid]) => [slot, reader.entity(uid, slot)] as const);
      return compilePolicy(id, known(json), reader, Object.fromEntries(filled));
    };
    return naming(id, () => {
      // Answers name policies by id.
      if (ids.has(id)) throw new UnsupportedPolicyError('another policy or template has this id');
      ids.add(id);
      const compiled = when === 'now' ? always(compile()) : once(() => naming(id, compile));
      return { ...actionScope(known(json), reader), compiled };
    });
  };
  return [
    ...Object.entries(policies.staticPolicies).map(([id, json]) => read(id, json)),
    ...(policies.templateLinks ?? []).map(({ templateId, newId, values }) =>
      read(newId, Object.hasOwn(templates, templateId) ? templates[templateId] : undefined, values),
    ),
  ];
}

function always<T>(value: T): () => T {
  return () => value;
}

/** What is made is kept, and what it was made from is not. */
function once<T>(make: () => T): () => T {
  let state: { make: () => T } | { made: T } = { make };
  return () => {
    if ('make' in state) state = { made: state.make() };
    return state.made;
  };
}

function known(json: PolicyJson | undefined): PolicyJson {
  if (json === undefined) throw new UnsupportedPolicyError('its template is not there');
  return json;
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
