import type { Effect, PolicyJson } from '../cedar-json.ts';
import { isEntityTypeName } from '../entity-uid.ts';
import { ExpressionCompiler, told, UnsupportedPolicyError } from './compile-expression.ts';
import type { EntityNode } from './entity-node.ts';
import { type Environment, isIn } from './environment.ts';
import type { Test } from './expression.ts';
import type { ValueReader } from './read-json.ts';
import { isActionType } from './store.ts';

/** What a policy asks of principal or resource before its conditions. */
export interface Scope {
  /** The entity itself. */
  readonly equals?: EntityNode;
  /** The entity, or one below it. */
  readonly within?: EntityNode;
  readonly type?: string;
}

/** Whether a policy is for the action of a request. */
export type ActionTest = (env: Environment) => boolean;

/** A compiled policy, but for its actions. */
export interface CompiledPolicy {
  readonly id: string;
  readonly effect: Effect;
  readonly principal: Scope;
  readonly resource: Scope;
  /** Undefined when the scope is all there is. */
  readonly condition: Test | undefined;
}

/** The entity of a template's slot. @throws UnsupportedPolicyError where it has none */
export type FillSlot = (slot: string) => EntityNode;

const KEYS = new Set(['effect', 'principal', 'action', 'resource', 'conditions', 'annotations']);

/**
 * Compiles a policy or, with its slots filled, a template.
 *
 * @throws UnsupportedPolicyError
 */
export function compilePolicy(
  id: string,
  json: PolicyJson,
  reader: ValueReader,
  fill: FillSlot,
  condition: typeof conditionOf = conditionOf,
): CompiledPolicy {
  if (!isObject(json)) throw new UnsupportedPolicyError('a policy must be an object');
  const unknown = Object.keys(json).find((key) => !KEYS.has(key));
  // What is passed over could be what the policy was to depend on.
  if (unknown !== undefined) throw new UnsupportedPolicyError(`a policy has no "${unknown}"`);
  if (json.effect !== 'permit' && json.effect !== 'forbid') {
    throw new UnsupportedPolicyError('the effect must be permit or forbid');
  }
  const target = (own: string) => (value: Json) => {
    if (value.slot === undefined) return reader.entity(value.entity, 'the scope');
    if (value.slot === own) return fill(own);
    throw new UnsupportedPolicyError(`the slot ${told(value.slot)} is not for this place`);
  };
  return {
    id,
    effect: json.effect,
    principal: scopeOf(json.principal, target('?principal')),
    resource: scopeOf(json.resource, target('?resource')),
    condition: condition(json.conditions, reader),
  };
}

type Json = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function scopeOf(json: Json, target: (json: Json) => EntityNode): Scope {
  switch (json?.op) {
    case 'All':
      return {};
    case '==':
      return { equals: target(json) };
    case 'in':
      return { within: target(json) };
    case 'is': {
      const { entity_type: type, in: group } = json;
      if (typeof type !== 'string' || !isEntityTypeName(type))
        throw new UnsupportedPolicyError('the scope lacks its entity_type, a Cedar type name');
      if (group === undefined || group === null) return { type };
      if (isObject(group)) return { type, within: target(group) };
      throw new UnsupportedPolicyError('the scope needs an entity or a slot after "in"');
    }
    default:
      throw new UnsupportedPolicyError(`the scope has no operator ${told(json?.op)}`);
  }
}

/** The actions that a policy, or a template, is for. @throws UnsupportedPolicyError */
export function actionTest(json: Json, reader: ValueReader): ActionTest {
  const entity = (value: unknown) => {
    const node = reader.entity(value, 'the scope');
    if (isActionType(node.type)) return node;
    throw new UnsupportedPolicyError(`the scope of the action names a ${node.type}`);
  };
  switch (json?.op) {
    case 'All':
      return () => true;
    case '==': {
      const action = entity(json.entity);
      return (env) => env.action === action;
    }
    case 'in': {
      const { entity: one, entities } = json;
      const many = one === undefined && Array.isArray(entities);
      const groups = many ? entities.map(entity) : [entity(one)];
      return (env) => groups.some((group) => isIn(env, env.action, group));
    }
    default:
      throw new UnsupportedPolicyError(`the scope of the action has no operator ${told(json?.op)}`);
  }
}

/** What a policy asks besides its scope; undefined for nothing. @throws UnsupportedPolicyError */
export function conditionOf(conditions: PolicyJson['conditions'], reader: ValueReader): Test | undefined {
  const compiler = new ExpressionCompiler(reader);
  const tests: Test[] = [];
  // A policy cut short must not become one without conditions.
  if (!Array.isArray(conditions)) throw new UnsupportedPolicyError('its conditions must be a list');
  for (const condition of conditions as (Json | null)[]) {
    const { kind, body } = condition ?? {};
    if (kind !== 'when' && kind !== 'unless')
      throw new UnsupportedPolicyError('a condition is when or unless');
    const { test, constant } = compiler.condition(body);
    const wanted = kind === 'when';
    if (constant === wanted) continue;
    tests.push(wanted ? test : (env) => !test(env));
  }
  const [first, ...more] = tests;
  if (first === undefined || more.length === 0) return first;
  return (env) => tests.every((test) => test(env));
}

/** Whether an entity is what a scope asks for. */
export function inScope(env: Environment, scope: Scope, node: EntityNode): boolean {
  const { equals, within, type } = scope;
  if (equals !== undefined) return node === equals;
  if (type !== undefined && node.type !== type) return false;
  return within === undefined || isIn(env, node, within);
}
