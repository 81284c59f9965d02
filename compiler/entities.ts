import { formatUid, isEntityTypeName, uidKey } from '../engine/entity-uid.ts';
import type { CedarValue, EntityJson, EntityUid, JsonObject, JsonValue, Problem } from '../engine/index.ts';
import { InvalidRequestError } from '../engine/index.ts';
import type { ResolvedEntityType, Schema } from '../engine/schema.ts';
import { typedValue, untypedValue } from '../engine/values.ts';
import type { TextFile } from './files.ts';
import { checkHierarchy } from './hierarchy.ts';
import { type JsonFile, type JsonPath, parseJsonFile } from './json-file.ts';

/** An entity of a file, with its place. */
export interface SourceEntity {
  entity: EntityJson;
  file: Omit<JsonFile, 'value'>;
  index: number;
}

const KEYS = new Set(['uid', 'attrs', 'parents', 'tags']);

/**
 * Reads entities in Cedar's JSON format and makes implied escapes explicit; reports all that does not conform.
 *
 * @see https://docs.cedarpolicy.com/auth/entities-syntax.html
 */
export function parseEntities(
  files: TextFile[],
  schema: Schema | undefined,
  problems: Problem[],
): EntityJson[] {
  const byKey = new Map<string, SourceEntity>();
  for (const text of files) {
    const parsed = parseJsonFile(text, problems);
    if (parsed === undefined) continue;
    // What is kept can say where in the file something is, and no longer has what the file says.
    const { value: list, ...file } = parsed;
    if (!Array.isArray(list)) {
      problems.push(file.problem([], 'must be a list of entities'));
      continue;
    }
    for (const [index, value] of list.entries()) {
      const entity = parseEntity(value, { file, index, schema, problems });
      if (entity === undefined) continue;
      const key = uidKey(entity.uid);
      const first = byKey.get(key);
      if (first === undefined) byKey.set(key, { entity, file, index });
      else problems.push(file.problem([index, 'uid'], duplicate(entity.uid, first)));
    }
  }
  checkHierarchy(byKey, schema, problems);
  return [...byKey.values()].map(({ entity }) => entity);
}

function duplicate(uid: EntityUid, first: SourceEntity): string {
  const { file, line } = first.file.problem([first.index, 'uid'], '');
  return `${formatUid(uid)} is there twice; the first is at ${file}:${line}`;
}

interface Place {
  file: SourceEntity['file'];
  index: number;
  schema: Schema | undefined;
  problems: Problem[];
}

function parseEntity(value: unknown, place: Place): EntityJson | undefined {
  const report = (path: JsonPath, message: string) =>
    place.problems.push(place.file.problem([place.index, ...path], message));
  if (!isObject(value)) {
    report([], 'is not an entity: needs uid, attrs and parents');
    return undefined;
  }
  const uid = parseUid(value.uid);
  if (uid === undefined) {
    report(['uid'], 'an entity needs a uid with a "type" (a Cedar type name) and an "id", both strings');
    return undefined;
  }
  for (const key of Object.keys(value)) {
    if (!KEYS.has(key))
      report([key], `"${key}" is not a part of an entity: uid, attrs, parents and tags are`);
  }
  const declared = declaredType(uid, place.schema, report);
  if (declared === 'wrong') return undefined;
  const tags = parseTags(value.tags, declared, report);
  return {
    uid,
    attrs: parseAttributes(value.attrs ?? {}, uid, declared, report),
    parents: parseParents(value.parents ?? [], report),
    ...(tags === undefined ? {} : { tags }),
  };
}

type Report = (path: JsonPath, message: string) => void;

