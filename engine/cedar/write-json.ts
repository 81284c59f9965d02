import type { JsonObject, JsonValue } from '../contract.ts';
import { CONSTRUCTOR } from '../extension-values.ts';
import { type ExtensionValue, IpAddress, Scalar } from './extensions.ts';
import { type Attributes, isExtension, RecordValue, SetValue, type Value } from './values.ts';

/** A value in Cedar's JSON format, with explicit `__entity` and `__extn` escapes. */
export function valueJson(value: Value): JsonValue {
  if (typeof value !== 'object') return value;
  if (value instanceof RecordValue) return recordJson(value);
  if (value instanceof SetValue) return value.items.map(valueJson);
  if (isExtension(value)) return { __extn: extensionCall(value) };
  return { __entity: { type: value.type, id: value.id } };
}

export function recordJson(record: Attributes): JsonObject {
  // Without a prototype `__proto__` is a name like any other.
  const json: JsonObject = Object.create(null);
  for (const [name, value] of record.entries()) json[name] = valueJson(value);
  return json;
}

/** The years from 0000 to 9999, which the text of a datetime can say. */
const [FIRST_WRITABLE, LAST_WRITABLE] = [-62_167_219_200_000n, 253_402_300_799_999n];

function extensionCall(value: ExtensionValue): JsonObject {
  if (value instanceof Scalar && value.type === 'datetime') {
    const { value: time } = value;
    if (time < FIRST_WRITABLE || time > LAST_WRITABLE) {
      const start = valueJson(new Scalar('datetime', 0n));
      return { fn: 'offset', args: [start, valueJson(new Scalar('duration', time))] };
    }
  }
  return { fn: CONSTRUCTOR[value.type], arg: extensionText(value) };
}

/** In one of the forms that Cedar reads, which need not be the one that it was written in. */
function extensionText(value: ExtensionValue): string {
  return value instanceof IpAddress ? ipText(value) : scalarText(value as Scalar);
}

function scalarText({ type, value }: Scalar): string {
  switch (type) {
    case 'decimal': {
      const digits = String(value < 0n ? -value : value).padStart(5, '0');
      return `${value < 0n ? '-' : ''}${digits.slice(0, -4)}.${digits.slice(-4)}`;
    }
    case 'datetime':
      return new Date(Number(value)).toISOString();
    case 'duration':
      return `${value}ms`;
  }
}

function ipText({ version, address, prefix }: IpAddress): string {
  const [bits, separator, radix] = version === 4 ? ([8, '.', 10] as const) : ([16, ':', 16] as const);
  const whole = version === 4 ? 32 : 128;
  const parts: string[] = [];
  for (let shift = whole - bits; shift >= 0; shift -= bits) {
    parts.push(BigInt.asUintN(bits, address >> BigInt(shift)).toString(radix));
  }
  return `${parts.join(separator)}${prefix === whole ? '' : `/${prefix}`}`;
}
