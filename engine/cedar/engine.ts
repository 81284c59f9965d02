import type { EntityJson, EntityUid } from '../cedar-json.ts';
import { formatUid, uidKey } from '../entity-uid.ts';
import { InvalidRequestError } from '../errors.ts';
import { Schema } from '../schema.ts';
import type { CedarEngine, EngineOptions, EngineRequest, EngineResponse, EntityData } from './api.ts';
import { compilePolicies } from './compile-policies.ts';
import { inScope } from './compile-policy.ts';
import { entityValues } from './entity-data.ts';
import { EntityNode } from './entity-node.ts';
import type { Environment, OverlaidEntity } from './environment.ts';
import { Evaluation } from './evaluation.ts';
import { findCircle } from './hierarchy.ts';
import { LateStore } from './late-store.ts';
import { PolicyIndex } from './policy-index.ts';
import { readEntity } from './read-entity.ts';
import { JsonValueError, typesOf, uidOf, ValueReader } from './read-json.ts';
import { type EntityChange, NodeStore } from './store.ts';
import { ValuePages } from './value-pages.ts';
import { EMPTY_RECORD, RecordValue } from './values.ts';

/**
 * Makes an engine: policies compiled once into closures and indexed, over a store of entities.
 *
 * @throws ConfigurationError naming the policy that cannot be evaluated
 * @throws InvalidRequestError for entities that cannot be stored
 */
export function createEngine({ schema, ...options }: EngineOptions): CedarEngine {
  return new Engine({ ...options, schema: schema === undefined ? undefined : new Schema(schema) });
}

/** What an engine is made from; its entities are `entities`, or the text that {@link LateStore} reads. */
export interface EngineParts extends Omit<EngineOptions, 'schema'> {
  schema: Schema | undefined;
  /** Given for what this engine is known to take: each policy and entity is read when it is first asked for. */
  sorted?: string;
}

/** As {@link createEngine}, of parts. @throws as it does */
export function engineOf(parts: EngineParts): CedarEngine {
  return new Engine(parts);
}

class Engine implements CedarEngine {
  readonly #store: NodeStore;
  readonly #schema: Schema | undefined;
  readonly #index: PolicyIndex;
  /** Stored for being in the schema; the data may have them too. */
  readonly #fromSchema = new Set<EntityNode>();

  constructor({ policies, schema, entities, sorted }: EngineParts) {
    this.#schema = schema;
    this.#store = sorted === undefined ? new NodeStore() : new LateStore(sorted, schema);
    const when = sorted === undefined ? 'now' : 'needed';
    this.#index = new PolicyIndex(compilePolicies(policies, this.#store, when), this.#store);
    this.#storeSchemaEntities();
    if (entities !== undefined) this.#load(entities);
  }

  get size(): number {
    this.#store.readAll();
    return this.#store.size;
  }

