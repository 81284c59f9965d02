import type { EntityUid } from '../cedar-json.ts';
import { isEntityTypeName } from '../entity-uid.ts';
import type { RecordType, ResolvedType, Schema } from '../schema.ts';
import type { EntityNode } from './entity-node.ts';
import { CONSTRUCTORS, type ExtensionValue } from './extensions.ts';
import { caught, EvaluationFailure } from './failure.ts';
import { callMethod } from './functions.ts';
import { isLong, longOf } from './long.ts';
import { type ShapeTable, shapeOf } from './shape-table.ts';
import { TextTable } from './text-table.ts';
import { RecordValue, SetValue, type Value } from './values.ts';

/** JSON that is no Cedar value; the message begins with the place. */
export class JsonValueError extends Error {
  override readonly name: string = 'JsonValueError';
}

/** An extension call in JSON that has no value. In a policy's literal this is an evaluation error, elsewhere no data. */
export class ExtensionCallError extends JsonValueError {
  override readonly name = 'ExtensionCallError';
}

/** Deepest nesting of a value, so that reading and comparing it cannot exhaust the stack. */
const MAX_DEPTH = 128;

const DATETIME: ResolvedType = { kind: 'extension', extension: 'datetime' };
const DURATION: ResolvedType = { kind: 'extension', extension: 'duration' };

/** The types of arguments, for functions of extension values that have one themselves. */
const IMPLIED_ARGUMENTS = new Map<string, readonly ResolvedType[]>([
  ['offset', [DATETIME, DURATION]],
  ['durationSince', [DATETIME, DATETIME]],
  ['toDate', [DATETIME]],
  ['toTime', [DATETIME]],
]);

/** Gives the node of an entity that a value names. */
export type ResolveNode = (type: string, id: string) => EntityNode;

/** Reads Cedar's JSON values: explicit escapes, and those that a schema's types imply. */
export class ValueReader {
  readonly #resolve: ResolveNode;
  readonly #shapes: ShapeTable | undefined;
  readonly #texts: TextTable | undefined;
  /** Type names that were found good: one string for all entities of a type. */
  readonly #typeNames = new Map<string, string>();

  /** @param shapes given for data that stays */
  constructor(resolve: ResolveNode, shapes?: ShapeTable) {
    this.#resolve = resolve;
    this.#shapes = shapes;
    this.#texts = shapes === undefined ? undefined : new TextTable();
  }

  /** @throws JsonValueError */
  read(json: unknown, type: ResolvedType | undefined, path: string, depth = 0): Value {
    switch (typeof json) {
      case 'boolean':
      case 'bigint':
      case 'number':
        return typeof json === 'boolean' ? json : long(json, path);
      case 'string':
        return this.#text(json, type, path);
      case 'object':
        break;
      default:
        throw new JsonValueError(`${path}: is not a JSON value`);
    }
    if (depth >= MAX_DEPTH) throw new JsonValueError(`${path}: nests deeper than ${MAX_DEPTH} levels`);
    if (json === null) throw new JsonValueError(`${path}: is null, which Cedar does not have`);
    if (Array.isArray(json)) {
      const element = type?.kind === 'set' ? type.element : undefined;
      return SetValue.of(json.map((item, index) => this.read(item, element, `${path}[${index}]`, depth + 1)));
    }
    return this.#object(json as Record<string, unknown>, type, path, depth);
  }

  /** @throws JsonValueError */
  record(json: unknown, type: RecordType | undefined, path: string, depth = 0): RecordValue {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw new JsonValueError(`${path}: is not a record`);
    }
    const names = Object.keys(json);
    const values = names.map((name) => {
      wellFormed(name, path);
      const item = (json as Record<string, unknown>)[name];
      return this.read(item, type?.attributes.get(name)?.type, `${path}.${name}`, depth + 1);
    });
    return new RecordValue(this.#shapes?.of(names) ?? shapeOf(names), values);
  }

  /** `{type, id}`, bare or in `__entity`. @throws JsonValueError */
  entity(json: unknown, path: string): EntityNode {
    const { type, id } = uidOf(json, path, this.#typeNames);
    return this.#resolve(type, id);
  }

  #text(text: string, type: ResolvedType | undefined, path: string): Value {
    wellFormed(text, path);
    if (type?.kind !== 'extension') return this.#texts?.of(text) ?? text;
    return construct(type.extension === 'ipaddr' ? 'ip' : type.extension, [text], path);
  }

