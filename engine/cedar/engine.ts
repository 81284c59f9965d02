import type { EntityJson, EntityUid } from '../cedar-json.ts';
import { uidKey } from '../entity-uid.ts';
import { Schema } from '../schema.ts';
import type { CedarEngine, EngineOptions, EngineRequest, EngineResponse, EntityData } from './api.ts';
import { compilePolicies } from './compile-policies.ts';
import { inScope } from './compile-policy.ts';
import { Conformance } from './conform.ts';
import { entityValues } from './entity-data.ts';
import { EntityNode } from './entity-node.ts';
import type { Environment, OverlaidEntity } from './environment.ts';
import { Evaluation } from './evaluation.ts';
import { findCircle } from './hierarchy.ts';
import { inOrder } from './node-index.ts';
import { PolicyIndex } from './policy-index.ts';
import { readEntity } from './read-entity.ts';
import { JsonValueError, typesOf, uidOf, ValueReader } from './read-json.ts';
import { listOf, refuseCircle, refuseOther, refusing } from './refuse.ts';
import { type EntityChange, NodeStore } from './store.ts';
import { StoreReader } from './stored-entities.ts';
import { ValuePages } from './value-pages.ts';
import { EMPTY_RECORD, RecordValue } from './values.ts';

/**
 * Makes an engine: policies compiled once into closures and indexed, over a store of entities.
 *
 * @throws ConfigurationError naming the policy that cannot be evaluated
 * @throws InvalidRequestError for entities that cannot be stored
 */
export function createEngine(options: EngineOptions): CedarEngine {
  return new Engine(options);
}

class Engine implements CedarEngine {
  readonly #store = new NodeStore();
  readonly entities = new StoreReader(this.#store);
  readonly #schema: Schema | undefined;
  readonly #conformance: Conformance | undefined;
  readonly #index: PolicyIndex;
  /** Stored for being in the schema; the data may have them too. */
  readonly #fromSchema = new Set<EntityNode>();

  constructor({ policies, schema, entities, checked = false }: EngineOptions) {
    this.#schema = schema === undefined ? undefined : new Schema(schema);
    this.#conformance = this.#schema === undefined || checked ? undefined : new Conformance(this.#schema);
    this.#index = new PolicyIndex(compilePolicies(policies, this.#store), this.#store);
    this.#storeSchemaEntities();
    if (entities !== undefined) this.#load(entities);
  }

  get size(): number {
    return this.#store.size;
  }

  isAuthorized(request: EngineRequest): EngineResponse {
    const env = this.#environment(request);
    const evaluation = new Evaluation(env);
    this.#index.forAction(env).visit(env, evaluation);
    return evaluation.response();
  }

  permitting(request: EngineRequest, role: 'principal' | 'resource'): (candidate: EntityUid) => boolean {
    const env = this.#environment(request);
    const policies = this.#index.forAction(env);
    return (candidate) => {
      const found = candidate instanceof EntityNode && candidate.stored;
      const node = found ? candidate : this.#store.find(candidate.type, candidate.id);
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
    const pending = new Map<string, EntityNode>();
    const resolve = (type: string, id: string) => this.#store.find(type, id) ?? internIn(pending, type, id);
    const changes = new Map<EntityNode, EntityChange>();
    refusing(() => {
      this.#readEntities(entities, resolve, (change, path) => {
        const before = changes.get(change.node);
        if (before !== undefined) refuseOther(before, change, path);
        changes.set(change.node, change);
      });
      refuseCircle(findCircle(changes.keys(), (node) => changes.get(node)?.parents ?? node.parents));
    });
    this.#store.put(changes.values());
  }

