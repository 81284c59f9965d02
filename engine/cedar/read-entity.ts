import type { EntityJson } from '../cedar-json.ts';
import type { ResolvedType, Schema } from '../schema.ts';
import { NO_NODES } from './entity-node.ts';
import { JsonValueError, typesOf, type ValueReader, wellFormed } from './read-json.ts';
import { type EntityChange, isActionType } from './store.ts';
import { RecordValue } from './values.ts';

/** Reads an entity of Cedar's JSON format. @throws JsonValueError */
export function readEntity(
  json: unknown,
  reader: ValueReader,
  schema: Schema | undefined,
  path: string,
): EntityChange {
  const { uid, attrs, parents, tags } = (json ?? {}) as Partial<Record<keyof EntityJson, unknown>>;
  const node = reader.entity(uid, `${path}.uid`);
  if (!Array.isArray(parents)) throw new JsonValueError(`${path}.parents: must be a list`);
  const types = typesOf(schema, node.type);
  const above = parents.map((parent, index) => reader.entity(parent, `${path}.parents[${index}]`));
  if (isActionType(node.type) && !above.every(({ type }) => isActionType(type)))
    throw new JsonValueError(`${path}.parents: above an action there can only be actions`);
  return {
    node,
    attrs: reader.record(attrs, types.attrs, `${path}.attrs`),
    tags: tags === undefined ? undefined : readTags(tags, reader, types.tags, `${path}.tags`),
    parents: above.length === 0 ? NO_NODES : [...new Set(above)],
  };
}

function readTags(
  json: unknown,
  reader: ValueReader,
  type: ResolvedType | undefined,
  path: string,
): RecordValue {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new JsonValueError(`${path}: is not a record`);
  return RecordValue.of(
    Object.entries(json).map(([name, item]) => {
      wellFormed(name, path);
      return [name, reader.read(item, type, `${path}.${name}`)];
    }),
  );
}
