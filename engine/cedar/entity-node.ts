import type { RecordValue } from './values.ts';

export const NO_NODES: readonly EntityNode[] = [];

/**
 * An entity in the store, or one that a request names. A store has one node for each uid that its data or its
 * policies name, stored or not, so that two of its nodes are the same entity only if they are the same node.
 */
export class EntityNode {
  readonly type: string;
  readonly id: string;
  /** Undefined while the entity is only named and not stored. */
  attrs: RecordValue | undefined = undefined;
  tags: RecordValue | undefined = undefined;
  parents: readonly EntityNode[] = NO_NODES;
  /** All that is above, memoised; right while `epoch` is the store's. */
  ancestors: Ancestors = NO_NODES;
  epoch = -1;
  /** How many values, parents and policies of the store name it. */
  references = 0;

  constructor(type: string, id: string) {
    this.type = type;
    this.id = id;
  }
}

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
