import type { BuiltEntities } from '../built-entities.ts';
import type { EntityJson, EntityUid } from '../cedar-json.ts';
import { uidKey } from '../entity-uid.ts';
import { PdpUnavailableError } from '../errors.ts';
import type { Schema } from '../schema.ts';
import type { EntityNode } from './entity-node.ts';
import { readEntity } from './read-entity.ts';
import { ValueReader } from './read-json.ts';
import { NodeStore } from './store.ts';

/**
 * A store of entities that are known to be good. It reads an entity when it is first asked for, so that a function
 * answers its first request without having read what that is not about. An entity that has been read has all that it
 * names read too: what is found has its data, and so has all that is above it. It is for looking up and nothing else:
 * what is asked of all entities, or changes them, would miss those that are not read yet.
 */
export class LateStore extends NodeStore {
  readonly #entities: BuiltEntities;
  readonly #schema: Schema | undefined;
  readonly #named: ReadonlySet<string>;
  readonly #reader = new ValueReader((type, id) => this.#resolve(type, id), this.shapes);
  /** What has its node already, and is still to be read. */
  readonly #begun: unknown[] = [];
  #failure: PdpUnavailableError | undefined;
  /** Counts the nodes made. */
  made = 0;
  /** Counts what was looked for and has no node. */
  missed = 0;

  /** @param named entities that are to have a node even where there is no data of them */
  constructor(entities: BuiltEntities, schema: Schema | undefined, named: readonly EntityUid[]) {
    super();
    this.#entities = entities;
    this.#schema = schema;
    this.#named = new Set(named.map(uidKey));
  }

  /** @throws PdpUnavailableError when an entity turns out not to be good */
  override find(type: string, id: string): EntityNode | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    const known = super.find(type, id);
    if (known !== undefined) return known;
    const begun = this.#begin(type, id);
    if (begun === undefined) this.missed += 1;
    else this.#readBegun();
    return begun;
  }

  protected override make(type: string, id: string): EntityNode {
    this.made += 1;
    return super.make(type, id);
  }

  #resolve(type: string, id: string): EntityNode {
    return super.find(type, id) ?? this.#begin(type, id) ?? this.make(type, id);
  }

  #begin(type: string, id: string): EntityNode | undefined {
    const json = this.#entities.find(type, id) ?? this.#fromSchema({ type, id });
    if (json !== undefined) this.#begun.push(json);
    else if (!this.#named.has(uidKey({ type, id }))) return undefined;
    return this.make(type, id);
  }

  /** Actions and enumerated entities exist by being in the schema. */
  #fromSchema(uid: EntityUid): EntityJson | undefined {
    const action = this.#schema?.actions.get(uidKey(uid));
    if (action !== undefined) return { uid, attrs: {}, parents: action.memberOf };
    const exists = this.#schema?.entityTypes.get(uid.type)?.ids?.has(uid.id);
    return exists ? { uid, attrs: {}, parents: [] } : undefined;
  }

  /** With a list of its own, and no stack, whatever the depth. */
  #readBegun(): void {
    try {
      for (let next = this.#begun.pop(); next !== undefined; next = this.#begun.pop()) {
        this.put([readEntity(next, this.#reader, this.#schema, 'entity')]);
      }
    } catch (cause) {
      // Some are half read: nothing may be decided by them, now or later.
      this.#failure = new PdpUnavailableError('the entities of the bundle cannot be read', { cause });
      throw this.#failure;
    }
  }
}