  /** Nothing to undo: an engine whose entities are wrong is never made. So each is stored as it is read. */
  #load(entities: EntityData): void {
    const resolve = (type: string, id: string) => this.#store.intern(type, id);
    const pages = new ValuePages();
    refusing(() => {
      this.#readEntities(entities, resolve, (change, path) => {
        const { node } = change;
        if (node.stored && !this.#fromSchema.has(node)) {
          refuseOther({ attrs: node, tags: node.tags, parents: node.parents }, change, path);
        }
        this.#fromSchema.delete(node);
        this.#store.put([change], pages);
      });
      // Only what something is in can be in a circle.
      const groups = new Set<EntityNode>();
      for (const node of this.#store.nodes()) for (const parent of node.parents) groups.add(parent);
      refuseCircle(findCircle(groups, (node) => node.parents));
    });
    this.#fromSchema.clear();
  }

  #readEntities(
    entities: EntityData,
    resolve: (type: string, id: string) => EntityNode,
    take: (change: EntityChange, path: string) => void,
  ): void {
    const reader = new ValueReader(resolve, this.#store.shapes);
    let index = 0;
    for (const json of entityValues(entities)) {
      const path = `entities[${index}]`;
      take(this.#readEntity(json, reader, path), path);
      index += 1;
    }
  }

  #readEntity(json: unknown, reader: ValueReader, path: string): EntityChange {
    const change = readEntity(json, reader, this.#schema, path);
    this.#conformance?.entity(change, path);
    return change;
  }

  removeEntities(uids: EntityUid[]): void {
    const nodes = refusing(() => listOf(uids, 'uids').map((uid, index) => uidOf(uid, `uids[${index}]`)));
    for (const { type, id } of nodes) {
      const node = this.#store.find(type, id);
      if (node !== undefined) this.#store.remove(node);
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
    const known = this.#node(other);
    const plain = this.#plainEnvironment(
      role === 'principal' ? searched : known,
      this.#node(action),
      role === 'principal' ? known : searched,
    );
    const env = parents.length === 0 ? plain : this.#below(plain, known, parents);
    const otherRole = role === 'principal' ? 'resource' : 'principal';
    const found = new Set<EntityNode>();
    for (const policy of this.#index.forAction(env).all) {
      if (policy.effect !== 'permit' || !inScope(env, policy[otherRole], known)) continue;
      const { equals, within, type: scopeType } = policy[role];
      if (scopeType !== undefined && scopeType !== type) continue;
      if (equals !== undefined) {
        if (equals.type === type && equals.stored) found.add(equals);
      } else if (within !== undefined) this.#store.collectBelow(within, type, found);
      else return this.#store.ofType(type);
    }
    return inOrder([...found]);
  }

  /** The same with parents put above a node. */
  #below(env: Environment, node: EntityNode, parents: readonly EntityUid[]): Environment {
    const above = [...node.parents, ...parents.map((parent) => this.#node(parent))];
    const overlaid = { attrs: node, tags: node.tags, parents: above };
    return { ...env, overlay: new Map([[node, overlaid]]), ownHierarchy: true };
  }

  #environment(request: EngineRequest): Environment {
    const { context, entities, attributes } = request;
    if (context === undefined && entities === undefined && attributes === undefined) {
      return this.#plainEnvironment(
        this.#node(request.principal),
        this.#node(request.action),
        this.#node(request.resource),
      );
    }
    const named = new Map<string, EntityNode>();
    const resolve = (type: string, id: string) => this.#store.find(type, id) ?? internIn(named, type, id);
    const reader = new ValueReader(resolve);
    return refusing(() => {
      const action = this.#resolved(request.action, resolve);
      return {
        principal: this.#resolved(request.principal, resolve),
        action,
        resource: this.#resolved(request.resource, resolve),
        context: this.#context(context, action, reader),
        store: this.#store,
        overlay: this.#overlay(entities, attributes, reader),
        ownHierarchy: entities !== undefined || laysParents(attributes),
        ownActions: entities !== undefined,
      };
    });
  }

  #context(json: Record<string, unknown> | undefined, action: EntityNode, reader: ValueReader): RecordValue {
    if (json === undefined) return EMPTY_RECORD;
    const type = this.#schema?.actions.get(uidKey(action))?.context;
    const context = reader.read(json, type, 'context');
    if (!(context instanceof RecordValue)) throw new JsonValueError('context: is not a record');
    if (type !== undefined) this.#conformance?.record(context, type, 'context');
    return context;
  }

  #overlay(
    entities: EntityJson[] | undefined,
    attributes: EngineRequest['attributes'],
    reader: ValueReader,
  ): Environment['overlay'] {
    if (entities === undefined && attributes === undefined) return undefined;
    const overlay = new Map<EntityNode, OverlaidEntity>();
    for (const [index, json] of listOf(entities ?? [], 'entities').entries()) {
      const path = `entities[${index}]`;
      const { node, ...entity } = this.#readEntity(json, reader, path);
      const before = overlay.get(node);
      if (before !== undefined) refuseOther(before, entity, path);
      overlay.set(node, entity);
    }
    for (const { uid, attrs, parents = [] } of listOf(attributes ?? [], 'attributes')) {
      const node = reader.entity(uid, 'attributes');
      const sent = reader.record(attrs, typesOf(this.#schema, node.type).attrs, 'attributes');
      const before = overlay.get(node) ?? {
        attrs: node,
        tags: node.tags,
        parents: node.parents,
      };
      const above = parents.map((parent) => reader.entity(parent, 'parents'));
      overlay.set(node, {
        ...before,
        attrs: RecordValue.of([...before.attrs.entries(), ...sent.entries()]),
        parents: above.length === 0 ? before.parents : [...new Set([...before.parents, ...above])],
      });
    }
    return overlay;
  }

  #plainEnvironment(principal: EntityNode, action: EntityNode, resource: EntityNode): Environment {
    const same = principal !== resource && principal.type === resource.type && principal.id === resource.id;
    return {
      principal,
      action,
      // Two nodes of one entity, which the store does not name: one must do.
      resource: same ? principal : resource,
      context: EMPTY_RECORD,
      store: this.#store,
      overlay: undefined,
      ownHierarchy: false,
      ownActions: false,
    };
  }

  #node(uid: EntityUid): EntityNode {
    const found = this.#store.find(uid?.type, uid?.id);
    if (found !== undefined) return found;
    const { type, id } = refusing(() => uidOf(uid, 'the request'));
    return new EntityNode(type, id);
  }

  #resolved(uid: EntityUid, resolve: (type: string, id: string) => EntityNode): EntityNode {
    const { type, id } = uidOf(uid, 'the request');
    return resolve(type, id);
  }

  /** Actions and enumerated entities exist by being in the schema. */
  #storeSchemaEntities(): void {
    const intern = ({ type, id }: EntityUid) => this.#store.intern(type, id);
    const entity = (uid: EntityUid, parents: EntityUid[]): EntityChange => ({
      node: intern(uid),
      attrs: EMPTY_RECORD,
      tags: undefined,
      parents: parents.map(intern),
    });
    const changes: EntityChange[] = [];
    for (const { uid, memberOf } of this.#schema?.actions.values() ?? []) changes.push(entity(uid, memberOf));
    for (const { name, ids } of this.#schema?.entityTypes.values() ?? []) {
      for (const id of ids ?? []) changes.push(entity({ type: name, id }, []));
    }
    for (const { node } of changes) this.#fromSchema.add(node);
    this.#store.put(changes);
  }
}
function laysParents(attributes: EngineRequest['attributes'] = []): boolean {
  return attributes.some(({ parents }) => parents !== undefined);
}
function internIn(nodes: Map<string, EntityNode>, type: string, id: string): EntityNode {
  const key = uidKey({ type, id });
  const known = nodes.get(key);
  if (known !== undefined) return known;
  const node = new EntityNode(type, id);
  nodes.set(key, node);
  return node;
}
