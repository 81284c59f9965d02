import type { PolicyJson, TemplateLink } from '../cedar-json.ts';
import { ConfigurationError } from '../errors.ts';
import type { EnginePolicies } from './api.ts';
import { UnsupportedPolicyError } from './compile-expression.ts';
import { type CompiledPolicy, compilePolicy, type FillSlot, isObject } from './compile-policy.ts';
import { EntityNode } from './entity-node.ts';
import { caught } from './failure.ts';
import { JsonValueError, ValueReader } from './read-json.ts';
import type { NodeStore } from './store.ts';

/** Stands in the slots of a template that is compiled to see whether it can be. */
const ANY_ENTITY = new EntityNode('', '');

/**
 * Compiles policies and links of templates; the entities they name stay in the store.
 *
 * @throws ConfigurationError naming the policy or template that cannot be evaluated
 */
export function compilePolicies(policies: EnginePolicies, store: NodeStore): CompiledPolicy[] {
  const named = new Set<EntityNode>();
  const resolve = (type: string, id: string) => {
    const node = store.intern(type, id);
    named.add(node);
    return node;
  };
  const reader = new ValueReader(resolve, store.shapes);
  const ids = new Set<string>();
  const compile = (id: string, json: PolicyJson, fill: FillSlot) => {
    // Answers name policies by id.
    if (ids.has(id)) throw new UnsupportedPolicyError('another policy or template has this id');
    ids.add(id);
    return compilePolicy(id, json, reader, fill);
  };

  const templates = new Map<string, Template>();
  for (const [id, json] of byId(policies.templates ?? {}, 'templates')) {
    const slots = new Set<string>();
    naming(id, () => compile(id, json, (slot) => slots.add(slot) && ANY_ENTITY));
    templates.set(id, { json, slots });
  }
  const compiled = byId(policies.staticPolicies, 'staticPolicies').map(([id, json]) =>
    naming(id, () => compile(id, json, unfilled)),
  );
  const { templateLinks = [] } = policies;
  if (!Array.isArray(templateLinks)) throw new ConfigurationError('templateLinks must be a list');
  for (const link of templateLinks) {
    const { templateId, newId, values } = (link ?? {}) as Partial<TemplateLink>;
    if (typeof newId !== 'string') throw new ConfigurationError('a template link needs a newId, a string');
    const linked = naming(newId, () => {
      const template = templates.get(templateId as string);
      if (template === undefined) throw new UnsupportedPolicyError('its template is not there');
      const filled = fillings(values, template, reader);
      return compile(newId, template.json, (slot) => filled.get(slot) ?? unfilled(slot));
    });
    compiled.push(linked);
  }
  for (const node of named) store.retain(node);
  return compiled;
}

interface Template {
  json: PolicyJson;
  slots: ReadonlySet<string>;
}

function fillings(values: unknown, { slots }: Template, reader: ValueReader): Map<string, EntityNode> {
  if (!isObject(values)) throw new UnsupportedPolicyError('its values must be an object');
  const filled = new Map<string, EntityNode>();
  for (const [slot, uid] of Object.entries(values)) {
    if (!slots.has(slot)) throw new UnsupportedPolicyError(`its template has no slot ${slot}`);
    filled.set(slot, reader.entity(uid, slot));
  }
  return filled;
}

function unfilled(slot: string): never {
  throw new UnsupportedPolicyError(`the slot ${slot} is not filled`);
}

function naming<T>(id: string, compile: () => T): T {
  try {
    return compile();
  } catch (error) {
    const { message } = caught(error, UnsupportedPolicyError, JsonValueError);
    throw new ConfigurationError(`policy ${id}: ${message}`);
  }
}

function byId(policies: Record<string, PolicyJson>, what: string): [string, PolicyJson][] {
  if (!isObject(policies)) throw new ConfigurationError(`${what} must be an object of policies by their ids`);
  return Object.entries(policies);
}
