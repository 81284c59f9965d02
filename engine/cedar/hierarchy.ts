import type { Steps } from '../steps.ts';
import type { EntityNode } from './entity-node.ts';

/** An entity that is its own ancestor, if there is one from these. Walks with a stack of its own. */
export function* findCircle(
  starts: Iterable<EntityNode>,
  parentsOf: (node: EntityNode) => readonly EntityNode[],
): Steps<EntityNode | undefined> {
  const done = new Set<EntityNode>();
  const open = new Set<EntityNode>();
  for (const start of starts) {
    const stack = [start];
    for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
      yield;
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
