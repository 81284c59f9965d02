import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nestsDeeperThan, parseJsonBody } from '../../pdp-container/http/json-body.ts';

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe('nestsDeeperThan', () => {
  test('agrees with the depth of the parsed value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.nat(7), fc.nat(2), (value, limit, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(nestsDeeperThan(limit, Buffer.from(text))).toBe(depthOf(value) > limit);
      }),
    );
  });

  test.each([
    ['brackets in a string', '{"a":"[[[[[["}', 1],
    ['an escaped quote', '{"a":"\\"[[[["}', 1],
    ['an escaped backslash at the end', '{"a":"\\\\","b":[[]]}', 3],
    ['brackets in a key', '{"[[[[":1}', 1],
    ['siblings', '[[],[],[]]', 2],
  ])('%s', (_name, text, depth) => {
    expect(nestsDeeperThan(depth, Buffer.from(text))).toBe(false);
    expect(nestsDeeperThan(depth - 1, Buffer.from(text))).toBe(true);
  });

  test('stops at the first level too deep', () => {
    const reads: number[] = [];
    const body = new Proxy(Buffer.from('['.repeat(1_000)), {
      get(target, key) {
        if (typeof key === 'string' && /^\d+$/.test(key)) reads.push(Number(key));
        return Reflect.get(target, key, target);
      },
    });
    expect(nestsDeeperThan(64, body)).toBe(true);
    expect(Math.max(...reads)).toBe(64);
  });
});

test('parseJsonBody gives the value that was written', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false, depthSize: 'medium' }), (value) => {
      const text = JSON.stringify(value);
      expect(JSON.stringify(parseJsonBody(Buffer.from(text), 64))).toBe(text);
    }),
  );
});

test('what a body means does not depend on the keys of earlier ones', () => {
  const read = (text: string) => parseJsonBody(Buffer.from(text), 64);
  expect(read('{"subject":1,"\\\\":2}')).toEqual({ subject: 1, '\\': 2 });
  expect(read('{"subject":1,"\\u00e9":2}')).toEqual({ subject: 1, é: 2 });
});

test('`__proto__` stays an ordinary key', () => {
  const parsed = parseJsonBody(Buffer.from('{"__proto__":{"polluted":true}}'), 64);
  expect(Object.keys(parsed as object)).toEqual(['__proto__']);
  expect(parsed).not.toHaveProperty('polluted');
});
