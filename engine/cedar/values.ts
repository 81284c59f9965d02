import type { EntityNode } from './entity-node.ts';
import { type ExtensionValue, IpAddress, Scalar } from './extensions.ts';
import type { Long } from './long.ts';

/** A Cedar value. */
export type Value = boolean | string | Long | EntityNode | RecordValue | SetValue | ExtensionValue;

/** The attribute names of a record and where their values are: one for all records alike. */
export type Shape = ReadonlyMap<string, number>;

/** Names with values: a record, or an entity. A map keeps the names, so `__proto__` is one like any other. */
export abstract class Attributes {
  shape: Shape;
  /** The values from `offset` on; others may be before and behind them. */
  values: readonly Value[];
  offset = 0;

  constructor(shape: Shape, values: readonly Value[]) {
    this.shape = shape;
    this.values = values;
  }

  get(name: string): Value | undefined {
    const index = this.shape.get(name);
    return index === undefined ? undefined : this.at(index);
  }

  at(index: number): Value {
    return this.values[this.offset + index] as Value;
  }

  *entries(): Generator<[string, Value]> {
    for (const [name, index] of this.shape) yield [name, this.at(index)];
  }
}

export class RecordValue extends Attributes {
  static of(entries: Iterable<readonly [string, Value]>): RecordValue {
    const shape = new Map<string, number>();
    const values: Value[] = [];
    for (const [name, value] of entries) {
      const index = shape.get(name);
      if (index === undefined) shape.set(name, values.push(value) - 1);
      else values[index] = value;
    }
    return new RecordValue(shape, values);
  }
}

export const EMPTY_RECORD = new RecordValue(new Map(), []);

/** Sets up to this size are searched one by one, which needs no keys, unless sets or records are in them. */
const SMALL = 8;

/** A set, without duplicates. */
export class SetValue {
  readonly items: readonly Value[];
  /** Of items that are many, or that take long to compare with each other; of few they are made when asked for. */
  #keys: ReadonlySet<string> | 'when asked' | undefined;
  #key: string | undefined;

  private constructor(items: readonly Value[], keys?: ReadonlySet<string> | 'when asked') {
    this.items = items;
    this.#keys = keys;
  }

  static of(values: readonly Value[]): SetValue {
    if (values.length > SMALL || (values.length > 1 && values.some(isContainer))) {
      const byKey = new Map<string, Value>();
      for (const value of values) byKey.set(keyOf(value), value);
      return new SetValue([...byKey.values()], byKey.size > SMALL ? new Set(byKey.keys()) : 'when asked');
    }
    const items: Value[] = [];
    for (const value of values) if (!items.some((item) => equal(item, value))) items.push(value);
    return new SetValue(items);
  }

  has(value: Value): boolean {
    if (this.#keys === undefined) {
      for (const item of this.items) if (equal(item, value)) return true;
      return false;
    }
    if (this.#keys === 'when asked') this.#keys = new Set(this.items.map(keyOf));
    return this.#keys.has(keyOf(value));
  }

  hasAll(other: SetValue): boolean {
    return other.items.every((item) => this.has(item));
  }

  hasAny(other: SetValue): boolean {
    return other.items.some((item) => this.has(item));
  }

  /** See {@link keyOf}. */
  key(): string {
    this.#key ??= `[${this.items.map(keyOf).sort().map(framed).join('')}]`;
    return this.#key;
  }
}

function isContainer(value: Value): boolean {
  return value instanceof SetValue || value instanceof RecordValue;
}

export function isExtension(value: Value): value is ExtensionValue {
  return value instanceof Scalar || value instanceof IpAddress;
}

/** Cedar's `==`: never an error, false across types. */
export function equal(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object') return false;
  if (a instanceof SetValue) return b instanceof SetValue && a.items.length === b.items.length && a.hasAll(b);
  if (a instanceof RecordValue) return b instanceof RecordValue && equalRecords(a, b);
  if (isExtension(a)) return isExtension(b) && a.equals(b);
  return isNode(b) && a.type === b.type && a.id === b.id;
}

function isNode(value: Value): value is EntityNode {
  return (
    typeof value === 'object' &&
    !(value instanceof SetValue || value instanceof RecordValue || isExtension(value))
  );
}

function equalRecords(a: RecordValue, b: RecordValue): boolean {
  if (a.shape.size !== b.shape.size) return false;
  for (const [name, index] of a.shape) {
    const other = b.get(name);
    if (other === undefined || !equal(a.at(index), other)) return false;
  }
  return true;
}

/** Two values are equal if and only if their keys are. */
export function keyOf(value: Value): string {
  switch (typeof value) {
    case 'string':
      return `s${value}`;
    case 'boolean':
      return value ? 'true' : 'false';
    case 'number':
    case 'bigint':
      return `n${value}`;
    default:
      break;
  }
  if (value instanceof SetValue) return value.key();
  if (value instanceof RecordValue) {
    const entries = [...value.entries()].map(([name, item]) => framed(name) + framed(keyOf(item)));
    return `{${entries.sort().join('')}}`;
  }
  return isExtension(value) ? `x${value.key()}` : `e${value.type}\u0000${value.id}`;
}

/** So that no key can be mistaken for a part of another. Escapes would double with each level of nesting. */
function framed(key: string): string {
  return `${key.length}:${key}`;
}
