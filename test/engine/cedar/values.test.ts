import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EntityNode } from '../../../engine/cedar/entity-node.ts';
import { parseDecimal, parseDuration, parseIp } from '../../../engine/cedar/extensions.ts';
import { compilePattern, type PatternElement } from '../../../engine/cedar/like.ts';
import { add, longOf, multiply, negate, subtract } from '../../../engine/cedar/long.ts';
import { equal, keyOf, RecordValue, SetValue, type Value } from '../../../engine/cedar/values.ts';

const extension = fc.constantFrom(
  ...([
    parseDecimal('1.5'),
    parseDecimal('1.50'),
    parseDuration('1h'),
    parseDuration('60m'),
    parseIp('10.0.0.1'),
    parseIp('10.0.0.1/32'),
    parseIp('::1'),
  ] as Value[]),
);
const value: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.boolean(),
    fc.constantFrom('', 'a', 'true', 'n1', '[', '"', 'e'),
    fc.constantFrom<Value>(0, 1, -1, 2n ** 60n),
    fc
      .tuple(fc.constantFrom('A', 'B'), fc.constantFrom('x', 'y'))
      .map(([type, id]): Value => new EntityNode(type, id)),
    extension,
    fc.array(tie('value'), { maxLength: 12 }).map((items): Value => SetValue.of(items)),
    fc
      .array(fc.tuple(fc.constantFrom('a', 'b', '__proto__', ''), tie('value')), { maxLength: 4 })
      .map((entries): Value => RecordValue.of(entries)),
  ),
})).value;

describe('equality', () => {
  it('is that of keys, and symmetric', () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        expect(equal(a, b)).toBe(keyOf(a) === keyOf(b));
        expect(equal(b, a)).toBe(equal(a, b));
        expect(equal(a, a)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('of sets does not see order, repetition or size', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 20 }), (items) => {
        const set = SetValue.of(items);
        const other = SetValue.of([...items.toReversed(), ...items]);
        expect(equal(set, other)).toBe(true);
        expect(set.items.length).toBe(new Set(items.map(keyOf)).size);
        expect(items.every((item) => set.has(item) && other.has(item))).toBe(true);
      }),
    );
  });

  it('of large sets is by keys, of what was shared too', () => {
    const numbers = SetValue.of(Array.from({ length: 1_000 }, (_, index) => index));
    expect([numbers.has(999), numbers.has(1_000), numbers.has('999')]).toEqual([true, false, false]);
    expect(numbers.hasAny(SetValue.of([-1, 5]))).toBe(true);
    expect(numbers.hasAll(SetValue.of([-1, 5]))).toBe(false);
  });

  it('of nested sets takes no time that grows with each level', () => {
    const nested = (levels: number, inmost: Value): Value => {
      let value = inmost;
      for (let level = 0; level < levels; level += 1) value = SetValue.of([value, 'beside']);
      return value;
    };
    const many = (value: Value) => SetValue.of(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', value]);
    expect(many(nested(120, 1)).has(nested(120, 1))).toBe(true);
    expect(many(nested(120, 1)).has(nested(120, 2))).toBe(false);
    // Sets of eight that differ in what is inmost only: compared each with each, they would take minutes.
    const eights = (levels: number, inmost: string): Value =>
      levels === 0
        ? inmost
        : SetValue.of(
            [1, 2, 3, 4, 5, 6, 7, 8].map((n) => eights(levels - 1, n === 8 ? `${inmost}z` : `${n}`)),
          );
    expect(equal(eights(6, 'a'), eights(6, 'a'))).toBe(true);
    expect(equal(eights(6, 'a'), eights(6, 'b'))).toBe(false);
  });

  it('of records in sets is that of the records', () => {
    const set = SetValue.of([
      RecordValue.of([['a', 1]]),
      RecordValue.of([['a', 2]]),
      RecordValue.of([['a', 1]]),
    ]);
    expect(set.items).toHaveLength(2);
    expect(set.has(RecordValue.of([['a', 2]]))).toBe(true);
    expect(set.has(RecordValue.of([['a', 3]]))).toBe(false);
    // The names and values of one are not those of another that has them otherwise.
    const ab = RecordValue.of([
      ['a', '1:b'],
      ['b', 'x'],
    ]);
    const ba = RecordValue.of([
      ['a', '1:bx'],
      ['b', ''],
    ]);
    expect(keyOf(ab)).not.toBe(keyOf(ba));
  });
});

describe('longs', () => {
  const long = fc.oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.maxSafeInteger().map(BigInt),
    fc.integer({ min: -9, max: 9 }).map(BigInt),
  );

  it('are exact or overflow, as 64-bit integers do', () => {
    const operators = [
      [add, (a: bigint, b: bigint) => a + b],
      [subtract, (a: bigint, b: bigint) => a - b],
      [multiply, (a: bigint, b: bigint) => a * b],
    ] as const;
    fc.assert(
      fc.property(long, long, (a, b) => {
        const [left, right] = [longOf(a), longOf(b)] as [number, number];
        for (const [operator, exact] of operators)
          expect(attempt(() => operator(left, right))).toBe(longOf(exact(a, b)));
        expect(attempt(() => negate(left))).toBe(longOf(-a));
      }),
      { numRuns: 2_000 },
    );
  });

  it('have no negative zero', () => {
    expect(Object.is(multiply(-1, 0), 0)).toBe(true);
    expect(Object.is(negate(0), 0)).toBe(true);
  });
});

function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}

describe('like', () => {
  const element = fc.oneof(
    fc.constant<PatternElement>('Wildcard'),
    fc.constantFrom('', 'a', 'b', 'ab', '*', '.', '💡').map((Literal): PatternElement => ({ Literal })),
  );

  it('is what the regular expression of the same pattern is', () => {
    fc.assert(
      fc.property(
        fc.array(element, { maxLength: 7 }),
        fc.string({ unit: fc.constantFrom('a', 'b', '*', '.', '💡'), maxLength: 9 }),
        (pattern, text) => {
          const source = pattern
            .map((part) => (part === 'Wildcard' ? '[\\s\\S]*' : part.Literal.replace(/[.*]/g, '\\$&')))
            .join('');
          expect(compilePattern(pattern)(text)).toBe(new RegExp(`^${source}$`).test(text));
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it('takes no longer than it must on a pattern made to be slow', () => {
    const pattern = Array.from({ length: 200 }, (): PatternElement[] => [
      'Wildcard',
      { Literal: 'a' },
    ]).flat();
    expect(compilePattern([...pattern, 'Wildcard', { Literal: 'b' }])('a'.repeat(100_000))).toBe(false);
  });
});
