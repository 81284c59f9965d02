import type { EntityUid } from '../cedar-json.ts';
import type { Schema } from '../schema.ts';
import type { Steps } from '../steps.ts';
import type { EntityData } from './api.ts';
import type { Conformance } from './conform.ts';
import { entityValues } from './entity-data.ts';
import type { EntityNode } from './entity-node.ts';
import { findCircle } from './hierarchy.ts';
import { readEntity } from './read-entity.ts';
import { type ResolveNode, ValueReader } from './read-json.ts';
import { refuseCircle, refuseOther, refusingSteps } from './refuse.ts';
import type { EntityChange, NodeStore } from './store.ts';
import { ValuePages } from './value-pages.ts';
import { EMPTY_RECORD } from './values.ts';

/** Entities read in one step: some ten microseconds of each, if they are not large. */
const ENTITIES_A_STEP = 8;

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
export function* loadEntities(entities: EntityData, target: EntityTarget): Steps<void> {
  const { store, schema } = target;
  const found = storeSchemaEntities(store, schema);
  // The data may have them too.
  const fromSchema = new Set(found);
  // Only what something is in can be in a circle.
  const groups = new Set(found.flatMap(({ parents }) => parents));
  const pages = new ValuePages();
  const resolve = (type: string, id: string) => store.intern(type, id);
  const load = function* (): Steps<void> {
    yield* readEntities(entities, resolve, target, (change, path) => {
      const { node } = change;
      if (node.stored && !fromSchema.delete(node)) {
        refuseOther({ attrs: node, tags: node.tags, parents: node.parents }, change, path);
      }
      for (const parent of change.parents) groups.add(parent);
      store.put([change], pages);
    });
    refuseCircle(yield* findCircle(groups, (node) => node.parents));
  };
  yield* refusingSteps(load());
}

/** Gives each entity of the data with its place. @throws JsonValueError */
export function* readEntities(
  entities: EntityData,
  resolve: ResolveNode,
  { store, schema, conformance }: EntityTarget,
  take: (change: EntityChange, path: string) => void,
): Steps<void> {
  const reader = new ValueReader(resolve, store.shapes);
  let index = 0;
  for (const json of entityValues(entities)) {
    const path = `entities[${index}]`;
    const change = readEntity(json, reader, schema, path);
    conformance?.entity(change, path);
    take(change, path);
    index += 1;
    if (index % ENTITIES_A_STEP === 0) yield;
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