  #object(json: Record<string, unknown>, type: ResolvedType | undefined, path: string, depth: number): Value {
    if (Object.hasOwn(json, '__expr'))
      throw new JsonValueError(`${path}: uses __expr, which Cedar no longer has`);
    if (Object.hasOwn(json, '__entity')) return this.entity(only(json, '__entity', path), path);
    if (Object.hasOwn(json, '__extn')) return this.#call(only(json, '__extn', path), type, path, depth);
    if (type?.kind === 'entity') return this.entity(json, path);
    if (type?.kind === 'extension') return this.#call(json, type, path, depth);
    return this.record(json, type?.kind === 'record' ? type : undefined, path, depth);
  }

  /** @param type the schema's, with which arguments may leave their escapes out too */
  #call(json: unknown, type: ResolvedType | undefined, path: string, depth: number): Value {
    const { fn, arg, args } = (json ?? {}) as { fn?: unknown; arg?: unknown; args?: unknown };
    const list = Array.isArray(args) ? args : [arg];
    if (typeof fn !== 'string' || list.length === 0) {
      throw new JsonValueError(`${path}: needs "fn" and "arg" or "args"`);
    }
    return construct(
      fn,
      list.map((item, index) => {
        const argument = type === undefined ? undefined : IMPLIED_ARGUMENTS.get(fn)?.[index];
        return this.read(item, argument, `${path}.args[${index}]`, depth + 1);
      }),
      path,
    );
  }
}

function only(json: Record<string, unknown>, key: string, path: string): unknown {
  if (Object.keys(json).length !== 1)
    throw new JsonValueError(`${path}: is an escape with other keys beside it`);
  return json[key];
}

function construct(fn: string, args: Value[], path: string): Value {
  const make = Object.hasOwn(CONSTRUCTORS, fn) ? CONSTRUCTORS[fn] : undefined;
  const [text] = args;
  if (make !== undefined && args.length === 1 && typeof text === 'string') {
    const value: ExtensionValue | undefined = make(text);
    if (value !== undefined) return value;
    throw new ExtensionCallError(`${path}: is not a value that ${fn}() takes`);
  }
  try {
    return callMethod(fn, args);
  } catch (error) {
    throw new ExtensionCallError(`${path}: ${caught(error, EvaluationFailure).message}`);
  }
}

function long(json: number | bigint, path: string): Value {
  const value = typeof json === 'bigint' ? longOf(json) : Number.isSafeInteger(json) ? json : undefined;
  if (isLong(value)) return value === 0 ? 0 : value;
  throw new JsonValueError(
    `${path}: is not a whole number of 64 bits; give those beyond 2^53 - 1 as BigInt or as text`,
  );
}

/** @throws JsonValueError for half a surrogate pair, which Cedar's strings cannot hold */
export function wellFormed(text: string, path: string): void {
  if (!text.isWellFormed()) throw new JsonValueError(`${path}: is not well-formed Unicode`);
}

/** `{type, id}`, bare or in `__entity`. @throws JsonValueError */
export function uidOf(json: unknown, path: string, good?: Map<string, string>): EntityUid {
  const bare = typeof json === 'object' && json !== null && Object.hasOwn(json, '__entity');
  const { type, id } = ((bare ? (json as { __entity: unknown }).__entity : json) ?? {}) as Partial<EntityUid>;
  const known = good?.get(type as string);
  if (
    typeof type !== 'string' ||
    typeof id !== 'string' ||
    !(known !== undefined || isEntityTypeName(type))
  ) {
    throw new JsonValueError(`${path}: needs a "type" (a Cedar type name) and an "id", both strings`);
  }
  if (known === undefined) good?.set(type, type);
  wellFormed(id, path);
  return { type: known ?? type, id };
}

/** The types that a schema gives to an entity's attributes and tags. */
export function typesOf(
  schema: Schema | undefined,
  type: string,
): { attrs?: RecordType; tags?: ResolvedType } {
  const declared = schema?.entityTypes.get(type);
  return declared === undefined
    ? {}
    : { attrs: declared.attributes, ...(declared.tags === undefined ? {} : { tags: declared.tags }) };
}
