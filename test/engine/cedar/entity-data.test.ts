import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EntityData } from '../../../engine/cedar/api.ts';
import { entityValues } from '../../../engine/cedar/entity-data.ts';
import { arrayItems } from '../../../engine/cedar/split-array.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);

/** A list cut where the property test says. */
function cut<T>(whole: { slice(from: number, to?: number): T; length: number }, places: number[]): T[] {
  const at = [...new Set(places.map((place) => place % (whole.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, index) => whole.slice(from, at[index]));
}

const places = fc.array(fc.nat(), { maxLength: 8 });

describe('arrayItems', () => {
  it('gives every item of a JSON list as it is written, however the text is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.json({ maxDepth: 3 })),
        fc.constantFrom('', ' ', '\n\t\r'),
        places,
        (items, space, cuts) => {
          const text = `${space}[${items.map((item) => space + item + space).join()}]${space}`;
          const found = [...arrayItems(cut(text, cuts))];
          expect(found).toEqual(items.map((item) => space + item + space));
        },
      ),
    );
  });

  it.each(['', ' ', '{}', '7', '[', '[1', ']', '["]', '["\\"]', '[]]', '[] x', 'x []', '[1},2]', '\u00a0[]'])(
    'refuses %j',
    (text) => {
      expect(() => [...arrayItems([text])].map((item) => JSON.parse(item))).toThrow();
    },
  );
});

describe('entityValues', () => {
  const items = [{ a: 'é😀"]' }, [1, 2], 9007199254740993n, '\\'];
  const text = '[{"a":"é😀\\"]"},[1,2],9007199254740993,"\\\\"]';

  it('reads values, text and UTF-8 alike, however it is cut', () => {
    fc.assert(
      fc.property(places, (cuts) => {
        const pieces = cut(utf8(text), cuts);
        const forms: EntityData[] = [text, utf8(text), pieces, pieces.values()];
        for (const data of forms) expect([...entityValues(data)]).toEqual(items);
      }),
    );
    const values = items as unknown as EntityData;
    expect([...entityValues(values)]).toEqual(items);
    expect([...entityValues([])]).toEqual([]);
  });

  it('reads more than is made into text at once', () => {
    const long = Array.from({ length: 30_000 }, (_, index) => `é${index}`);
    expect([...entityValues(utf8(JSON.stringify(long)))]).toEqual(long);
  });

  it.each<[string, EntityData, string]>([
    ['no JSON', '[{"secret":1},{"secret":}]', 'entities[1]: is not JSON'],
    ['nothing where an item should be', '[1,]', 'entities[1]: is not JSON'],
    ['two lists', '[1],[2]', 'entities: must be a JSON list'],
    ['bytes that are no UTF-8', new Uint8Array([91, 34, 0xff, 34, 93]), 'entities: is not UTF-8 text'],
    ['half a character', [utf8('[]'), utf8('é').subarray(0, 1)], 'entities: is not UTF-8 text'],
  ])('refuses %s, and quotes none of it', (_, data, message) => {
    expect(() => [...entityValues(data)]).toThrow(
      expect.objectContaining({ name: 'JsonValueError', message }),
    );
  });
});
