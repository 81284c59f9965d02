import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseKeys } from '../../engine/json-keys.ts';
import { parseJson, rawJson, stringifyJson } from '../../engine/lossless-json.ts';

/** Any JSON value with integers of 64 bits and more, each in its one form. */
const exactJson = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }).map(oneForm),
    fc.constantFrom(2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(written),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('9007199254740993', ': 9007199254740993,', '\\"', '"[', '\\', '__proto__'),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value')),
    fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('__proto__', 'a"1', 'constructor')), tie('value')),
  ),
})).value;

function oneForm(integer: bigint): bigint | number {
  const number = Number(integer);
  return Number.isSafeInteger(number) ? number : integer;
}

/** Only what is written as it is meant: no -0, and no integer that may be a rounded one. */
function written(number: number): number {
  return number === 0 || (Number.isInteger(number) && !Number.isSafeInteger(number)) ? 0 : number;
}

/** What `JSON.parse` makes of an exact value. */
function rounded(value: unknown): unknown {
  return parseKeys(stringifyJson(value));
}

function outcome(parse: (text: string) => unknown, text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    return String(error);
  }
}

describe('parseJson', () => {
  it.each<[string, unknown]>([
    ['9007199254740991', 9007199254740991],
    ['-9007199254740991', -9007199254740991],
    ['9007199254740992', 9007199254740992n],
    ['-9007199254740992', -9007199254740992n],
    [' 9223372036854775807 ', 9223372036854775807n],
    ['-9223372036854775808', -9223372036854775808n],
    ['[1,9007199254740993 ,\n-9007199254740993]', [1, 9007199254740993n, -9007199254740993n]],
    [
      '{"a":9007199254740993,"b":{"a":[9007199254740993]}}',
      { a: 2n ** 53n + 1n, b: { a: [2n ** 53n + 1n] } },
    ],
    ['[9007199254740993, 9007199254740994, 5]', [9007199254740993n, 9007199254740994n, 5]],
    [`[1${'0'.repeat(99)}]`, [10n ** 99n]],
    ['["9007199254740993",9007199254740993]', ['9007199254740993', 9007199254740993n]],
    ['["\\" , 9007199254740993",9007199254740993]', ['" , 9007199254740993', 9007199254740993n]],
  ])('keeps the integers of %s', (text, value) => {
    expect(parseJson(text)).toEqual(value);
  });

  it.each<[string, unknown]>([
    ['[9007199254740993.0, 9007199254740993]', [9007199254740992, 9007199254740993n]],
    ['[1e18, 9007199254740993]', [1e18, 9007199254740993n]],
    ['[-1.5e300, 9007199254740993]', [-1.5e300, 9007199254740993n]],
    ['[0.9007199254740993000, 9007199254740993]', [0.9007199254740993, 9007199254740993n]],
    ['[1.0, 1e3, -0]', [1, 1000, -0]],
    [`[9007199254740993, 1${'0'.repeat(100)}, 1${'0'.repeat(400)}]`, [2n ** 53n + 1n, 1e100, Infinity]],
  ])('leaves what is no integer of 64 bits, or not written as one, to JSON.parse: %s', (text, value) => {
    expect(parseJson(text)).toEqual(value);
  });

  it('has __proto__ as a key and as nothing more', () => {
    const value = parseJson('{"__proto__":{"a":9007199254740993},"constructor":9007199254740993}') as object;
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect('a' in value).toBe(false);
    expect(stringifyJson(value)).toBe('{"__proto__":{"a":9007199254740993},"constructor":9007199254740993}');
  });

  it.each([
    '[1-9007199254740993]',
    '[--9007199254740993]',
    '[+9007199254740993]',
    '[9007199254740993.5.5]',
    '[9007199254740993e5e5]',
    '[009007199254740993]',
    '[9007199254740993.]',
    '[9007199254740993',
    '[9007199254740993n]',
    '[9007199254740993 9007199254740993]',
    '[9007199254740993,"]',
    '[9007199254740993,"\\',
    '{9007199254740993:1}',
  ])('refuses %s as JSON.parse does', (text) => {
    // After an integer that must be kept, so that the whole is read exactly.
    for (const json of [text, `[9007199254740993,${text}`, `[9007199254740993,${text}]`]) {
      expect(() => JSON.parse(json)).toThrow(SyntaxError);
      expect(outcome(parseJson, json)).toBe(outcome(JSON.parse, json));
    }
  });

  it('refuses and rounds as JSON.parse does, whatever the text', () => {
    const piece = fc.constantFrom(
      ...[
        '9007199254740993',
        '-',
        '+',
        '.',
        'e',
        'E',
        '0',
        '7',
        '"',
        '\\',
        '[',
        ']',
        '{',
        '}',
        ',',
        ':',
        ' ',
      ],
    );
    const text = fc.array(piece, { maxLength: 12 }).map((pieces) => `[9007199254740993,${pieces.join('')}]`);
    fc.assert(
      fc.property(text, (json) => {
        const ours = outcome(parseJson, json);
        expect(typeof ours === 'string' ? ours : rounded(ours)).toEqual(outcome(rounding, json));
      }),
      { numRuns: 2_000 },
    );
  });

  it('bears nesting and integers of any length', () => {
    const deep = parseJson(`${'['.repeat(100_000)}9007199254740993${']'.repeat(100_000)}`);
    let value = deep;
    for (let level = 0; level < 100_000; level += 1) value = (value as unknown[])[0];
    expect(value).toBe(9007199254740993n);
    expect(parseJson(`[${'9'.repeat(1_000_000)}]`)).toEqual([Infinity]);
  });
});

/** Infinity, which has no form in JSON, as `stringifyJson` would have it. */
function rounding(text: string): unknown {
  return parseKeys(JSON.stringify(parseKeys(text)));
}

describe('stringifyJson', () => {
  it('writes a BigInt as its digits', () => {
    expect(stringifyJson({ a: [-9223372036854775808n, 5n, 5], b: '5', c: undefined })).toBe(
      '{"a":[-9223372036854775808,5,5],"b":"5"}',
    );
  });

  it('is undone by parseJson', () => {
    fc.assert(
      fc.property(exactJson, (value) => {
        expect(parseJson(stringifyJson(value))).toEqual(value);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['function', () => 1],
  ])('refuses %s', (type, value) => {
    expect(() => stringifyJson(value)).toThrow(new TypeError(`a ${type} has no form in JSON`));
  });

  it('refuses a circle', () => {
    const circle: unknown[] = [9007199254740993n];
    circle.push(circle);
    expect(() => stringifyJson(circle)).toThrow(TypeError);
  });
});

describe('rawJson', () => {
  it('is digits to JSON.stringify itself', () => {
    expect(JSON.stringify({ a: [rawJson(-(2n ** 63n))] })).toBe('{"a":[-9223372036854775808]}');
  });
});
