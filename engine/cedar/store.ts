import { type Ancestors, ancestorsOf, EntityNode, NO_NODES } from './entity-node.ts';
import { IdIndex } from './id-index.ts';
import { ShapeTable } from './shape-table.ts';
import { RecordValue, SetValue, type Value } from './values.ts';

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
  /** The lists of one parent, shared by all that are in it. */
  readonly #onlyParent = new Map<EntityNode, readonly EntityNode[]>();
  readonly #types = new Map<string, Map<string, EntityNode>>();
  readonly #ids = new IdIndex();
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
    if (node.epoch !== this.#epoch) {
      node.ancestors = node.parents.length === 0 ? NO_NODES : ancestorsOf(above(node.parents));
      node.epoch = this.#epoch;
    }
    return node.ancestors;
  }

  /** Ids of the stored entities of a type, in code unit order. */
  idsOfType(type: string): readonly string[] {
    return this.#ids.of(type, () => {
      const ids: string[] = [];
      for (const node of this.#types.get(type)?.values() ?? [])
        if (node.attrs !== undefined) ids.push(node.id);
      return ids;
    });
  }

  /** Types of the stored entities, in code unit order. */
  types(): string[] {
    const stored = (nodes: Map<string, EntityNode>) =>
      nodes.values().some(({ attrs }) => attrs !== undefined);
    return [...this.#types]
      .filter(([, nodes]) => stored(nodes))
      .map(([type]) => type)
      .sort();
  }

  /** Adds to `found` what is below a node, of a type. */
  collectBelow(group: EntityNode, type: string, found: Set<string>): void {
    this.#children ??= this.#indexChildren();
    const seen = new Set<EntityNode>([group]);
    for (const node of seen) {
      if (node.type === type && node.attrs !== undefined) found.add(node.id);
      for (const child of this.#children.get(node) ?? []) seen.add(child);
    }
  }

  /** All that the store names. */
  *nodes(): Generator<EntityNode> {
    for (const ofType of this.#types.values()) yield* ofType.values();
  }

  /** Sets entities, all of them; the caller has made sure that no circle comes of it. */
  put(changes: Iterable<EntityChange>): void {
    for (const { node, attrs, tags, parents } of changes) {
      // A node made for this change, or one that an earlier removal let go.
      if (this.find(node.type, node.id) === undefined) this.#add(node);
      if (node.attrs === undefined) {
        this.#ids.add(node.type, node.id);
        this.size += 1;
      }
      const before = { attrs: node.attrs, tags: node.tags };
      this.#count(attrs, 1);
      this.#count(tags, 1);
      node.attrs = attrs;
      node.tags = tags;
      this.#setParents(node, parents);
      this.#count(before.attrs, -1);
      this.#count(before.tags, -1);
    }
  }

  /** Takes an entity out; what names it keeps naming it. */
  remove(node: EntityNode): void {
    if (node.attrs === undefined) return;
    const { attrs, tags } = node;
    this.#ids.delete(node.type, node.id);
    this.size -= 1;
    node.attrs = undefined;
    node.tags = undefined;
    this.#setParents(node, NO_NODES);
    this.#count(attrs, -1);
    this.#count(tags, -1);
    this.release(node);
  }

  /** Names a node once more, so that it stays. */
  retain(node: EntityNode): void {
    if (this.find(node.type, node.id) === undefined) this.#add(node);
    node.references += 1;
  }

  /** Forgets a node that is not stored and that nothing names. */
  release(node: EntityNode): void {
    if (node.attrs !== undefined || node.references > 0) return;
    const ofType = this.#types.get(node.type);
    if (ofType?.get(node.id) !== node) return;
    ofType.delete(node.id);
    this.#onlyParent.delete(node);
    if (ofType.size === 0) this.#types.delete(node.type);
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
    node.parents = this.#shared(parents);
    this.#epoch += 1;
    if (isActionType(node.type)) this.#actionEpoch += 1;
    if (this.#children !== undefined) {
      for (const parent of before) this.#children.get(parent)?.delete(node);
      for (const parent of parents) addChild(this.#children, parent, node);
    }
    for (const parent of before) this.#unname(parent);
  }

  #shared(parents: readonly EntityNode[]): readonly EntityNode[] {
    const [parent] = parents;
    if (parent === undefined) return NO_NODES;
    if (parents.length > 1) return parents;
    const known = this.#onlyParent.get(parent);
    if (known !== undefined) return known;
    this.#onlyParent.set(parent, parents);
    return parents;
  }

  #count(value: Value | undefined, by: 1 | -1): void {
    if (typeof value !== 'object') return;
    if (value instanceof RecordValue) for (const item of value.values) this.#count(item, by);
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

function above(parents: readonly EntityNode[]): Set<EntityNode> {
  // A set grows while it is walked: no stack, whatever the depth.
  const found = new Set(parents);
  for (const node of found) for (const parent of node.parents) found.add(parent);
  return found;
}
