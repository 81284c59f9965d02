import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseKeys } from '../../engine/json-keys.ts';

/** JSON text in which every key is written with escapes only. */
function escaped(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(escaped).join(' , ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, item]) => `${escapes(key)}\t:\n${escaped(item)}`);
  return `{${entries.join(',')}}`;
}

function escapes(key: string): string {
  const units = Array.from({ length: key.length }, (_, at) => key.charCodeAt(at));
  return `"${units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')}"`;
}

const key = fc.oneof(
  fc.string({ maxLength: 3, unit: fc.constantFrom('\\', '"', '\n', 'u', '0', 'é', '1') }),
  fc.constantFrom('__proto__', 'constructor', 'k0', '\\u0', 'x\\', '12'),
);
const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(1, true, null, '', 'x\n', '":', '\\'),
    fc.array(tie('value')),
    fc.dictionary(key, tie('value')),
  ),
})).value;

describe('parseKeys', () => {
  it('reads keys with escapes as they are written, whatever was read before', () => {
    fc.assert(
      fc.property(value, (written) => {
        const text = JSON.stringify(written);
        for (const json of [text, escaped(written), JSON.stringify(written, null, 2)])
          expect(JSON.stringify(parseKeys(json))).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each<[string, string, object]>([
    ['{"a":1,"\\\\":2}', '{"a":1,"\\u00e9":2}', { a: 1, é: 2 }],
    ['{"b":1,"\\\\":2}', '{"b":1,"\\"":2}', { b: 1, '"': 2 }],
    ['{"c":1,"caf\\\\":2}', '{"c":1,"caf\\u00e9":2}', { c: 1, café: 2 }],
    ['{"d":1,"na\\\\u0":2}', '{"d":1,"na\\u00efve":2}', { d: 1, naïve: 2 }],
  ])('after %s it reads %s', (before, text, value) => {
    // Twice: what was read the first time is what later keys are mistaken for.
    for (const _ of [1, 2]) JSON.parse(before);
    expect(parseKeys(text)).toEqual(value);
    expect(parseKeys(`[${text}, ${before}]`)).toEqual([value, JSON.parse(before)]);
  });

  it('lets the last of equal keys count, however each is written', () => {
    expect(parseKeys('{"\\u0061":1,"b":2,"a":3,"\\u0061":4}')).toEqual({ a: 4, b: 2 });
    expect(JSON.stringify(parseKeys('{"b":2,"\\u0061":1,"b":3,"a":4}'))).toBe('{"b":3,"a":4}');
  });

  it('has __proto__ as a key and as nothing more', () => {
    const read = parseKeys('{"\\u005f_proto__":{"x":1},"a":[{"\\n":2}]}') as object;
    expect(Object.keys(read)).toEqual(['__proto__', 'a']);
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect('x' in read).toBe(false);
  });

  it.each([
    '{"\\n":1',
    '{"\\x":1}',
    '{"\\u00e":1}',
    '{"\\n":1}}',
    '{"\\n":1,}',
    '{"a\n":1,"\\n":2}',
    '["\\n":1]',
    '{"\\n" 1,"',
  ])('refuses %j as JSON.parse does', (text) => {
    let message = '';
    try {
      JSON.parse(text);
    } catch (error) {
      message = String(error);
    }
    expect(message).toMatch(/^SyntaxError/);
    expect(() => parseKeys(text)).toThrow(
      expect.objectContaining({ message: message.slice('SyntaxError: '.length) }),
    );
  });

  it('bears nesting', () => {
    let inner = parseKeys(`${'{"\\n":'.repeat(50_000)}7${'}'.repeat(50_000)}`);
    for (let level = 0; level < 50_000; level += 1) inner = (inner as Record<string, unknown>)['\n'];
    expect(inner).toBe(7);
  });
});
