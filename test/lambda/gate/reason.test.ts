import { describe, expect, it } from 'vitest';
import { LONGEST_REASON, listNames, reasonOf, shorten } from '../../../lambda/gate/reason.ts';

const bytes = (text: string) => Buffer.byteLength(JSON.stringify(text));

describe('a reason', () => {
  it('has a line for each', () => {
    expect(reasonOf('closed:', ['one', 'two'])).toBe('closed:\none\ntwo');
  });

  it('is never longer than may be told, and says how much is left out', () => {
    const lines = Array.from({ length: 60 }, (_, index) => `task ${index} "ü" ${'x'.repeat(40)}`);
    const reason = reasonOf('closed:', lines);
    expect(bytes(reason)).toBeLessThanOrEqual(LONGEST_REASON);
    expect(bytes(reason)).toBeGreaterThan(LONGEST_REASON - 80);
    const told = reason.split('\n').length - 2;
    expect(reason.split('\n').at(-1)).toBe(`and ${60 - told} more`);
  });

  it('is the heading alone when not one line fits', () => {
    expect(reasonOf('closed:', ['\u0001'.repeat(LONGEST_REASON)])).toBe('closed:');
  });
});

describe('names of tests', () => {
  it('are in quotes, the first five', () => {
    expect(listNames(['a "b"'])).toBe('"a \\"b\\""');
    expect(listNames(['1', '2', '3', '4', '5', '6', '7'])).toBe('"1", "2", "3", "4", "5" and 2 more');
  });

  it('are cut where they are long, between characters', () => {
    expect(shorten('abc', 3)).toBe('abc');
    expect(shorten('👍👍👍', 2)).toBe('👍…');
    expect(listNames(['x'.repeat(101)])).toBe(`"${'x'.repeat(99)}…"`);
  });
});
