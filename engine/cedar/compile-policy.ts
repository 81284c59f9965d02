import type { Effect, PolicyJson } from '../cedar-json.ts';
import { isEntityTypeName } from '../entity-uid.ts';
import { ExpressionCompiler, UnsupportedPolicyError } from './compile-expression.ts';
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

/** A compiled policy. */
export interface CompiledPolicy {
  readonly id: string;
  readonly effect: Effect;
  readonly principal: Scope;
  readonly resource: Scope;
  /** Any of these or below them; undefined for every action. */
  readonly actions: readonly EntityNode[] | undefined;
  /** Whether `actions` are meant themselves only. */
  readonly exactAction: boolean;
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
): CompiledPolicy {
  if (!isObject(json)) throw new UnsupportedPolicyError('a policy must be an object');
  const unknown = Object.keys(json).find((key) => !KEYS.has(key));
  // What is passed over could be what the policy was to depend on.
  if (unknown !== undefined) throw new UnsupportedPolicyError(`a policy has no "${unknown}"`);
  if (json.effect !== 'permit' && json.effect !== 'forbid') {
    throw new UnsupportedPolicyError('the effect must be permit or forbid');
  }
  const entity = (value: unknown) => reader.entity(value, 'the scope');
  const action = (value: unknown) => {
    const node = entity(value);
    if (isActionType(node.type)) return node;
    throw new UnsupportedPolicyError(`the scope of the action names a ${node.type}`);
  };
  const target = (own: string) => (value: Json) => {
    if (value.slot === undefined) return entity(value.entity);
    if (value.slot === own) return fill(own);
    throw new UnsupportedPolicyError(`the slot ${JSON.stringify(value.slot)} is not for this place`);
  };
  return {
    id,
    effect: json.effect,
    principal: scopeOf(json.principal, target('?principal')),
    resource: scopeOf(json.resource, target('?resource')),
    ...actionsOf(json.action, action),
    condition: conditionOf(json, new ExpressionCompiler(reader)),
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
      throw new UnsupportedPolicyError(`the scope has no operator ${JSON.stringify(json?.op)}`);
  }
}

function actionsOf(
  json: Json,
  entity: (value: unknown) => EntityNode,
): Pick<CompiledPolicy, 'actions' | 'exactAction'> {
  switch (json?.op) {
    case 'All':
      return { actions: undefined, exactAction: false };
    case '==':
      return { actions: [entity(json.entity)], exactAction: true };
    case 'in': {
      const { entity: one, entities } = json;
      const many = one === undefined && Array.isArray(entities);
      return { actions: many ? entities.map(entity) : [entity(one)], exactAction: false };
    }
    default:
      throw new UnsupportedPolicyError(`the scope of the action has no operator ${JSON.stringify(json?.op)}`);
  }
}

function conditionOf({ conditions }: PolicyJson, compiler: ExpressionCompiler): Test | undefined {
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
