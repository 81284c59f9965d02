import { uidKey } from '../../engine/entity-uid.ts';
import type { CedarValue, EntityJson, EntityUid } from '../../engine/index.ts';

/** The stored entities of one revision, by uid. */
export class EntityStore {
  readonly #byKey = new Map<string, EntityJson>();

  constructor(entities: Iterable<EntityJson>) {
    for (const entity of entities) {
      const key = uidKey(entity.uid);
      if (this.#byKey.has(key)) continue;
      this.#byKey.set(key, entity);
    }
  }

  get(uid: EntityUid): EntityJson | undefined {
    return this.#byKey.get(uidKey(uid));
  }
}

/** The entities that a value names, in any depth. */
export function* references(value: CedarValue): Generator<EntityUid> {
  if (typeof value !== 'object') return;
  if (Array.isArray(value)) {
    for (const item of value) yield* references(item);
  } else if ('__entity' in value) {
    yield value.__entity as EntityUid;
  } else if (!('__extn' in value)) {
    for (const item of Object.values(value)) yield* references(item);
  }
}

/** Every entity that an entity's attributes and tags name. */
export function* entityReferences(entity: EntityJson): Generator<EntityUid> {
  for (const value of Object.values(entity.attrs)) yield* references(value);
  for (const value of Object.values(entity.tags ?? {})) yield* references(value);
}
