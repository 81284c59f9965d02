import type { PolicyJson, TemplateLink } from '../cedar-json.ts';
import { ConfigurationError } from '../errors.ts';
import type { Steps } from '../steps.ts';
import type { EnginePolicies } from './api.ts';
import { UnsupportedPolicyError } from './compile-expression.ts';
import {
  type ActionTest,
  actionTest,
  type CompiledPolicy,
  compilePolicy,
  conditionOf,
  type FillSlot,
  isObject,
} from './compile-policy.ts';
import { EntityNode } from './entity-node.ts';
import type { Environment } from './environment.ts';
import type { Test } from './expression.ts';
import { caught } from './failure.ts';
import { JsonValueError, ValueReader } from './read-json.ts';
import type { NodeStore } from './store.ts';

/** Policies that ask the same of the action. */
export interface PolicyGroup {
  readonly isFor: ActionTest;
  /** @throws ConfigurationError naming the policy that cannot be evaluated, where compiling was put off */
  compiled(): readonly CompiledPolicy[];
}

/** Stands in the slots of a template that is compiled to see whether it can be. */
const ANY_ENTITY = new EntityNode('', '');

/**
 * Compiles policies and links of templates.
 *
 * @throws ConfigurationError naming the policy or template that cannot be evaluated
 */
export function* compilePolicies(policies: EnginePolicies, store: NodeStore): Steps<PolicyGroup[]> {
  const compiler = new PolicyCompiler(store);
  const ids = new Set<string>();
  const compile = (id: string, json: PolicyJson, fill?: FillSlot): PolicyGroup => {
    // Answers name policies by id.
    if (ids.has(id)) throw new UnsupportedPolicyError('another policy or template has this id');
    ids.add(id);
    const compiled = [compiler.compile(id, json, fill)];
    return { isFor: compiler.actionTest(id, json.action), compiled: () => compiled };
  };

  const templates = new Map<string, Template>();
  for (const [id, json] of byId(policies.templates ?? {}, 'templates')) {
    const slots = new Set<string>();
    naming(id, () => compile(id, json, (slot) => slots.add(slot) && ANY_ENTITY));
    templates.set(id, { json, slots });
    yield;
  }
  const groups: PolicyGroup[] = [];
  for (const [id, json] of byId(policies.staticPolicies, 'staticPolicies')) {
    groups.push(naming(id, () => compile(id, json)));
    yield;
  }
  const { templateLinks = [] } = policies;
  if (!Array.isArray(templateLinks)) throw new ConfigurationError('templateLinks must be a list');
  for (const link of templateLinks) {
    const { templateId, newId, values } = (link ?? {}) as Partial<TemplateLink>;
    if (typeof newId !== 'string') throw new ConfigurationError('a template link needs a newId, a string');
    const linked = naming(newId, () => {
      const template = templates.get(templateId as string);
      if (template === undefined) throw new UnsupportedPolicyError('its template is not there');
      checkValues(values, template);
      return compile(newId, template.json, compiler.filling(values));
    });
    groups.push(linked);
    yield;
  }
  return groups;
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
  compile(id: string, json: PolicyJson, fill: FillSlot = unfilled): CompiledPolicy {
    return naming(id, () => compilePolicy(id, json, this.#reader, fill));
  }

  /** The same with each condition left until a request comes to it. @throws ConfigurationError, also then */
  compileLate(id: string, json: PolicyJson, fill: FillSlot = unfilled): CompiledPolicy {
    const late = (conditions: PolicyJson['conditions']): Test => {
      let test: Test | undefined;
      return (env) => {
        test ??= naming(id, () => conditionOf(conditions, this.#reader) ?? (() => true));
        return test(env);
      };
    };
    const condition = (conditions: PolicyJson['conditions']) => {
      const tests = conditions.map((one) => late([one]));
      return tests.length === 0 ? undefined : (env: Environment) => tests.every((test) => test(env));
    };
    return naming(id, () => compilePolicy(id, json, this.#reader, fill, condition));
  }

  /** @throws ConfigurationError naming the policy */
  actionTest(id: string, json: PolicyJson['action']): ActionTest {
    return naming(id, () => actionTest(json, this.#reader));
  }

  /** The slots of a link's template, filled. */
  filling(values: TemplateLink['values']): FillSlot {
    return (slot) => (Object.hasOwn(values, slot) ? this.#reader.entity(values[slot], slot) : unfilled(slot));
  }
}

interface Template {
  json: PolicyJson;
  slots: ReadonlySet<string>;
}

function checkValues(values: unknown, { slots }: Template): asserts values is TemplateLink['values'] {
  if (!isObject(values)) throw new UnsupportedPolicyError('its values must be an object');
  const unknown = Object.keys(values).find((slot) => !slots.has(slot));
  if (unknown !== undefined) throw new UnsupportedPolicyError(`its template has no slot ${unknown}`);
}

function unfilled(slot: string): never {
  throw new UnsupportedPolicyError(`the slot ${slot} is not filled`);
}

/** Says of which policy an error is. */
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
