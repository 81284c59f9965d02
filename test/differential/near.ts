/** Operands on both sides of the line that an operator draws: equal ones, and ones that are only just not. */
import fc from 'fast-check';
import type { Expr } from '../../engine/cedar-json.ts';
import { RIGHT } from './extension-texts.ts';
import * as op from './operators.ts';
import { LONG_MAX, LONG_MIN, long, string, VALUES } from './values.ts';

const among = fc.constantFrom;
const text = (fn: string, it: string): Expr => op.call(fn, op.value(it));

const ORDER = ['<', '<=', '>', '>=', '==', '!='];

/** How far the second operand is from the first. */
const step = among(0n, 0n, 1n, -1n);

function clamped(value: bigint): bigint {
  return value > LONG_MAX ? LONG_MAX : value < LONG_MIN ? LONG_MIN : value;
}

const pair = fc.tuple(long, step).map(([base, by]) => [base, clamped(base + by)] as const);

function ofOrder(write: (value: bigint) => Expr): fc.Arbitrary<Expr> {
  return fc.tuple(among(...ORDER), pair).map(([operator, [a, b]]) => op.binary(operator, write(a), write(b)));
}

const milliseconds = (value: bigint) => text('duration', `${value}ms`);

function decimal(value: bigint): Expr {
  const digits = String(value < 0n ? -value : value).padStart(5, '0');
  return text('decimal', `${value < 0n ? '-' : ''}${digits.slice(0, -4)}.${digits.slice(-4)}`);
}

const decimals = fc
  .tuple(among('lessThan', 'lessThanOrEqual', 'greaterThan', 'greaterThanOrEqual'), pair)
  .map(([fn, [a, b]]) => op.call(fn, decimal(a), decimal(b)));

const datetimes = fc
  .tuple(among(...ORDER), RIGHT.datetime, step)
  .map(([operator, at, by]) =>
    op.binary(operator, text('datetime', at), op.call('offset', text('datetime', at), milliseconds(by))),
  );

const UNITS = {
  toMilliseconds: 1n,
  toSeconds: 1_000n,
  toMinutes: 60_000n,
  toHours: 3_600_000n,
  toDays: 86_400_000n,
};

/** Whole numbers of a unit, and a millisecond to either side. */
const counts = fc
  .tuple(among(...Object.entries(UNITS)), fc.bigInt({ min: -3n, max: 3n }), step, step)
  .map(([[fn, unit], times, off, guess]) =>
    op.binary('==', op.call(fn, milliseconds(times * unit + off)), op.value(times + guess)),
  );

/** Days of all years, a millisecond before and after midnight too. */
const days = fc
  .tuple(among('toDate', 'toTime'), fc.bigInt({ min: -800_000n, max: 3_000_000n }), step, step)
  .map(([fn, day, off, guess]) => {
    const since = (by: bigint) => op.call('offset', text('datetime', '1970-01-01'), milliseconds(by));
    const at = op.call(fn, since(day * UNITS.toDays + off));
    return op.binary('==', at, fn === 'toDate' ? since((day + guess) * UNITS.toDays) : milliseconds(off));
  });

/** What a text means: read as a date, and counted out. */
const dates = fc
  .tuple(RIGHT.datetime, step)
  .filter(([at]) => !Number.isNaN(Date.parse(at)))
  .map(([at, by]) =>
    op.binary(
      '==',
      op.call('durationSince', text('datetime', at), text('datetime', '1970-01-01')),
      milliseconds(BigInt(Date.parse(at)) + by),
    ),
  );

function v4(address: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 0xffn).join('.');
}

function v6(address: bigint): string {
  return Array.from({ length: 8 }, (_, group) =>
    ((address >> BigInt(112 - 16 * group)) & 0xffffn).toString(16),
  ).join(':');
}

/** A range, and an address that is in it or differs from it in one bit near the end of the prefix. */
function ranges(bits: number, write: (address: bigint) => string): fc.Arbitrary<Expr> {
  return fc
    .tuple(
      fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n }),
      fc.nat(bits),
      among(-1, 0, 0, 1),
      fc.nat(bits),
    )
    .map(([address, prefix, off, narrower]) => {
      const bit = bits - prefix + off;
      const other = bit < 0 || bit >= bits ? address : address ^ (1n << BigInt(bit));
      const tail = narrower % 3 === 0 ? `/${narrower}` : '';
      return op.call('isInRange', text('ip', write(other) + tail), text('ip', `${write(address)}/${prefix}`));
    });
}

/** Blocks that have a meaning of their own, and their neighbours. */
const blocks = fc
  .tuple(
    among('isLoopback', 'isMulticast', 'isIpv4', 'isIpv6'),
    among(
      '127.0.0.0',
      '126.255.255.255',
      '127.255.255.255',
      '128.0.0.0',
      '224.0.0.0',
      '223.255.255.255',
    ).chain((address) => fc.tuple(among(address), among('', '/32', '/8', '/7', '/4', '/3', '/0'))),
    among('239.255.255.255', '240.0.0.0', '::1', '::', '::2', 'ff00::', 'feff::', 'ffff::', '::127.0.0.1'),
    fc.boolean(),
  )
  .map(([fn, [address, prefix], other, first]) => op.call(fn, text('ip', first ? address + prefix : other)));

/** A string made to match its pattern, whole or with a piece too many or too few. */
const matches = fc
  .tuple(
    fc.array(fc.tuple(fc.boolean(), string), { minLength: 1, maxLength: 5, size: 'max' }),
    among('', '', '', 'a', '😀', '*'),
    fc.nat(2),
  )
  .map(([pieces, extra, cut]) => {
    const pattern = pieces.map(([wild, piece]) => (wild ? ('Wildcard' as const) : { Literal: piece }));
    const points = [...pieces.map(([, piece]) => piece).join(''), ...extra];
    const whole = cut === 2 ? points.slice(0, -1) : cut === 1 ? points.toReversed() : points;
    return op.like(op.value(whole.join('')), pattern);
  });

/** A set and one made of some of its elements, perhaps with one more. */
const inclusions = fc
  .tuple(
    among('containsAll', 'containsAny', '==', '!='),
    fc.oneof(VALUES.longs, VALUES.strings, VALUES.entities, VALUES.anys),
    fc.nat(7),
    fc.option(VALUES.long, { freq: 2, nil: undefined }),
    fc.boolean(),
  )
  .map(([operator, all, mask, more, turned]) => {
    const items = Array.isArray(all) ? all : [all];
    const some = items.filter((_, index) => ((mask >> index) & 1) === 1);
    const [a, b] = [op.value(items), op.value(more === undefined ? some : [...some, more])];
    return turned ? op.binary(operator, b, a) : op.binary(operator, a, b);
  });

export const near: fc.Arbitrary<Expr> = fc.oneof(
  ofOrder(op.value),
  ofOrder(milliseconds),
  decimals,
  datetimes,
  dates,
  counts,
  days,
  ranges(32, v4),
  ranges(128, v6),
  blocks,
  matches,
  inclusions,
);
