import { formatUid, uidKey } from '../entity-uid.ts';
import type { RecordType, ResolvedType, Schema } from '../schema.ts';
import { EntityNode } from './entity-node.ts';
import { isLong } from './long.ts';
import { JsonValueError } from './read-json.ts';
import { type EntityChange, isActionType } from './store.ts';
import { isExtension, RecordValue, SetValue, type Value } from './values.ts';

/**
 * What was read, held to the schema: a policy reads a value of another type as an error, and a `forbid` that errs
 * does not apply.
 */
export class Conformance {
  readonly #schema: Schema;

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  /** @throws JsonValueError for an entity that the schema does not allow */
  entity({ node, attrs, tags, parents }: EntityChange, path: string): void {
    if (isActionType(node.type)) {
      this.#action(node, attrs, parents, path);
      return;
    }
    const type = this.#schema.entityTypes.get(node.type) ?? fail(path, `the schema has no type ${node.type}`);
    this.#named(node, path);
    this.record(attrs, type.attributes, `${path}.attrs`);
    for (const [name, tag] of tags?.entries() ?? []) {
      if (type.tags === undefined) fail(`${path}.tags`, `the schema has none for a ${node.type}`);
      this.#value(tag, type.tags, `${path}.tags.${name}`);
    }
    for (const parent of parents) {
      if (!type.memberOf.has(parent.type))
        fail(`${path}.parents`, `the schema has no ${node.type} in a ${parent.type}`);
    }
  }

  /** @throws JsonValueError for a record that is not of its type */
  record(record: RecordValue, { attributes }: RecordType, path: string): void {
    for (const [name, value] of record.entries()) {
      const attribute = attributes.get(name) ?? fail(`${path}.${name}`, 'is not in the schema');
      this.#value(value, attribute.type, `${path}.${name}`);
    }
    for (const [name, { required }] of attributes) {
      if (required && !record.shape.has(name)) fail(`${path}.${name}`, 'is missing: the schema requires it');
    }
  }

  #value(value: Value, type: ResolvedType, path: string): void {
    if (type.kind === 'record' && value instanceof RecordValue) this.record(value, type, path);
    else if (type.kind === 'set' && value instanceof SetValue) {
      for (const item of value.items) this.#value(item, type.element, path);
    } else if (type.kind === 'entity' && value instanceof EntityNode && value.type === type.name) {
      this.#named(value, path);
    } else if (!isScalarOf(type, value)) {
      const wanted =
        type.kind === 'entity' ? type.name : type.kind === 'extension' ? type.extension : type.kind;
      fail(path, `is no ${wanted}, which it is in the schema`);
    }
  }

  /** An enumerated type has no other ids. */
  #named({ type, id }: EntityNode, path: string): void {
    const ids = this.#schema.entityTypes.get(type)?.ids;
    if (ids !== undefined && !ids.has(id))
      fail(path, `the schema does not enumerate ${formatUid({ type, id })}`);
  }

  /** Data may repeat what the schema says of an action, and may name all that is above it. */
  #action(node: EntityNode, attrs: RecordValue, parents: readonly EntityNode[], path: string): void {
    const declared = this.#schema.actions.get(uidKey(node));
    const above = new Set([node].map(uidKey));
    for (const key of above)
      for (const group of this.#schema.actions.get(key)?.memberOf ?? []) above.add(uidKey(group));
    const given = new Set(parents.map(uidKey));
    const same =
      declared?.memberOf.every((group) => given.has(uidKey(group))) &&
      [...given].every((key) => above.has(key));
    if (!same || attrs.values.length > 0) fail(path, 'is another action than in the schema');
  }
}

function isScalarOf(type: ResolvedType, value: Value): boolean {
  if (type.kind === 'extension') return isExtension(value) && value.type === type.extension;
  return type.kind === 'long' ? isLong(value) : typeof value === type.kind;
}

function fail(path: string, problem: string): never {
  throw new JsonValueError(`${path}: ${problem}`);
}
