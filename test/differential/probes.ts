/**
 * One operator at a time, at the edges of its operands: what random expressions reach too seldom. Operands come as
 * literals, which an evaluator may fold beforehand, or veiled, so that it cannot.
 */
import fc from 'fast-check';
import type { Expr } from '../../engine/cedar-json.ts';
import { type ExtensionFunction, RIGHT, WRONG } from './extension-texts.ts';
import { near } from './near.ts';
import * as op from './operators.ts';
import { anyValue, long, VALUES } from './values.ts';
import { ATTRIBUTE_NAMES, ENTITY_TYPES, type Type } from './vocabulary.ts';

const among = fc.constantFrom;

/** The same value, but only known once there is a request. */
function veiled(operand: fc.Arbitrary<Expr>): fc.Arbitrary<Expr> {
  const same = op.binary('==', op.variable('principal'), op.variable('resource'));
  return fc.tuple(fc.boolean(), operand).map(([veil, it]) => (veil ? op.choose(same, it, it) : it));
}

const COMPARE = ['==', '!=', '<', '<=', '>', '>='];

function compared(
  left: fc.Arbitrary<Expr>,
  right: fc.Arbitrary<Expr>,
  operators = COMPARE,
): fc.Arbitrary<Expr> {
  return fc.tuple(among(...operators), left, right).map(([operator, a, b]) => op.binary(operator, a, b));
}

const number = veiled(long.map(op.value));
const arithmetic = fc.oneof(
  fc.tuple(among('+', '-', '*'), number, number).map(([operator, a, b]) => op.binary(operator, a, b)),
  number.map((a) => op.unary('neg', a)),
);

const right = (fn: ExtensionFunction) => veiled(RIGHT[fn].map((text) => op.call(fn, op.value(text))));
const literal = (fn: ExtensionFunction) => veiled(RIGHT[fn].map((arg) => op.value({ __extn: { fn, arg } })));
const wrong = (fn: ExtensionFunction) =>
  fc.oneof(
    WRONG[fn].map((text) => op.call(fn, op.value(text))),
    veiled(WRONG[fn].map(op.value)).map((text) => op.call(fn, text)),
    WRONG[fn].map((arg) => op.value({ __extn: { fn, arg } })),
  );
const either = (fn: ExtensionFunction) => fc.oneof(right(fn), literal(fn));

const extreme = veiled(
  among('9223372036854775807ms', '-9223372036854775808ms', '-9223372036854775807ms').map((text) =>
    op.call('duration', op.value(text)),
  ),
);

function since1970(by: Expr): Expr {
  return op.call('offset', op.call('datetime', op.value('1970-01-01')), by);
}

/** Any moment of 64-bit milliseconds, as only an offset reaches it. */
const moment = fc.oneof(
  either('datetime'),
  fc.tuple(either('datetime'), either('duration')).map(([at, by]) => op.call('offset', at, by)),
  fc.oneof(either('duration'), extreme).map(since1970),
);

const span = fc.oneof(
  either('duration'),
  fc.tuple(moment, moment).map(([to, from]) => op.call('durationSince', to, from)),
  moment.map((at) => op.call('toTime', at)),
);

const count = fc
  .tuple(among('toMilliseconds', 'toSeconds', 'toMinutes', 'toHours', 'toDays'), span)
  .map(([fn, it]) => op.call(fn, it));

const functions: fc.Arbitrary<Expr>[] = [
  ...(['decimal', 'ip', 'datetime', 'duration'] as const).flatMap((fn) => [
    compared(either(fn), either(fn), ['==', '!=']),
    compared(wrong(fn), either(fn), ['==', '!=']),
    compared(wrong(fn), either(fn), ['==', '!=']),
  ]),
  compared(
    fc.oneof(
      moment,
      moment.map((at) => op.call('toDate', at)),
    ),
    moment,
  ),
  compared(
    extreme.map((by) => op.call('toDate', since1970(by))),
    moment,
  ),
  compared(span, span),
  compared(count, fc.oneof(number, count)),
  fc
    .tuple(
      among('lessThan', 'lessThanOrEqual', 'greaterThan', 'greaterThanOrEqual'),
      either('decimal'),
      either('decimal'),
    )
    .map(([fn, a, b]) => op.call(fn, a, b)),
  fc
    .tuple(among('isIpv4', 'isIpv6', 'isLoopback', 'isMulticast'), either('ip'))
    .map(([fn, address]) => op.call(fn, address)),
  fc.tuple(either('ip'), either('ip')).map(([address, range]) => op.call('isInRange', address, range)),
];

