import type { CedarValue, EntityJson, EntityUid } from './cedar-json.ts';
import { uidKey } from './entity-uid.ts';

/** The stored entities of one revision, by uid and by type. */
export class EntityStore {
  readonly #byKey = new Map<string, EntityJson>();
  readonly #idsByType = new Map<string, string[]>();
  readonly #sorted = new Set<string>();

  constructor(entities: Iterable<EntityJson>) {
    for (const entity of entities) {
      const key = uidKey(entity.uid);
      if (this.#byKey.has(key)) continue;
      this.#byKey.set(key, entity);
      const ids = this.#idsByType.get(entity.uid.type);
      if (ids === undefined) this.#idsByType.set(entity.uid.type, [entity.uid.id]);
      else ids.push(entity.uid.id);
    }
  }

  get size(): number {
    return this.#byKey.size;
  }

  get(uid: EntityUid): EntityJson | undefined {
    return this.#byKey.get(uidKey(uid));
  }

  /** Ids of a type in code unit order, which a page token can point into. Sorted on first use. */
  idsOfType(type: string): readonly string[] {
    const ids = this.#idsByType.get(type) ?? [];
    if (!this.#sorted.has(type)) {
      ids.sort();
      this.#sorted.add(type);
    }
    return ids;
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
