import type { CedarValue, EntityUid } from './cedar-json.ts';
import type { JsonObject, JsonValue } from './contract.ts';
import { isEntityTypeName } from './entity-uid.ts';
import { InvalidRequestError } from './errors.ts';
import {
  CONSTRUCTOR,
  EXAMPLE,
  type ExtensionType,
  isExtensionValue,
  typeOfConstructor,
} from './extension-values.ts';
import type { RecordType, ResolvedType } from './schema.ts';

/**
 * JSON into Cedar values, by a schema's types or by the look of the value. What Cedar cannot hold is an
 * {@link InvalidRequestError} that names its place: were it let through, a policy reading it would err, and a
 * `forbid` that errs does not apply.
 */

/** Deepest nesting of a value. The WebAssembly build ends for good somewhat above twice this. */
export const MAX_VALUE_DEPTH = 64;

type Escape = { entity: EntityUid } | { extension: ExtensionType; text: string };

function fail(path: string, problem: string): never {
  throw new InvalidRequestError(path, problem);
}

function child(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  return /^[_a-zA-Z]\w*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}

function isRecord(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wellFormed(text: string, path: string): string {
  // A lone surrogate becomes U+FFFD on its way into UTF-8: two different ids would turn into one.
  return text.isWellFormed()
    ? text
    : fail(path, 'is not well-formed Unicode: it has half of a surrogate pair');
}

const LONG_BITS = 64;

/** A Long in its one form: a number where that is exact, a BigInt beyond. */
function long(value: number | bigint, path: string): number | bigint {
  if (typeof value === 'bigint') {
    if (BigInt.asIntN(LONG_BITS, value) !== value) {
      fail(path, `is beyond the ${LONG_BITS} bits of a Long, from -2^63 to 2^63 - 1`);
    }
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  if (!Number.isInteger(value)) {
    fail(path, 'is not a whole number; Cedar has none but Long, so send a decimal as a string');
  }
  if (!Number.isSafeInteger(value)) fail(path, 'is beyond 2^53 - 1, where JSON numbers are no longer exact');
  return value;
}

/** Reads `{type, id}`. */
function uid(value: JsonValue | undefined, path: string): EntityUid {
  if (!isRecord(value) || typeof value.type !== 'string' || typeof value.id !== 'string') {
    fail(path, 'needs a "type" and an "id", both strings');
  }
  if (!isEntityTypeName(value.type)) fail(child(path, 'type'), 'is not a Cedar entity type name');
  return { type: value.type, id: wellFormed(value.id, child(path, 'id')) };
}

/** Cedar's JSON escapes for what JSON has no form for. */
function readEscape(value: JsonObject, path: string): Escape | undefined {
  if (Object.hasOwn(value, '__expr')) fail(path, 'uses __expr, which Cedar no longer has');
  const isEntity = Object.hasOwn(value, '__entity');
  if (!isEntity && !Object.hasOwn(value, '__extn')) return undefined;
  if (Object.keys(value).length !== 1) fail(path, 'is an escape with other keys beside it');
  if (isEntity) return { entity: uid(value.__entity, child(path, '__entity')) };
  const call = value.__extn;
  const extension = isRecord(call) && typeof call.fn === 'string' ? typeOfConstructor(call.fn) : undefined;
  if (!isRecord(call) || extension === undefined || typeof call.arg !== 'string') {
    fail(child(path, '__extn'), 'needs "fn" (decimal, ip, datetime or duration) and "arg" (a string)');
  }
  return { extension, text: extensionText(extension, call.arg, child(child(path, '__extn'), 'arg')) };
}

function extensionText(extension: ExtensionType, text: string, path: string): string {
  if (!isExtensionValue(extension, text))
    fail(path, `is not of type ${extension}, such as ${EXAMPLE[extension]}`);
  return text;
}

function escaped(found: Escape): CedarValue {
  if ('entity' in found) return { __entity: found.entity };
  return { __extn: { fn: CONSTRUCTOR[found.extension], arg: found.text } };
}

function deeper(depth: number, path: string): number {
  return depth < MAX_VALUE_DEPTH ? depth + 1 : fail(path, `nests deeper than ${MAX_VALUE_DEPTH} levels`);
}

/** A value of no known type: whole numbers, strings, booleans, sets, records and explicit escapes. */
export function untypedValue(value: JsonValue, path: string, depth = 0): CedarValue {
  switch (typeof value) {
    case 'boolean':
      return value;
    case 'string':
      return wellFormed(value, path);
    case 'number':
    case 'bigint':
      return long(value, path);
    default:
      break;
  }
  const next = deeper(depth, path);
  if (Array.isArray(value)) {
    return value.map((item, index) =>
      untypedValue(notNull(item, child(path, index)), child(path, index), next),
    );
  }
  if (!isRecord(value)) fail(path, 'is not a JSON value');
  const found = readEscape(value, path);
  return found === undefined ? untypedRecord(value, path, next) : escaped(found);
}

/** A record of no known type; `null` means absent. */
export function untypedRecord(value: JsonObject, path: string, depth = 0): Record<string, CedarValue> {
  const record: Record<string, CedarValue> = Object.create(null);
  for (const [key, item] of Object.entries(value)) {
    if (item === null || item === undefined) continue;
    record[wellFormed(key, path)] = untypedValue(item, child(path, key), depth);
  }
  return record;
}

function notNull(value: JsonValue | undefined, path: string): Exclude<JsonValue, null> {
  return value === null || value === undefined ? fail(path, 'is null, which a set cannot hold') : value;
}

/**
 * A value of a schema's type, with the implied escapes made explicit.
 *
 * @param unknown what to do with an attribute that a record's type does not have
 */
export function typedValue(
  value: JsonValue,
  type: ResolvedType,
  path: string,
  depth = 0,
  unknown: RecordOptions['unknown'] = 'leave out',
): CedarValue {
  switch (type.kind) {
    case 'boolean':
      return typeof value === 'boolean' ? value : fail(path, 'is not a boolean');
    case 'string':
      return typeof value === 'string' ? wellFormed(value, path) : fail(path, 'is not a string');
    case 'long':
      return typeof value === 'number' || typeof value === 'bigint'
        ? long(value, path)
        : fail(path, 'is not a whole number');
    case 'extension':
      return escaped(typedExtension(value, type.extension, path));
    case 'entity':
      return { __entity: typedEntity(value, type.name, path) };
    case 'set': {
      if (!Array.isArray(value)) fail(path, 'is not a list');
      const next = deeper(depth, path);
      return value.map((item, index) =>
        typedValue(notNull(item, child(path, index)), type.element, child(path, index), next, unknown),
      );
    }
    case 'record':
      return isRecord(value)
        ? typedRecord(value, type, path, deeper(depth, path), { unknown, missing: 'refuse' })
        : fail(path, 'is not a record');
  }
}

function typedExtension(value: JsonValue, extension: ExtensionType, path: string): Escape {
  if (typeof value === 'string') return { extension, text: extensionText(extension, value, path) };
  const found = isRecord(value) ? readEscape(value, path) : undefined;
  if (found === undefined || !('extension' in found) || found.extension !== extension) {
    fail(path, `is not of type ${extension}, such as ${EXAMPLE[extension]}`);
  }
  return found;
}

function typedEntity(value: JsonValue, name: string, path: string): EntityUid {
  const found = isRecord(value) ? (readEscape(value, path) ?? { entity: uid(value, path) }) : undefined;
  if (found === undefined || !('entity' in found)) fail(path, `is not a ${name}: needs a "type" and an "id"`);
  return found.entity.type === name ? found.entity : fail(path, `is a ${found.entity.type}, not a ${name}`);
}

export interface RecordOptions {
  /** What to do with an attribute that the type does not have. */
  unknown: 'leave out' | 'refuse';
  /** Whether a required attribute may be missing. */
  missing: 'allow' | 'refuse';
}

/** A record of a schema's type. Inner records are always whole: what they require must be there. */
export function typedRecord(
  value: JsonObject,
  type: RecordType,
  path: string,
  depth = 0,
  options: RecordOptions = { unknown: 'leave out', missing: 'refuse' },
): Record<string, CedarValue> {
  const record: Record<string, CedarValue> = Object.create(null);
  for (const [key, item] of Object.entries(value)) {
    const attribute = type.attributes.get(key);
    if (attribute === undefined) {
      if (options.unknown === 'refuse') fail(child(path, key), 'is not in the schema');
      continue;
    }
    if (item === null || item === undefined) continue;
    record[key] = typedValue(item, attribute.type, child(path, key), depth, options.unknown);
  }
  if (options.missing === 'refuse') {
    for (const [key, attribute] of type.attributes) {
      if (attribute.required && !Object.hasOwn(record, key)) {
        fail(child(path, key), 'is missing: the schema requires it');
      }
    }
  }
  return record;
}
