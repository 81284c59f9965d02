import type { EntityRef, JsonObject, StoredEntities } from '../contract.ts';
import type { NodeStore } from './store.ts';
import { recordJson } from './write-json.ts';

/** The entities of a store, for reading. */
export class StoreReader implements StoredEntities {
  readonly #store: NodeStore;

  constructor(store: NodeStore) {
    this.#store = store;
  }

  types(): string[] {
    return this.#store.types();
  }

  ids(type: string): readonly string[] {
    return this.#store.ofType(type).map(({ id }) => id);
  }

  attributes({ type, id }: EntityRef): JsonObject | undefined {
    const node = this.#store.find(type, id);
    return node?.stored ? recordJson(node) : undefined;
  }

  parents({ type, id }: EntityRef): readonly EntityRef[] {
    return this.#store.find(type, id)?.parents ?? [];
  }
}
