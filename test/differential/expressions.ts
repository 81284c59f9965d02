/**
 * Expressions, made by type: most evaluate without an error, and some subexpression now and then has the wrong type,
 * so that errors come up everywhere without drowning the rest.
 */
import fc from 'fast-check';
import type { Expr } from '../../engine/cedar-json.ts';
import { type ExtensionFunction, RIGHT, WRONG } from './extension-texts.ts';
import * as op from './operators.ts';
import { probe } from './probes.ts';
import { anyValue, entityUid, objectOf, string, VALUES } from './values.ts';
import { ATTRIBUTE_NAMES, ATTRIBUTES, attributesOf, ENTITY_TYPES, TYPES, type Type } from './vocabulary.ts';

type Kind = Type | 'any';
type Of = (kind: Kind) => fc.Arbitrary<Expr>;

const among = fc.constantFrom;

/** Out of this many subexpressions, one has no regard for the type it should have. */
const SLIP = 60;

const entityVariable = among(op.variable('principal'), op.variable('resource'), op.variable('action'));
const entityLeaf = fc.oneof(
  { weight: 3, arbitrary: entityVariable },
  { weight: 1, arbitrary: entityUid.map(op.entity) },
);

const pattern: fc.Arbitrary<op.Pattern> = fc.array(
  fc.oneof(
    among('Wildcard' as const),
    fc
      .oneof({ weight: 3, arbitrary: among('a', 'b', 'ab', '😀', 'é') }, string)
      .map((Literal) => ({ Literal })),
  ),
  { maxLength: 5 },
);

function leaf(type: Type): fc.Arbitrary<Expr> {
  const names = among(...attributesOf(type));
  const literal = VALUES[type].map(op.value);
  const read = fc
    .tuple(among(op.variable('principal'), op.variable('resource'), op.variable('context')), names)
    .map(([left, name]) => op.attribute(left, name));
  const guarded = fc
    .tuple(fc.oneof(entityLeaf, among(op.variable('context'))), names, literal)
    .map(([left, name, otherwise]) => op.choose(op.has(left, name), op.attribute(left, name), otherwise));
  const more = {
    entity: [{ weight: 6, arbitrary: entityLeaf }],
    record: [{ weight: 2, arbitrary: among(op.variable('context')) }],
    decimal: [{ weight: 4, arbitrary: constructed('decimal') }],
    ip: [{ weight: 4, arbitrary: constructed('ip') }],
    datetime: [{ weight: 4, arbitrary: constructed('datetime') }],
    duration: [{ weight: 4, arbitrary: constructed('duration') }],
  };
  return fc.oneof(
    { weight: 5, arbitrary: literal },
    { weight: 1, arbitrary: read },
    { weight: 4, arbitrary: guarded },
    ...(type in more ? more[type as keyof typeof more] : []),
  );
}

function constructed(fn: ExtensionFunction): fc.Arbitrary<Expr> {
  const text = fc.oneof({ weight: 30, arbitrary: RIGHT[fn] }, { weight: 1, arbitrary: WRONG[fn] });
  return text.map((arg) => op.call(fn, op.value(arg)));
}

/** Ways to come by a value of any type. */
function general(
  type: Type,
  of: Of,
  leafOf: (type: Type) => fc.Arbitrary<Expr>,
): fc.WeightedArbitrary<Expr>[] {
  const names = among(...attributesOf(type));
  const key = names.map(op.value);
  return [
    {
      weight: 20,
      arbitrary: fc.tuple(of('bool'), of(type), of(type)).map(([a, b, c]) => op.choose(a, b, c)),
    },
    { weight: 10, arbitrary: fc.tuple(of('entity'), names).map(([left, name]) => op.attribute(left, name)) },
    {
      weight: 10,
      arbitrary: fc
        .tuple(names, of(type), fc.array(fc.tuple(among(...ATTRIBUTE_NAMES), of('any')), { maxLength: 1 }))
        .map(([name, it, others]) => op.attribute({ Record: objectOf([...others, [name, it]]) }, name)),
    },
    {
      weight: 10,
      arbitrary: fc
        .tuple(of('record'), names, leafOf(type))
        .map(([left, name, otherwise]) => op.choose(op.has(left, name), op.attribute(left, name), otherwise)),
    },
    {
      weight: 3,
      arbitrary: fc.tuple(entityLeaf, key).map(([left, right]) => op.binary('getTag', left, right)),
    },
    {
      weight: 10,
      arbitrary: fc
        .tuple(entityLeaf, key, leafOf(type))
        .map(([left, right, otherwise]) =>
          op.choose(op.binary('hasTag', left, right), op.binary('getTag', left, right), otherwise),
        ),
    },
  ];
}

