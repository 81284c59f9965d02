import { Attributes, type RecordValue, type Shape, type Value } from './values.ts';

/** Of an entity that is only named. */
const NOT_STORED: Shape = new Map();
const NO_VALUES: readonly Value[] = [];

export const NO_NODES: readonly EntityNode[] = [];

/**
 * An entity in the store, or one that a request names. A store has one node for each uid that its data or its
 * policies name, stored or not, so that two of its nodes are the same entity only if they are the same node.
 */
export class EntityNode extends Attributes {
  readonly type: string;
  readonly id: string;
  tags: RecordValue | undefined = undefined;
  above: Above = NOTHING_ABOVE;
  /** How many values, parents and policies of the store name it. */
  references = 0;

  constructor(type: string, id: string) {
    super(NOT_STORED, NO_VALUES);
    this.type = type;
    this.id = id;
  }

  /** Whether the entity exists, and is not only named. */
  get stored(): boolean {
    return this.shape !== NOT_STORED;
  }

  hold({ shape, values }: RecordValue, tags: RecordValue | undefined): void {
    this.shape = shape;
    this.values = values;
    this.offset = 0;
    this.tags = tags;
  }

  /** No more than named from now on. */
  forget(): void {
    this.shape = NOT_STORED;
    this.values = NO_VALUES;
    this.tags = undefined;
  }

  get parents(): readonly EntityNode[] {
    return this.above.parents;
  }
}

/** The parents of an entity, or of all that have that one parent. */
export class Above {
  readonly parents: readonly EntityNode[];
  /** All that is above, memoised; right while `epoch` is the store's. */
  ancestors: Ancestors = NO_NODES;
  epoch = -1;

  constructor(parents: readonly EntityNode[]) {
    this.parents = parents;
  }
}

export const NOTHING_ABOVE = new Above(NO_NODES);

/** A few are a list, which takes the least memory; many are a set. */
export type Ancestors = readonly EntityNode[] | ReadonlySet<EntityNode>;

const FEW = 6;

export function ancestorsOf(nodes: ReadonlySet<EntityNode>): Ancestors {
  return nodes.size <= FEW ? [...nodes] : nodes;
}

export function hasAncestor(ancestors: Ancestors, node: EntityNode): boolean {
  return Array.isArray(ancestors)
    ? ancestors.includes(node)
    : (ancestors as ReadonlySet<EntityNode>).has(node);
}
