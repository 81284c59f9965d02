import { PdpUnavailableError } from '../errors.ts';
import { parseJson } from '../lossless-json.ts';
import type { Schema } from '../schema.ts';
import type { EntityNode } from './entity-node.ts';
import { readEntity } from './read-entity.ts';
import { ValueReader } from './read-json.ts';
import { findSorted, sortedUids } from './sorted-entities.ts';
import { NodeStore } from './store.ts';

/**
 * A store over the text of entities that are known to be good. It reads an entity when it is first asked for, so
 * that a function answers its first request without having read what that is not about. An entity that has been
 * read has all that it names read too: what is found has its data, and all that is above it.
 */
export class LateStore extends NodeStore {
  #text: string | undefined;
  readonly #schema: Schema | undefined;
  readonly #reader = new ValueReader((type, id) => this.#resolve(type, id), this.shapes);
  readonly #unread: { node: EntityNode; json: string }[] = [];
  #failure: PdpUnavailableError | undefined;

  /** @param text as {@link sortedEntities} makes it */
  constructor(text: string, schema: Schema | undefined) {
    super();
    this.#text = text;
    this.#schema = schema;
  }

  /** @throws PdpUnavailableError when the text turns out not to be good */
  override find(type: string, id: string): EntityNode | undefined {
    const known = super.find(type, id);
    if (known !== undefined && this.#failure === undefined) return known;
    const begun = this.#begin(type, id);
    this.#readBegun();
    return begun;
  }

  override readAll(): void {
    if (this.#text === undefined) return;
    for (const { type, id } of sortedUids(this.#text)) this.find(type, id);
    this.#text = undefined;
  }

  #resolve(type: string, id: string): EntityNode {
    return super.find(type, id) ?? this.#begin(type, id) ?? this.make(type, id);
  }

  #begin(type: string, id: string): EntityNode | undefined {
    const json = this.#text === undefined ? undefined : findSorted(this.#text, type, id);
    if (json === undefined) return undefined;
    const node = this.make(type, id);
    this.#unread.push({ node, json });
    return node;
  }

  /** Reads with a list of its own, and no stack, whatever the depth. */
  #readBegun(): void {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      for (let next = this.#unread.pop(); next !== undefined; next = this.#unread.pop()) {
        const change = readEntity(parseJson(next.json), this.#reader, this.#schema, 'entity');
        this.put([{ ...change, node: next.node }]);
      }
    } catch (cause) {
      // Some are half read: nothing may be decided by them, now or later.
      this.#failure = new PdpUnavailableError('the entities of the bundle cannot be read', { cause });
      throw this.#failure;
    }
  }
}