function particular(type: Type, of: Of): fc.Arbitrary<Expr>[] {
  const one = (operator: string, arg: Kind) => of(arg).map((it) => op.unary(operator, it));
  const two = (operators: readonly string[], left: Kind, right: Kind) =>
    fc.tuple(among(...operators), of(left), of(right)).map(([operator, a, b]) => op.binary(operator, a, b));
  const method = (fns: string[], ...args: Kind[]) =>
    fc.tuple(among(...fns), fc.tuple(...args.map(of))).map(([fn, operands]) => op.call(fn, ...operands));
  const setOf = (element: Kind) =>
    fc.array(of(element), { maxLength: 3 }).map((items): Expr => ({ Set: items }));
  const orders = ['<', '<=', '>', '>='];
  const inclusions = ['containsAll', 'containsAny'];
  const sets: Type[] = ['longs', 'strings', 'entities', 'anys'];
  const made: Record<Type, () => fc.Arbitrary<Expr>[]> = {
    bool: () => [
      one('!', 'bool'),
      two(['&&', '||'], 'bool', 'bool'),
      two(['&&', '||'], 'bool', 'bool'),
      ...TYPES.map((same) => two(['==', '!='], same, same)),
      two(['==', '!='], 'any', 'any'),
      two(orders, 'long', 'long'),
      two(orders, 'datetime', 'datetime'),
      two(orders, 'duration', 'duration'),
      two(['in'], 'entity', 'entity'),
      two(['in'], 'entity', 'entities'),
      two(['contains'], 'longs', 'long'),
      two(['contains'], 'strings', 'string'),
      two(['contains'], 'entities', 'entity'),
      two(['contains'], 'anys', 'any'),
      ...sets.map((same) => two(inclusions, same, same)),
      two(inclusions, 'anys', 'longs'),
      fc.oneof(...sets.map((set) => one('isEmpty', set))),
      two(['hasTag'], 'entity', 'string'),
      fc.tuple(of('entity'), among(...ATTRIBUTE_NAMES)).map(([left, name]) => op.has(left, name)),
      fc.tuple(of('record'), among(...ATTRIBUTE_NAMES)).map(([left, name]) => op.has(left, name)),
      path(of),
      fc.tuple(of('string'), pattern).map(([left, elements]) => op.like(left, elements)),
      fc.tuple(of('entity'), among(...ENTITY_TYPES)).map(([left, name]) => op.is(left, name)),
      fc
        .tuple(of('entity'), among(...ENTITY_TYPES), of('entities'))
        .map(([left, name, inside]) => op.is(left, name, inside)),
      fc
        .tuple(of('entity'), among(...ENTITY_TYPES), of('entity'))
        .map(([left, name, inside]) => op.is(left, name, inside)),
      method(['lessThan', 'lessThanOrEqual', 'greaterThan', 'greaterThanOrEqual'], 'decimal', 'decimal'),
      method(['isIpv4', 'isIpv6', 'isLoopback', 'isMulticast'], 'ip'),
      method(['isInRange'], 'ip', 'ip'),
    ],
    long: () => [
      two(['+', '-', '*'], 'long', 'long'),
      two(['+', '-', '*'], 'long', 'long'),
      one('neg', 'long'),
      method(['toMilliseconds', 'toSeconds', 'toMinutes', 'toHours', 'toDays'], 'duration'),
    ],
    string: () => [],
    entity: () => [],
    decimal: () => [of('string').map((text) => op.call('decimal', text))],
    ip: () => [fc.tuple(of('bool'), RIGHT.ip, RIGHT.ip).map(([a, b, c]) => chosenText('ip', a, b, c))],
    datetime: () => [
      method(['offset'], 'datetime', 'duration'),
      method(['offset'], 'datetime', 'duration'),
      method(['toDate'], 'datetime'),
    ],
    duration: () => [
      method(['durationSince'], 'datetime', 'datetime'),
      method(['toTime'], 'datetime'),
      fc
        .tuple(of('bool'), RIGHT.duration, RIGHT.duration)
        .map(([a, b, c]) => chosenText('duration', a, b, c)),
    ],
    longs: () => [setOf('long')],
    strings: () => [setOf('string')],
    entities: () => [setOf('entity')],
    anys: () => [setOf('any'), ...sets.slice(0, 3).map((set) => of(set)), setOf('longs')],
    record: () => [
      fc
        .array(fc.oneof(...ATTRIBUTES.map(([name, of_]) => of(of_).map((it) => [name, it] as const))), {
          maxLength: 3,
        })
        .map((entries): Expr => ({ Record: objectOf(entries) })),
    ],
  };
  return made[type]();
}

