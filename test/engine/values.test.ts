import { expect, it } from 'vitest';
import type { RecordType } from '../../engine/schema.ts';
import { typedRecord, typedValue } from '../../engine/values.ts';

const LONG = { kind: 'long' } as const;
const INNER: RecordType = { kind: 'record', attributes: new Map([['size', { type: LONG, required: true }]]) };
const OUTER: RecordType = { kind: 'record', attributes: new Map([['in', { type: INNER, required: false }]]) };

it('attributes that a type does not have are left out or refused, in any depth', () => {
  const value = { in: { size: 1, more: 2 }, other: 3 };
  expect(JSON.stringify(typedRecord(value, OUTER, 'x'))).toBe('{"in":{"size":1}}');
  expect(() => typedValue(value, OUTER, 'x', 0, 'refuse')).toThrow('x.in.more: is not in the schema');
  expect(() => typedRecord({ other: 3 }, OUTER, 'x', 0, { unknown: 'refuse', missing: 'allow' })).toThrow(
    'x.other: is not in the schema',
  );
});
