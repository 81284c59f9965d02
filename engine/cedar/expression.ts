import { EntityNode } from './entity-node.ts';
import { attributesOf, type Environment, exists, isIn, tagsOf } from './environment.ts';
import { Scalar } from './extensions.ts';
import { fail } from './failure.ts';
import { isLong, type Long } from './long.ts';
import { RecordValue, SetValue, type Value } from './values.ts';

/** A compiled expression. Throws an EvaluationFailure where it has no value. */
export type Code = (env: Environment) => Value;

/** A compiled expression that has a boolean or no value. */
export type Test = (env: Environment) => boolean;

export function booleanOf(value: Value): boolean {
  return typeof value === 'boolean' ? value : fail('type error: expected a boolean');
}

export function longValue(value: Value): Long {
  return isLong(value) ? value : fail('type error: expected a long');
}

export function textOf(value: Value): string {
  return typeof value === 'string' ? value : fail('type error: expected a string');
}

export function setOf(value: Value): SetValue {
  return value instanceof SetValue ? value : fail('type error: expected a set');
}

export function nodeOf(value: Value): EntityNode {
  return value instanceof EntityNode ? value : fail('type error: expected an entity');
}

/** `.`: an attribute of a record, or of an entity that exists. */
export function attribute(env: Environment, value: Value, name: string): Value {
  if (value instanceof EntityNode) {
    const attrs = attributesOf(env, value) ?? fail('the entity does not exist');
    return attrs.get(name) ?? fail('the entity does not have the attribute');
  }
  if (value instanceof RecordValue) return value.get(name) ?? fail('the record does not have the attribute');
  return fail('type error: expected a record or an entity');
}

/** `has`: false for an entity that does not exist. */
export function hasAttribute(env: Environment, value: Value, name: string): boolean {
  if (value instanceof EntityNode) return attributesOf(env, value)?.shape.has(name) ?? false;
  if (value instanceof RecordValue) return value.shape.has(name);
  return fail('type error: expected a record or an entity');
}

/** `in`, with an entity or a set of entities on the right. */
export function inEntities(env: Environment, left: Value, right: Value): boolean {
  const node = nodeOf(left);
  if (right instanceof EntityNode) return isIn(env, node, right);
  if (!(right instanceof SetValue)) return fail('type error: expected an entity or a set of entities');
  // One that is no entity is an error, even where another would do.
  for (const group of right.items) nodeOf(group);
  return right.items.some((group) => isIn(env, node, group as EntityNode));
}

export function hasTag(env: Environment, value: Value, name: Value): boolean {
  const node = nodeOf(value);
  const tag = textOf(name);
  return tagsOf(env, node)?.shape.has(tag) ?? false;
}

export function getTag(env: Environment, value: Value, name: Value): Value {
  const node = nodeOf(value);
  const tag = textOf(name);
  if (!exists(env, node)) return fail('the entity does not exist');
  return tagsOf(env, node)?.get(tag) ?? fail('the entity does not have the tag');
}

/** `<` and `<=`, of longs, datetimes and durations. */
export function isLess(left: Value, right: Value, orEqual: boolean): boolean {
  if (isLong(left)) {
    const other = longValue(right);
    return orEqual ? left <= other : left < other;
  }
  if (left instanceof Scalar && left.type !== 'decimal') {
    if (!(right instanceof Scalar) || right.type !== left.type)
      return fail(`type error: expected a ${left.type}`);
    return orEqual ? left.value <= right.value : left.value < right.value;
  }
  return fail('type error: expected a long, a datetime or a duration');
}
