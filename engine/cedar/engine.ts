import type { EntityUid } from '../cedar-json.ts';
import { Schema } from '../schema.ts';
import { atOnce, type Steps } from '../steps.ts';
import type { CedarEngine, EngineOptions, EngineRequest, EntityData } from './api.ts';
import { Authorizer, internIn } from './authorizer.ts';
import { compilePolicies } from './compile-policies.ts';
import { inScope } from './compile-policy.ts';
import { Conformance } from './conform.ts';
import { EntityNode } from './entity-node.ts';
import type { Environment } from './environment.ts';
import { Evaluation } from './evaluation.ts';
import { findCircle } from './hierarchy.ts';
import { loadEntities, readEntities } from './load-entities.ts';
import { inOrder } from './node-index.ts';
import { uidOf } from './read-json.ts';
import { listOf, refuseCircle, refuseOther, refusing } from './refuse.ts';
import { type EntityChange, NodeStore } from './store.ts';
import { StoreReader } from './stored-entities.ts';

/**
 * Makes an engine: policies compiled once into closures and indexed, over a store of entities.
 *
 * @throws ConfigurationError naming the policy that cannot be evaluated
 * @throws InvalidRequestError for entities that cannot be stored
 */
export function createEngine({ schema, ...options }: EngineOptions): CedarEngine {
  return atOnce(engineOf({ ...options, schema: schema === undefined ? undefined : new Schema(schema) }));
}

/** What an engine is made from. */
export interface EngineParts extends Omit<EngineOptions, 'schema'> {
  schema: Schema | undefined;
}

/** As {@link createEngine}, with the schema resolved. */
export function* engineOf({
  policies,
  schema,
  entities = [],
  checked = false,
}: EngineParts): Steps<CedarEngine> {
  const store = new NodeStore();
  const conformance = schema === undefined || checked ? undefined : new Conformance(schema);
  const compiled = yield* compilePolicies(policies, store);
  yield* loadEntities(entities, { store, schema, conformance });
  return new Engine(compiled, store, schema, conformance);
}

class Engine extends Authorizer implements CedarEngine {
  readonly entities = new StoreReader(this.store);

  get size(): number {
    return this.store.size;
  }

  permitting(request: EngineRequest, role: 'principal' | 'resource'): (candidate: EntityUid) => boolean {
    const env = this.environment(request);
    const policies = this.index.forAction(env);
    return (candidate) => {
      const found = candidate instanceof EntityNode && candidate.stored;
      const node = found ? candidate : this.store.find(candidate.type, candidate.id);
      // One that is not stored may be the other one, or in the context: asked in full.
      if (node === undefined)
        return this.isAuthorized({ ...request, [role]: candidate }).decision === 'allow';
      const evaluation = new Evaluation(
        role === 'principal' ? { ...env, principal: node } : { ...env, resource: node },
      );
      policies.visit(evaluation.env, evaluation);
      return evaluation.permitted;
    };
  }

  upsertEntities(entities: EntityData): void {
    const { store, schema, conformance } = this;
    const pending = new Map<string, EntityNode>();
    const resolve = (type: string, id: string) => this.store.find(type, id) ?? internIn(pending, type, id);
    const changes = new Map<EntityNode, EntityChange>();
    const read = readEntities(entities, resolve, { store, schema, conformance }, (change, path) => {
      const before = changes.get(change.node);
      if (before !== undefined) refuseOther(before, change, path);
      changes.set(change.node, change);
    });
    refusing(() => {
      atOnce(read);
      refuseCircle(atOnce(findCircle(changes.keys(), (node) => changes.get(node)?.parents ?? node.parents)));
    });
    this.store.put(changes.values());
  }

  removeEntities(uids: EntityUid[]): void {
    const nodes = refusing(() => listOf(uids, 'uids').map((uid, index) => uidOf(uid, `uids[${index}]`)));
    for (const { type, id } of nodes) {
      const node = this.store.find(type, id);
      if (node !== undefined) this.store.remove(node);
    }
  }

  idsOfType(type: string): readonly string[] {
    return this.entities.ids(type);
  }

  principalCandidates(
    type: string,
    action: EntityUid,
    resource: EntityUid,
    parents: readonly EntityUid[] = [],
  ): readonly EntityUid[] {
    return this.#candidates('principal', type, action, resource, parents);
  }

  resourceCandidates(type: string, action: EntityUid, principal: EntityUid): readonly EntityUid[] {
    return this.#candidates('resource', type, action, principal);
  }

  /** Only a permit can let in: what no permit's scope can hold need not be looked at. */
  #candidates(
    role: 'principal' | 'resource',
    type: string,
    action: EntityUid,
    other: EntityUid,
    parents: readonly EntityUid[] = [],
  ): readonly EntityUid[] {
    const searched = new EntityNode(type, '');
    const known = this.node(other);
    const plain = this.plainEnvironment(
      role === 'principal' ? searched : known,
      this.node(action),
      role === 'principal' ? known : searched,
    );
    const env = parents.length === 0 ? plain : this.#below(plain, known, parents);
    const otherRole = role === 'principal' ? 'resource' : 'principal';
    const found = new Set<EntityNode>();
    const groups = new Set<EntityNode>();
    for (const policy of this.index.forAction(env).all) {
      if (policy.effect !== 'permit' || !inScope(env, policy[otherRole], known)) continue;
      const { equals, within, type: scopeType } = policy[role];
      if (scopeType !== undefined && scopeType !== type) continue;
      if (equals !== undefined) {
        if (equals.type === type && equals.stored) found.add(equals);
      } else if (within !== undefined) groups.add(within);
      else return this.store.ofType(type);
    }
    if (groups.size > 0) this.store.collectBelow(groups, type, found);
    return inOrder([...found]);
  }

  /** The same with parents put above a node. */
  #below(env: Environment, node: EntityNode, parents: readonly EntityUid[]): Environment {
    const above = [...node.parents, ...parents.map((parent) => this.node(parent))];
    const overlaid = { attrs: node, tags: node.tags, parents: above };
    return { ...env, overlay: new Map([[node, overlaid]]), ownHierarchy: true };
  }
}
