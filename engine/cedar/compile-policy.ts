import type { Effect, EntityUid, PolicyJson } from '../cedar-json.ts';
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

/** What a policy asks of the action. */
export interface ActionScope {
  /** Any of these or below them; undefined for every action. */
  readonly actions: readonly EntityNode[] | undefined;
  /** Whether `actions` are meant themselves only. */
  readonly exactAction: boolean;
}

/** A compiled policy, but for its actions. */
export interface CompiledPolicy {
  readonly id: string;
  readonly effect: Effect;
  readonly principal: Scope;
  readonly resource: Scope;
  /** Undefined when the scope is all there is. */
  readonly condition: Test | undefined;
}

/**
 * Compiles a policy or, with its slots filled, a template.
 *
 * @throws UnsupportedPolicyError
 */
export function compilePolicy(
  id: string,
  json: PolicyJson,
  reader: ValueReader,
  slots: Readonly<Record<string, EntityNode>> = {},
): CompiledPolicy {
  if (json.effect !== 'permit' && json.effect !== 'forbid') {
    throw new UnsupportedPolicyError('the effect must be permit or forbid');
  }
  const target = ({ slot, entity: uid }: { slot?: unknown; entity?: unknown }): EntityNode => {
    if (typeof slot !== 'string') return reader.entity(uid, 'the scope');
    const node = Object.hasOwn(slots, slot) ? slots[slot] : undefined;
    if (node === undefined) throw new UnsupportedPolicyError(`the slot ${slot} is not filled`);
    return node;
  };
  return {
    id,
    effect: json.effect,
    principal: scopeOf(json.principal, target),
    resource: scopeOf(json.resource, target),
    condition: conditionOf(json, new ExpressionCompiler(reader, slots)),
  };
}

type Target = (json: { slot?: unknown; entity?: unknown }) => EntityNode;

function scopeOf(json: Record<string, unknown>, target: Target): Scope {
  switch (json?.op) {
    case 'All':
      return {};
    case '==':
      return { equals: target(json) };
    case 'in':
      return { within: target(json) };
    case 'is': {
      const { entity_type: type, in: group } = json as { entity_type?: unknown; in?: EntityUid };
      if (typeof type !== 'string') throw new UnsupportedPolicyError('the scope lacks its entity_type');
      return group === undefined ? { type } : { type, within: target(group as { entity?: unknown }) };
    }
    default:
      throw new UnsupportedPolicyError(`the scope has no operator ${JSON.stringify(json?.op)}`);
  }
}

/** The actions that a policy, or a template, is for. @throws UnsupportedPolicyError */
export function actionScope(json: PolicyJson['action'], reader: ValueReader): ActionScope {
  const entity = (value: unknown) => {
    const node = reader.entity(value, 'the scope');
    if (isActionType(node.type)) return node;
    throw new UnsupportedPolicyError(`the scope of the action names a ${node.type}`);
  };
  switch (json?.op) {
    case 'All':
      return { actions: undefined, exactAction: false };
    case '==':
      return { actions: [entity(json.entity)], exactAction: true };
    case 'in': {
      const { entities } = json;
      return {
        actions: Array.isArray(entities) ? entities.map(entity) : [entity(json.entity)],
        exactAction: false,
      };
    }
    default:
      throw new UnsupportedPolicyError(`the scope of the action has no operator ${JSON.stringify(json?.op)}`);
  }
}

function conditionOf({ conditions }: PolicyJson, compiler: ExpressionCompiler): Test | undefined {
  const tests: Test[] = [];
  // A policy cut short must not become one without conditions.
  if (!Array.isArray(conditions)) throw new UnsupportedPolicyError('its conditions must be a list');
  for (const { kind, body } of conditions) {
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