function chosenText(fn: ExtensionFunction, test: Expr, then: string, otherwise: string): Expr {
  return op.call(fn, op.choose(test, op.value(then), op.value(otherwise)));
}

/** `has` over a path: the way to the end is through records or entities, or through something that is neither. */
function path(of: Of): fc.Arbitrary<Expr> {
  const steps = fc.array(among('r', 'e', 'n', 'toString', 'hasOwnProperty', 's', '__proto__', ''), {
    minLength: 1,
    maxLength: 3,
  });
  return fc.tuple(fc.oneof(of('entity'), of('record')), steps).map(([left, names]) => op.has(left, names));
}

/** Any operator over anything, rightly built but with no regard for types or the number of arguments. */
function wild(of: Of): fc.Arbitrary<Expr>[] {
  const fn = among(...Object.keys(op.FUNCTIONS));
  return [
    fc.oneof(...TYPES.map((type) => of(type))),
    fc.tuple(among(...op.BINARY), of('any'), of('any')).map(([name, a, b]) => op.binary(name, a, b)),
    fc.tuple(among(...op.UNARY), of('any')).map(([name, a]) => op.unary(name, a)),
    fc
      .tuple(fn, of('any'), of('any'))
      .map(([name, ...args]) => op.call(name, ...args.slice(0, op.FUNCTIONS[name]))),
    fc.tuple(of('any'), among(...ATTRIBUTE_NAMES)).map(([a, name]) => op.attribute(a, name)),
    fc.tuple(of('any'), among(...ATTRIBUTE_NAMES)).map(([a, name]) => op.has(a, name)),
    fc.tuple(of('any'), pattern).map(([a, elements]) => op.like(a, elements)),
    fc.tuple(of('any'), among(...ENTITY_TYPES), of('any')).map(([a, name, b]) => op.is(a, name, b)),
    fc.tuple(of('any'), of('any'), of('any')).map(([a, b, c]) => op.choose(a, b, c)),
    fc.tuple(fn, fc.array(of('any'), { maxLength: 3 })).map(([name, args]) => op.call(name, ...args)),
  ];
}

function language(maxDepth: number): Record<Kind, fc.Arbitrary<Expr>> {
  const depthIdentifier = fc.createDepthIdentifier();
  const leaves = Object.fromEntries(TYPES.map((type) => [type, leaf(type)])) as Record<
    Type,
    fc.Arbitrary<Expr>
  >;
  const bounded = { maxDepth, depthIdentifier, withCrossShrink: true };
  const { ...language } = fc.letrec<Record<Kind, Expr>>((tie) => {
    const of: Of = (kind) =>
      kind === 'any'
        ? tie('any')
        : fc.oneof({ weight: SLIP, arbitrary: tie(kind) }, { weight: 1, arbitrary: tie('any') });
    const typed = TYPES.map((type) => {
      const own = particular(type, of);
      return [
        type,
        fc.oneof(
          bounded,
          { weight: 40, arbitrary: leaves[type] },
          ...general(type, of, (it) => leaves[it]),
          ...own.map((arbitrary) => ({
            weight: Math.ceil((type === 'bool' ? 400 : 60) / own.length),
            arbitrary,
          })),
        ),
      ] as const;
    });
    const any = fc.oneof(bounded, fc.oneof(anyValue.map(op.value), ...Object.values(leaves)), ...wild(of));
    return { ...Object.fromEntries(typed), any } as Record<Kind, fc.Arbitrary<Expr>>;
  });
  return language;
}

const shallow = language(2);
const middling = language(3);
const deep = language(5);

/** The body of a condition: a boolean, nearly always. */
export const condition: fc.Arbitrary<Expr> = fc.oneof(
  { weight: 24, arbitrary: shallow.bool },
  { weight: 16, arbitrary: middling.bool },
  { weight: 8, arbitrary: deep.bool },
  { weight: 70, arbitrary: probe },
  { weight: 1, arbitrary: shallow.any },
  { weight: 1, arbitrary: middling.any },
);
