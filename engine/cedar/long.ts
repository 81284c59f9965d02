import { fail } from './failure.ts';

/**
 * Cedar's Long, a signed 64-bit integer: a number where that is exact, a BigInt beyond. One value has one form, so
 * `===` is equality.
 */
export type Long = number | bigint;

const MAX = 2n ** 63n - 1n;
const MIN = -(2n ** 63n);

/** The one form of an integer, or undefined when 64 bits do not hold it. */
export function longOf(value: bigint): Long | undefined {
  if (value > MAX || value < MIN) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

export function isLong(value: unknown): value is Long {
  return typeof value === 'number' || typeof value === 'bigint';
}

function checked(value: bigint): Long {
  return longOf(value) ?? fail('integer overflow');
}

export function add(a: Long, b: Long): Long {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return checked(BigInt(a) + BigInt(b));
}

export function subtract(a: Long, b: Long): Long {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b;
    if (Number.isSafeInteger(difference)) return difference;
  }
  return checked(BigInt(a) - BigInt(b));
}

export function multiply(a: Long, b: Long): Long {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b;
    // No negative zero: it would be another value to nothing but Object.is, and print as one.
    if (Number.isSafeInteger(product)) return product === 0 ? 0 : product;
  }
  return checked(BigInt(a) * BigInt(b));
}

export function negate(a: Long): Long {
  return typeof a === 'number' ? 0 - a : checked(-a);
}
