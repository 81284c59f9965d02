import type { EntityNode } from './entity-node.ts';
import { hasAncestor } from './entity-node.ts';
import type { NodeStore } from './store.ts';
import type { Attributes, RecordValue } from './values.ts';

/** What a policy is evaluated on. */
export interface Environment {
  readonly principal: EntityNode;
  readonly action: EntityNode;
  readonly resource: EntityNode;
  readonly context: RecordValue;
  readonly store: NodeStore;
  /** What stands in for a node's own data in this request. */
  readonly overlay: ReadonlyMap<EntityNode, OverlaidEntity> | undefined;
  /** Whether the overlay may have other parents than the store. */
  readonly ownHierarchy: boolean;
  /** Whether that may be so for actions, which policies are indexed by. */
  readonly ownActions: boolean;
}

/** An entity as a request has it. */
export interface OverlaidEntity {
  attrs: Attributes;
  tags: RecordValue | undefined;
  parents: readonly EntityNode[];
}

/** The attributes of an entity, or undefined when it does not exist. */
export function attributesOf(env: Environment, node: EntityNode): Attributes | undefined {
  const overlaid = env.overlay?.get(node);
  if (overlaid !== undefined) return overlaid.attrs;
  return node.stored ? node : undefined;
}

/** The tags of an entity, or undefined when it has none or does not exist. */
export function tagsOf(env: Environment, node: EntityNode): RecordValue | undefined {
  const overlaid = env.overlay?.get(node);
  return overlaid === undefined ? node.tags : overlaid.tags;
}

/** Whether an entity exists. */
export function exists(env: Environment, node: EntityNode): boolean {
  return node.stored || (env.overlay?.has(node) ?? false);
}

/** Cedar's `in` for two entities: reflexive and transitive, over entities that need not exist. */
export function isIn(env: Environment, node: EntityNode, group: EntityNode): boolean {
  if (node === group) return true;
  if (!env.ownHierarchy) {
    return node.parents.length > 0 && hasAncestor(env.store.ancestors(node), group);
  }
  return ancestorsIn(env, node).has(group);
}

/** All above a node as the request has it, which memoised ancestors do not know. */
export function ancestorsIn(env: Environment, node: EntityNode): Set<EntityNode> {
  const parentsOf = (of: EntityNode) => env.overlay?.get(of)?.parents ?? of.parents;
  const found = new Set(parentsOf(node));
  for (const above of found) for (const parent of parentsOf(above)) found.add(parent);
  return found;
}
