import type { EntityNode } from './entity-node.ts';
import type { EntityChange } from './store.ts';

/** An entity that would be its own ancestor after the changes, if there is one. Walks with a stack of its own. */
export function findCircle(changes: ReadonlyMap<EntityNode, EntityChange>): EntityNode | undefined {
  const parentsOf = (node: EntityNode) => changes.get(node)?.parents ?? node.parents;
  const done = new Set<EntityNode>();
  const open = new Set<EntityNode>();
  for (const start of changes.keys()) {
    const stack = [start];
    for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
      if (done.has(node)) {
        stack.pop();
      } else if (open.has(node)) {
        stack.pop();
        open.delete(node);
        done.add(node);
      } else {
        open.add(node);
        for (const parent of parentsOf(node)) {
          if (open.has(parent)) return parent;
          if (!done.has(parent)) stack.push(parent);
        }
      }
    }
  }
  return undefined;
}
