import type { EntityUid } from '../cedar-json.ts';
import type { Schema } from '../schema.ts';
import type { EntityData } from './api.ts';
import type { Conformance } from './conform.ts';
import { entityValues } from './entity-data.ts';
import type { EntityNode } from './entity-node.ts';
import { findCircle } from './hierarchy.ts';
import { readEntity } from './read-entity.ts';
import { type ResolveNode, ValueReader } from './read-json.ts';
import { refuseCircle, refuseOther, refusing } from './refuse.ts';
import type { EntityChange, NodeStore } from './store.ts';
import { ValuePages } from './value-pages.ts';
import { EMPTY_RECORD } from './values.ts';

/** Where entities come, and what they are held to where they were not checked before. */
export interface EntityTarget {
  store: NodeStore;
  schema: Schema | undefined;
  conformance?: Conformance | undefined;
}

/**
 * Stores the entities of an engine that is being made: those that exist by being in the schema, and the data's.
 * Nothing to undo: an engine whose entities are wrong is never made. So each is stored as it is read.
 *
 * @throws InvalidRequestError for entities that cannot be stored
 */
export function loadEntities(entities: EntityData, target: EntityTarget): void {
  const { store, schema } = target;
  // The data may have them too.
  const fromSchema = new Set(storeSchemaEntities(store, schema));
  const pages = new ValuePages();
  const resolve = (type: string, id: string) => store.intern(type, id);
  refusing(() => {
    readEntities(entities, resolve, target, (change, path) => {
      const { node } = change;
      if (node.stored && !fromSchema.delete(node)) {
        refuseOther({ attrs: node, tags: node.tags, parents: node.parents }, change, path);
      }
      store.put([change], pages);
    });
    // Only what something is in can be in a circle.
    const groups = new Set<EntityNode>();
    for (const node of store.nodes()) for (const parent of node.parents) groups.add(parent);
    refuseCircle(findCircle(groups, (node) => node.parents));
  });
}

/** Gives each entity of the data with its place. @throws JsonValueError */
export function readEntities(
  entities: EntityData,
  resolve: ResolveNode,
  { store, schema, conformance }: EntityTarget,
  take: (change: EntityChange, path: string) => void,
): void {
  const reader = new ValueReader(resolve, store.shapes);
  let index = 0;
  for (const json of entityValues(entities)) {
    const path = `entities[${index}]`;
    const change = readEntity(json, reader, schema, path);
    conformance?.entity(change, path);
    take(change, path);
    index += 1;
  }
}

function storeSchemaEntities(store: NodeStore, schema: Schema | undefined): EntityNode[] {
  const intern = ({ type, id }: EntityUid) => store.intern(type, id);
  const changes = [...(schema?.entities() ?? [])].map(
    ({ uid, parents }): EntityChange => ({
      node: intern(uid),
      attrs: EMPTY_RECORD,
      tags: undefined,
      parents: parents.map(intern),
    }),
  );
  store.put(changes);
  return changes.map(({ node }) => node);
}