const anything = veiled(anyValue.map(op.value));
const type = among(...ENTITY_TYPES);
const name = among(...ATTRIBUTE_NAMES);

const of = (kind: Type) => veiled(VALUES[kind].map(op.value));

/** The first operand as the operator wants it, the second as it comes. */
const halfTyped: fc.Arbitrary<Expr>[] = (
  [
    ['entity', ['in']],
    ['entity', ['in', 'hasTag', 'getTag']],
    ['long', ['<', '<=', '>', '>=', '+', '-', '*']],
    ['datetime', ['<', '<=', '>', '>=']],
    ['duration', ['<', '<=', '>', '>=']],
    ['anys', ['contains', 'containsAll', 'containsAny']],
    ['bool', ['&&', '||']],
  ] as [Type, string[]][]
).map(([left, operators]) =>
  fc.tuple(among(...operators), of(left), anything).map(([operator, a, b]) => op.binary(operator, a, b)),
);

/** Each operator over values of any types: nearly all of these are errors, each of its own kind. */
const mistyped: fc.Arbitrary<Expr>[] = [
  ...op.BINARY.map((operator) => fc.tuple(anything, anything).map(([a, b]) => op.binary(operator, a, b))),
  ...op.UNARY.map((operator) => anything.map((a) => op.unary(operator, a))),
  ...Object.entries(op.FUNCTIONS).map(([fn, arity]) =>
    fc.array(anything, { minLength: arity, maxLength: arity }).map((args) => op.call(fn, ...args)),
  ),
  fc
    .tuple(among(...Object.keys(op.FUNCTIONS)), fc.array(anything, { maxLength: 3 }))
    .map(([fn, args]) => op.call(fn, ...args)),
  fc.tuple(anything, name).map(([a, attr]) => op.attribute(a, attr)),
  fc.tuple(anything, name).map(([a, attr]) => op.has(a, attr)),
  fc.tuple(anything, name, name).map(([a, ...path]) => op.has(a, path)),
  anything.map((a) => op.like(a, ['Wildcard'])),
  fc.tuple(anything, type).map(([a, name]) => op.is(a, name)),
  fc.tuple(anything, type, anything).map(([a, name, inside]) => op.is(a, name, inside)),
  fc.tuple(anything, anything, anything).map(([a, b, c]) => op.choose(a, b, c)),
  fc
    .array(anything, { maxLength: 3 })
    .map((items) => op.binary('in', op.variable('principal'), { Set: items })),
];

/** The laws of equality between values that are and are not the same. */
const equalities = fc.oneof(
  ...Object.values(VALUES).map((values) =>
    compared(veiled(values.map(op.value)), veiled(values.map(op.value)), ['==', '!=']),
  ),
  veiled(anyValue.map(op.value)).map((it) => op.binary('==', it, it)),
  fc.array(anyValue, { minLength: 2, maxLength: 3 }).map((values) => {
    const turned = [...values, ...values].reverse();
    return op.binary('==', op.value(values), { Set: turned.map(op.value) });
  }),
);

const small = fc.oneof(
  { weight: 8, arbitrary: compared(arithmetic, fc.oneof(number, arithmetic)) },
  { weight: 10, arbitrary: fc.oneof(...functions) },
  { weight: 8, arbitrary: fc.oneof(...mistyped) },
  { weight: 6, arbitrary: fc.oneof(...halfTyped) },
  { weight: 3, arbitrary: equalities },
  { weight: 14, arbitrary: veiled(near) },
);

/** A condition with one operator to speak of, its outcome plain, negated, or what a lazy operator makes of it. */
export const probe: fc.Arbitrary<Expr> = fc.oneof(
  { weight: 10, arbitrary: small },
  { weight: 1, arbitrary: small.map((it) => op.unary('!', it)) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(among('&&', '||', '==', '!='), fc.oneof(small, anything), fc.oneof(small, anything))
      .map(([operator, a, b]) => op.binary(operator, a, b)),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(small, small, small).map(([a, b, c]) => op.choose(a, b, c)),
  },
);
