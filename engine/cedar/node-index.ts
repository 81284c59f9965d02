import type { EntityNode } from './entity-node.ts';

/** Nodes of each type in the code unit order of their ids, made when first asked for and kept so from then on. */
export class NodeIndex {
  readonly #byType = new Map<string, EntityNode[]>();

  of(type: string, list: () => EntityNode[]): readonly EntityNode[] {
    let nodes = this.#byType.get(type);
    if (nodes === undefined) {
      nodes = inOrder(list());
      // A type that nothing is of is not kept: requests name any.
      if (nodes.length > 0) this.#byType.set(type, nodes);
    }
    return nodes;
  }

  /** Adds a node that is not there. */
  add(node: EntityNode): void {
    const nodes = this.#byType.get(node.type);
    nodes?.splice(positionOf(nodes, node.id), 0, node);
  }

  /** Takes out a node that is there. */
  delete(node: EntityNode): void {
    const nodes = this.#byType.get(node.type);
    nodes?.splice(positionOf(nodes, node.id), 1);
    if (nodes?.length === 0) this.#byType.delete(node.type);
  }
}

/** Sorts by id, in place. */
export function inOrder(nodes: EntityNode[]): EntityNode[] {
  return nodes.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Where the node with an id is, or would be. */
function positionOf(nodes: readonly EntityNode[], id: string): number {
  let low = 0;
  let high = nodes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((nodes[middle] as EntityNode).id < id) low = middle + 1;
    else high = middle;
  }
  return low;
}