function declaredType(
  uid: EntityUid,
  schema: Schema | undefined,
  report: Report,
): ResolvedEntityType | 'wrong' | undefined {
  if (schema === undefined) return undefined;
  const declared = schema.entityTypes.get(uid.type);
  if (uid.type === 'Action' || uid.type.endsWith('::Action')) {
    report(['uid'], 'actions are declared in the schema, not among the entities');
    return 'wrong';
  }
  if (declared === undefined) {
    report(['uid'], `the schema has no entity type ${uid.type}`);
    return 'wrong';
  }
  if (declared.ids !== undefined && !declared.ids.has(uid.id)) {
    report(['uid'], `${formatUid(uid)} is not one of the ids that the schema enumerates`);
    return 'wrong';
  }
  return declared;
}

function parseAttributes(
  value: unknown,
  uid: EntityUid,
  declared: ResolvedEntityType | undefined,
  report: Report,
): Record<string, CedarValue> {
  const attrs: Record<string, CedarValue> = {};
  if (!isObject(value)) {
    report(['attrs'], 'must be an object');
    return attrs;
  }
  for (const [name, item] of Object.entries(value)) {
    const attribute = declared?.attributes.attributes.get(name);
    if (declared !== undefined && attribute === undefined) {
      report(['attrs', name], `${uid.type} has no attribute "${name}" in the schema`);
    } else if (item === null) {
      report(['attrs', name], 'is null: leave the attribute out');
    } else {
      setValue(attrs, name, ['attrs', name], report, () =>
        attribute === undefined ? untypedValue(item, '') : typedValue(item, attribute.type, '', 0, 'refuse'),
      );
    }
  }
  for (const [name, { required }] of declared?.attributes.attributes ?? []) {
    if (required && !Object.hasOwn(value, name)) {
      report(['attrs'], `${formatUid(uid)} lacks the attribute "${name}", which the schema requires`);
    }
  }
  return attrs;
}

function parseTags(
  value: unknown,
  declared: ResolvedEntityType | undefined,
  report: Report,
): Record<string, CedarValue> | undefined {
  if (value === undefined) return undefined;
  if (!isObject(value)) {
    report(['tags'], 'must be an object');
    return undefined;
  }
  if (declared !== undefined && declared.tags === undefined && Object.keys(value).length > 0) {
    report(['tags'], `${declared.name} has no tags in the schema`);
    return undefined;
  }
  const tags: Record<string, CedarValue> = {};
  const type = declared?.tags;
  for (const [name, item] of Object.entries(value)) {
    setValue(tags, name, ['tags', name], report, () =>
      type === undefined ? untypedValue(item, '') : typedValue(item, type, '', 0, 'refuse'),
    );
  }
  return tags;
}

function setValue(
  record: Record<string, CedarValue>,
  name: string,
  path: JsonPath,
  report: Report,
  read: () => CedarValue,
): void {
  try {
    Object.defineProperty(record, name, {
      value: read(),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  } catch (error) {
    if (!(error instanceof InvalidRequestError)) throw error;
    const inner = segments(error.path);
    report([...path, ...inner], error.message.replace(`${error.path}: `, ''));
  }
}

/** The path of a value error as keys: `[0].type` is `[0, 'type']`. */
function segments(path: string): JsonPath {
  return [...path.matchAll(/\.([_a-zA-Z]\w*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/g)].map(
    ([, name, index, quoted]) => {
      if (index !== undefined) return Number(index);
      return quoted === undefined ? (name ?? '') : (JSON.parse(quoted) as string);
    },
  );
}

function parseParents(value: unknown, report: Report): EntityUid[] {
  if (!Array.isArray(value)) {
    report(['parents'], 'must be a list of entity uids');
    return [];
  }
  return value.flatMap((item: unknown, index) => {
    const uid = parseUid(item);
    if (uid === undefined) report(['parents', index], 'a parent needs a "type" and an "id", both strings');
    return uid ?? [];
  });
}

function parseUid(value: unknown): EntityUid | undefined {
  const inner = isObject(value) && isObject(value.__entity) ? value.__entity : value;
  if (!isObject(inner) || typeof inner.type !== 'string' || typeof inner.id !== 'string') return undefined;
  if (!isEntityTypeName(inner.type) || !inner.id.isWellFormed()) return undefined;
  return { type: inner.type, id: inner.id };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value as JsonValue);
}