  isAuthorized(request: EngineRequest): EngineResponse {
    const { made } = this.#store;
    const env = this.#environment(request);
    const policies = this.#index.forAction(env);
    // What was read for it may name what it has nodes of its own for.
    if (this.#store.made !== made) return this.isAuthorized(request);
    const evaluation = new Evaluation(env);
    policies.visit(env, evaluation);
    return evaluation.response();
  }

  permitting(request: EngineRequest, role: 'principal' | 'resource'): (id: string) => boolean {
    this.#store.readAll();
    const { made } = this.#store;
    const env = this.#environment(request);
    const policies = this.#index.forAction(env);
    if (this.#store.made !== made) return this.permitting(request, role);
    const { type } = request[role];
    return (id) => {
      const node = this.#store.find(type, id);
      // One that is not stored may be the other one, or in the context: asked in full.
      if (node === undefined)
        return this.isAuthorized({ ...request, [role]: { type, id } }).decision === 'allow';
      const evaluation = new Evaluation(
        role === 'principal' ? { ...env, principal: node } : { ...env, resource: node },
      );
      policies.visit(evaluation.env, evaluation);
      return evaluation.permitted;
    };
  }

  upsertEntities(entities: EntityData): void {
    this.#store.readAll();
    const pending = new Map<string, EntityNode>();
    const resolve = (type: string, id: string) => this.#store.find(type, id) ?? internIn(pending, type, id);
    const changes = new Map<EntityNode, EntityChange>();
    refusing(() => {
      this.#readEntities(entities, resolve, (change, path) => {
        if (changes.has(change.node)) throw new JsonValueError(`${path}: is there twice`);
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
        if (node.stored && !this.#fromSchema.has(node)) throw new JsonValueError(`${path}: is there twice`);
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
      take(readEntity(json, reader, this.#schema, path), path);
      index += 1;
    }
  }

  removeEntities(uids: EntityUid[]): void {
    this.#store.readAll();
    const nodes = refusing(() => uids.map((uid, index) => uidOf(uid, `uids[${index}]`)));
    for (const { type, id } of nodes) {
      const node = this.#store.find(type, id);
      if (node !== undefined) this.#store.remove(node);
    }
  }

  idsOfType(type: string): readonly string[] {
    this.#store.readAll();
    return this.#store.idsOfType(type);
  }

  principalCandidates(type: string, action: EntityUid, resource: EntityUid): readonly string[] {
    return this.#candidates('principal', type, action, resource);
  }

  resourceCandidates(type: string, action: EntityUid, principal: EntityUid): readonly string[] {
    return this.#candidates('resource', type, action, principal);
  }

  /** Only a permit can let in: what no permit's scope can hold need not be looked at. */
  #candidates(
    role: 'principal' | 'resource',
    type: string,
    action: EntityUid,
    other: EntityUid,
  ): readonly string[] {
    this.#store.readAll();
    const { made } = this.#store;
    const searched = new EntityNode(type, '');
    const known = this.#node(other);
    const env = this.#plainEnvironment(
      role === 'principal' ? searched : known,
      this.#node(action),
      role === 'principal' ? known : searched,
    );
    const policies = this.#index.forAction(env);
    if (this.#store.made !== made) return this.#candidates(role, type, action, other);
    const otherRole = role === 'principal' ? 'resource' : 'principal';
    const found = new Set<string>();
    for (const policy of policies.all) {
      if (policy.effect !== 'permit' || !inScope(env, policy[otherRole], known)) continue;
      const { equals, within, type: scopeType } = policy[role];
      if (scopeType !== undefined && scopeType !== type) continue;
      if (equals !== undefined) {
        if (equals.type === type && equals.stored) found.add(equals.id);
      } else if (within !== undefined) this.#store.collectBelow(within, type, found);
      else return this.#store.idsOfType(type);
    }
    return [...found].sort();
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
        ownHierarchy: entities !== undefined,
      };
    });
  }

  #context(json: Record<string, unknown> | undefined, action: EntityNode, reader: ValueReader): RecordValue {
    if (json === undefined) return EMPTY_RECORD;
    return reader.record(json, this.#schema?.actions.get(uidKey(action))?.context, 'context');
  }

  #overlay(
    entities: EntityJson[] | undefined,
    attributes: EngineRequest['attributes'],
    reader: ValueReader,
  ): Environment['overlay'] {
    if (entities === undefined && attributes === undefined) return undefined;
    const overlay = new Map<EntityNode, OverlaidEntity>();
    for (const [index, json] of (entities ?? []).entries()) {
      const { node, ...entity } = readEntity(json, reader, this.#schema, `entities[${index}]`);
      overlay.set(node, entity);
    }
    for (const { uid, attrs } of attributes ?? []) {
      const node = reader.entity(uid, 'attributes');
      const sent = reader.record(attrs, typesOf(this.#schema, node.type).attrs, 'attributes');
      const before = overlay.get(node) ?? {
        attrs: node,
        tags: node.tags,
        parents: node.parents,
      };
      overlay.set(node, { ...before, attrs: RecordValue.of([...before.attrs.entries(), ...sent.entries()]) });
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
    };
  }

  #node(uid: EntityUid): EntityNode {
    const found = this.#store.find(uid.type, uid.id);
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
    // What the data says of them holds, where it has been read before.
    const missing = changes.filter(({ node }) => !node.stored);
    for (const { node } of missing) this.#fromSchema.add(node);
    this.#store.put(missing);
  }
}
function refuseCircle(node: EntityNode | undefined): void {
  if (node !== undefined) {
    throw new JsonValueError(`entities: ${formatUid(node)} is its own ancestor`);
  }
}
function internIn(nodes: Map<string, EntityNode>, type: string, id: string): EntityNode {
  const key = uidKey({ type, id });
  const known = nodes.get(key);
  if (known !== undefined) return known;
  const node = new EntityNode(type, id);
  nodes.set(key, node);
  return node;
}
function refusing<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof JsonValueError)) throw error;
    throw new InvalidRequestError('', error.message);
  }
}
