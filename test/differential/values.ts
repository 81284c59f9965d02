/** Cedar values in their JSON form. Whole numbers are BigInt throughout; each evaluator gets them as it can take them. */
import fc from 'fast-check';
import type { EntityUid } from '../../engine/cedar-json.ts';
import { type ExtensionFunction, RIGHT } from './extension-texts.ts';
import { ACTIONS, ATTRIBUTES, ENTITIES, type Type } from './vocabulary.ts';

export type Value =
  | boolean
  | bigint
  | string
  | Value[]
  | { __entity: EntityUid }
  | { __extn: { fn: string; arg: Value } | { fn: string; args: Value[] } }
  | { [attribute: string]: Value };

export const LONG_MAX = 2n ** 63n - 1n;
export const LONG_MIN = -(2n ** 63n);

export const long: fc.Arbitrary<bigint> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(0n, 1n, -1n, 2n, 3n, 10n, 1000n) },
  { weight: 2, arbitrary: fc.integer({ min: -20, max: 20 }).map(BigInt) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      LONG_MAX,
      LONG_MAX - 1n,
      LONG_MIN,
      LONG_MIN + 1n,
      LONG_MAX / 2n + 1n,
      LONG_MIN / 2n,
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      2n ** 53n - 1n,
      2n ** 53n,
      2n ** 53n + 1n,
      -(2n ** 53n) - 1n,
      3037000500n,
      2n ** 31n,
    ),
  },
  { weight: 1, arbitrary: fc.bigInt({ min: LONG_MIN, max: LONG_MAX }) },
);

const codePoint = fc.oneof(
  fc.integer({ min: 0, max: 0x7f }),
  fc.integer({ min: 0x80, max: 0xd7ff }),
  fc.integer({ min: 0xe000, max: 0x10ffff }),
);

/** Strings that share beginnings and ends, with what patterns, escapes and UTF-16 get wrong. Never half a pair. */
export const string: fc.Arbitrary<string> = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('', 'a', 'b', 'ab', 'aab', 'abab', 'alice', 'view') },
  { weight: 2, arbitrary: fc.constantFrom('*', 'a*b', '\\', '\\*', '"', '\n', '\u0000', ' ', '__proto__') },
  {
    weight: 2,
    arbitrary: fc.constantFrom('😀', 'a😀b', '😀😀', '😁', 'é', 'e\u0301', '\uffff', '\u{10ffff}', 'ÅB'),
  },
  {
    weight: 1,
    arbitrary: fc.array(codePoint, { maxLength: 4 }).map((points) => String.fromCodePoint(...points)),
  },
);

export const entityUid: fc.Arbitrary<EntityUid> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...ENTITIES) },
  { weight: 1, arbitrary: fc.constantFrom(...ACTIONS) },
);

function extension(fn: ExtensionFunction): fc.Arbitrary<Value> {
  return fc.oneof(
    { weight: 12, arbitrary: RIGHT[fn].map((arg) => ({ __extn: { fn, arg } })) },
    { weight: 1, arbitrary: RIGHT[fn].map((arg) => ({ __extn: { fn, args: [arg] } })) },
  );
}

const day = (arg: string): Value => ({ __extn: { fn: 'datetime', arg } });
const span = (arg: string): Value => ({ __extn: { fn: 'duration', arg } });

/** Values that the JSON gives as a call on other values. */
const calculated: Partial<Record<Type, fc.Arbitrary<Value>>> = {
  datetime: fc
    .tuple(fc.constantFrom('1970-01-01', '2024-02-28', '2026-01-30'), fc.constantFrom('1d', '-1ms', '0ms'))
    .map(([at, by]) => ({ __extn: { fn: 'offset', args: [day(at), span(by)] } })),
  duration: fc
    .tuple(fc.constantFrom('1970-01-02', '1969-12-31'), fc.constantFrom('1970-01-01', '2024-02-28'))
    .map(([to, from]) => ({ __extn: { fn: 'durationSince', args: [day(to), day(from)] } })),
};

function set(element: fc.Arbitrary<Value>): fc.Arbitrary<Value> {
  return fc.array(element, { maxLength: 3 });
}

const scalar: Record<'bool' | 'long' | 'string' | 'entity' | ExtensionFunction, fc.Arbitrary<Value>> = {
  bool: fc.boolean(),
  long,
  string,
  entity: entityUid.map(({ type, id }) => ({ __entity: { type, id } })),
  decimal: extension('decimal'),
  ip: extension('ip'),
  datetime: fc.oneof(
    { weight: 20, arbitrary: extension('datetime') },
    { weight: 1, arbitrary: calculated.datetime ?? fc.constant(false) },
  ),
  duration: fc.oneof(
    { weight: 20, arbitrary: extension('duration') },
    { weight: 1, arbitrary: calculated.duration ?? fc.constant(false) },
  ),
};

const sets = {
  longs: set(scalar.long),
  strings: set(scalar.string),
  entities: set(scalar.entity),
  anys: set(fc.oneof(...Object.values(scalar), set(scalar.long), set(set(scalar.string)))),
};

/** An object from entries, whatever their names: `__proto__` becomes a property like the others. */
export function objectOf<T>(entries: Iterable<readonly [string, T]>): { [name: string]: T } {
  return Object.fromEntries(entries);
}

function recordOf(values: Record<Exclude<Type, 'record'>, fc.Arbitrary<Value>>, inner: fc.Arbitrary<Value>) {
  const entry = fc.oneof(
    ...ATTRIBUTES.map(([name, type]) =>
      (type === 'record' ? inner : values[type]).map((value) => [name, value] as const),
    ),
  );
  return fc.array(entry, { maxLength: 4 }).map((entries): Value => objectOf(entries));
}

const flat = { ...scalar, ...sets };
const record = recordOf(flat, recordOf(flat, fc.constant({})));

/** The values of each type. */
export const VALUES: Record<Type, fc.Arbitrary<Value>> = {
  ...flat,
  anys: fc.oneof({ weight: 4, arbitrary: flat.anys }, { weight: 1, arbitrary: set(record) }),
  record,
};

export const anyValue: fc.Arbitrary<Value> = fc.oneof(...Object.values(VALUES));
