import { type CompiledPolicy, inScope, type Scope } from './compile-policy.ts';
import type { EntityNode } from './entity-node.ts';
import { ancestorsIn, type Environment, isIn } from './environment.ts';
import type { NodeStore } from './store.ts';

/** Stands for every entity type. */
const ANY_TYPE = '';

/** Policies by an entity that their scope names. */
interface ByEntity {
  equals: Map<EntityNode, CompiledPolicy[]>;
  within: Map<EntityNode, CompiledPolicy[]>;
}

/**
 * The policies for one action. Each is in one place: under the entity that its principal scope names, else under
 * the one that its resource scope names, else under its two types.
 */
class ActionPolicies {
  readonly #principal: ByEntity = { equals: new Map(), within: new Map() };
  readonly #resource: ByEntity = { equals: new Map(), within: new Map() };
  readonly #types = new Map<string, Map<string, CompiledPolicy[]>>();
  readonly all: CompiledPolicy[] = [];

  add(policy: CompiledPolicy): void {
    this.all.push(policy);
    if (addByEntity(this.#principal, policy.principal, policy)) return;
    if (addByEntity(this.#resource, policy.resource, policy)) return;
    const type = policy.principal.type ?? ANY_TYPE;
    const byResource = this.#types.get(type) ?? new Map<string, CompiledPolicy[]>();
    this.#types.set(type, byResource);
    append(byResource, policy.resource.type ?? ANY_TYPE, policy);
  }

  /** Visits the policies whose scope the request may be in. */
  visit(env: Environment, visitor: Visitor): void {
    visitByEntity(this.#principal, env.principal, env, visitor);
    visitByEntity(this.#resource, env.resource, env, visitor);
    this.#visitTypes(this.#types.get(env.principal.type), env, visitor);
    this.#visitTypes(this.#types.get(ANY_TYPE), env, visitor);
  }

  #visitTypes(
    byResource: Map<string, CompiledPolicy[]> | undefined,
    env: Environment,
    visitor: Visitor,
  ): void {
    if (byResource === undefined) return;
    visitAll(byResource.get(env.resource.type), visitor);
    visitAll(byResource.get(ANY_TYPE), visitor);
  }
}

export interface Visitor {
  visit(policy: CompiledPolicy): void;
}

/** Policies found by what a request is about, so that their number does not matter to one that few are about. */
export class PolicyIndex {
  readonly #policies: readonly CompiledPolicy[];
  readonly #store: NodeStore;
  readonly #byAction = new Map<EntityNode, ActionPolicies>();
  /** For actions that no policy and no entity names. */
  readonly #otherActions: ActionPolicies;
  #epoch: number;

  constructor(policies: readonly CompiledPolicy[], store: NodeStore) {
    this.#policies = policies;
    this.#store = store;
    this.#epoch = store.actionEpoch;
    this.#otherActions = new ActionPolicies();
    for (const policy of policies) if (policy.actions === undefined) this.#otherActions.add(policy);
  }

  /** The policies whose scope has the action of a request. */
  forAction(env: Environment): ActionPolicies {
    if (env.ownActions) return this.#select((policy) => actionInScope(env, policy));
    if (this.#epoch !== this.#store.actionEpoch) {
      this.#byAction.clear();
      this.#epoch = this.#store.actionEpoch;
    }
    const known = this.#byAction.get(env.action);
    if (known !== undefined) return known;
    // Only an action of the store is kept: requests name any.
    if (this.#store.find(env.action.type, env.action.id) !== env.action) return this.#otherActions;
    const selected = this.#select((policy) => actionInScope(env, policy));
    this.#byAction.set(env.action, selected);
    return selected;
  }

  #select(matches: (policy: CompiledPolicy) => boolean): ActionPolicies {
    const selected = new ActionPolicies();
    for (const policy of this.#policies) if (matches(policy)) selected.add(policy);
    return selected;
  }
}

function actionInScope(env: Environment, { actions, exactAction }: CompiledPolicy): boolean {
  if (actions === undefined) return true;
  return actions.some((action) => (exactAction ? env.action === action : isIn(env, env.action, action)));
}

/** Whether the whole scope of a policy has the request; its action is known to. */
export function matchesScope(env: Environment, { principal, resource }: CompiledPolicy): boolean {
  return inScope(env, principal, env.principal) && inScope(env, resource, env.resource);
}

function addByEntity(index: ByEntity, { equals, within }: Scope, policy: CompiledPolicy): boolean {
  if (equals !== undefined) append(index.equals, equals, policy);
  else if (within !== undefined) append(index.within, within, policy);
  else return false;
  return true;
}

function append<K>(map: Map<K, CompiledPolicy[]>, key: K, policy: CompiledPolicy): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [policy]);
  else list.push(policy);
}

function visitByEntity(
  { equals, within }: ByEntity,
  node: EntityNode,
  env: Environment,
  visitor: Visitor,
): void {
  if (equals.size > 0) visitAll(equals.get(node), visitor);
  if (within.size === 0) return;
  visitAll(within.get(node), visitor);
  if (!env.ownHierarchy && node.parents.length === 0) return;
  const ancestors = env.ownHierarchy ? ancestorsIn(env, node) : env.store.ancestors(node);
  for (const ancestor of ancestors) if (ancestor !== node) visitAll(within.get(ancestor), visitor);
}

function visitAll(policies: readonly CompiledPolicy[] | undefined, visitor: Visitor): void {
  if (policies !== undefined) for (const policy of policies) visitor.visit(policy);
}
