import { Above, type Ancestors, ancestorsOf, EntityNode, NO_NODES, NOTHING_ABOVE } from './entity-node.ts';
import { NodeIndex } from './node-index.ts';
import { ShapeTable } from './shape-table.ts';
import type { ValuePages } from './value-pages.ts';
import { type Attributes, RecordValue, SetValue, type Value } from './values.ts';

/** What an entity is to be: its values are read, its nodes resolved. */
export interface EntityChange {
  node: EntityNode;
  attrs: RecordValue;
  tags: RecordValue | undefined;
  parents: readonly EntityNode[];
}

/** The entities of an engine, for reading much and changing a little at a time. */
export class NodeStore {
  readonly shapes = new ShapeTable();
  /** By a parent, what is above those that have no other one. */
  readonly #onlyParent = new Map<EntityNode, Above>();
  readonly #types = new Map<string, Map<string, EntityNode>>();
  readonly #stored = new NodeIndex();
  /** Counts changes of the hierarchy: memoised ancestors are of one of them. */
  #epoch = 0;
  #actionEpoch = 0;
  #children: Map<EntityNode, Set<EntityNode>> | undefined;

  /** The node of an entity that the store names. */
  find(type: string, id: string): EntityNode | undefined {
    return this.#types.get(type)?.get(id);
  }

  /** The node of an entity, made when there is none. Nodes that nothing names go with {@link release}. */
  intern(type: string, id: string): EntityNode {
    const found = this.find(type, id);
    if (found !== undefined) return found;
    const node = new EntityNode(type, id);
    this.#add(node);
    return node;
  }

  /** Entities stored. */
  size = 0;

  /** Counts changes of the hierarchy of actions, which policies are indexed by. */
  get actionEpoch(): number {
    return this.#actionEpoch;
  }

  /** All that is above a node. */
  ancestors(node: EntityNode): Ancestors {
    const { above } = node;
    // What is above none is shared by all stores, and never changes.
    if (above.epoch !== this.#epoch && above !== NOTHING_ABOVE) {
      above.ancestors = ancestorsOf(allAbove(above.parents));
      above.epoch = this.#epoch;
    }
    return above.ancestors;
  }

  /** The stored entities of a type, in the code unit order of their ids. */
  ofType(type: string): readonly EntityNode[] {
    return this.#stored.of(type, () =>
      [...(this.#types.get(type)?.values() ?? [])].filter(({ stored }) => stored),
    );
  }

  /** Types of the stored entities, in code unit order. */
  types(): string[] {
    return [...this.#types]
      .filter(([, nodes]) => nodes.values().some(({ stored }) => stored))
      .map(([type]) => type)
      .sort();
  }

  /** Adds to `found` what is below a node, of a type. */
  collectBelow(group: EntityNode, type: string, found: Set<EntityNode>): void {
    this.#children ??= this.#indexChildren();
    const seen = new Set<EntityNode>([group]);
    for (const node of seen) {
      if (node.type === type && node.stored) found.add(node);
      for (const child of this.#children.get(node) ?? []) seen.add(child);
    }
  }

  /** All that the store names. */
  *nodes(): Generator<EntityNode> {
    for (const ofType of this.#types.values()) yield* ofType.values();
  }

  /**
   * Sets entities, all of them; the caller has made sure that no circle comes of it.
   *
   * @param pages where to keep their values, of many that come at once
   */
  put(changes: Iterable<EntityChange>, pages?: ValuePages): void {
    for (const { node, attrs, tags, parents } of changes) {
      // A node made for this change, or one that an earlier removal let go.
      if (this.find(node.type, node.id) === undefined) this.#add(node);
      if (!node.stored) {
        this.#stored.add(node);
        this.size += 1;
      }
      this.#countAll(attrs, 1);
      this.#countAll(tags, 1);
      this.#setParents(node, parents);
      this.#countAll(node, -1);
      this.#countAll(node.tags, -1);
      node.hold(attrs, tags);
      pages?.take(node);
    }
  }

  /** Takes an entity out; what names it keeps naming it. */
  remove(node: EntityNode): void {
    if (!node.stored) return;
    this.#stored.delete(node);
    this.size -= 1;
    this.#setParents(node, NO_NODES);
    this.#countAll(node, -1);
    this.#countAll(node.tags, -1);
    node.forget();
    this.release(node);
  }

  /** Names a node once more, so that it stays. */
  retain(node: EntityNode): void {
    if (this.find(node.type, node.id) === undefined) this.#add(node);
    node.references += 1;
  }

  /** Forgets a node that is not stored and that nothing names. */
  release(node: EntityNode): void {
    if (node.stored || node.references > 0) return;
    const ofType = this.#types.get(node.type);
    ofType?.delete(node.id);
    if (ofType?.size === 0) this.#types.delete(node.type);
    this.#onlyParent.delete(node);
  }

  #add(node: EntityNode): void {
    const ofType = this.#types.get(node.type);
    if (ofType === undefined) this.#types.set(node.type, new Map([[node.id, node]]));
    else ofType.set(node.id, node);
  }

  #setParents(node: EntityNode, parents: readonly EntityNode[]): void {
    const before = node.parents;
    if (before.length === parents.length && before.every((parent, index) => parent === parents[index]))
      return;
    for (const parent of parents) this.retain(parent);
    node.above = this.#above(parents);
    this.#epoch += 1;
    if (isActionType(node.type)) this.#actionEpoch += 1;
    if (this.#children !== undefined) {
      for (const parent of before) this.#children.get(parent)?.delete(node);
      for (const parent of parents) addChild(this.#children, parent, node);
    }
    for (const parent of before) this.#unname(parent);
  }

  #above(parents: readonly EntityNode[]): Above {
    const [parent] = parents;
    if (parent === undefined) return NOTHING_ABOVE;
    const known = parents.length > 1 ? undefined : this.#onlyParent.get(parent);
    const above = known ?? new Above(parents);
    if (parents.length === 1) this.#onlyParent.set(parent, above);
    return above;
  }

  #countAll(values: Attributes | undefined, by: 1 | -1): void {
    for (let index = 0; index < (values?.shape.size ?? 0); index += 1)
      this.#count((values as Attributes).at(index), by);
  }

  #count(value: Value, by: 1 | -1): void {
    if (typeof value !== 'object') return;
    if (value instanceof RecordValue) this.#countAll(value, by);
    else if (value instanceof SetValue) for (const item of value.items) this.#count(item, by);
    else if (value instanceof EntityNode) {
      if (by === 1) this.retain(value);
      else this.#unname(value);
    }
  }

  #unname(node: EntityNode): void {
    node.references -= 1;
    this.release(node);
  }

  #indexChildren(): Map<EntityNode, Set<EntityNode>> {
    const children = new Map<EntityNode, Set<EntityNode>>();
    for (const node of this.nodes()) for (const parent of node.parents) addChild(children, parent, node);
    return children;
  }
}

/** Whether entities of the type are actions, which only actions can be above. */
export function isActionType(type: string): boolean {
  return type === 'Action' || type.endsWith('::Action');
}

function addChild(children: Map<EntityNode, Set<EntityNode>>, parent: EntityNode, node: EntityNode): void {
  const below = children.get(parent);
  if (below === undefined) children.set(parent, new Set([node]));
  else below.add(node);
}

function allAbove(parents: readonly EntityNode[]): Set<EntityNode> {
  // A set grows while it is walked: no stack, whatever the depth.
  const found = new Set(parents);
  for (const node of found) for (const parent of node.parents) found.add(parent);
  return found;
}
