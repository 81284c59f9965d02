import type { EntityJson, EntityUid } from '../cedar-json.ts';
import { uidKey } from '../entity-uid.ts';
import type { Schema } from '../schema.ts';
import type { EngineRequest, EngineResponse } from './api.ts';
import type { PolicyGroup } from './compile-policies.ts';
import type { Conformance } from './conform.ts';
import { EntityNode } from './entity-node.ts';
import type { Environment, OverlaidEntity } from './environment.ts';
import { Evaluation } from './evaluation.ts';
import { PolicyIndex } from './policy-index.ts';
import { readEntity } from './read-entity.ts';
import { JsonValueError, typesOf, uidOf, ValueReader } from './read-json.ts';
import { listOf, refuseOther, refusing } from './refuse.ts';
import type { EntityChange, NodeStore } from './store.ts';
import { EMPTY_RECORD, RecordValue } from './values.ts';

/** Decides requests by policies, over a store. */
export class Authorizer {
  protected readonly store: NodeStore;
  protected readonly schema: Schema | undefined;
  protected readonly index: PolicyIndex;
  protected readonly conformance: Conformance | undefined;

  /** @param conformance what entities and contexts are held to, where they were not checked before */
  constructor(
    policies: readonly PolicyGroup[],
    store: NodeStore,
    schema: Schema | undefined,
    conformance?: Conformance,
  ) {
    this.store = store;
    this.schema = schema;
    this.index = new PolicyIndex(policies, store);
    this.conformance = conformance;
  }

  /** @throws InvalidRequestError for a value that Cedar cannot hold */
  isAuthorized(request: EngineRequest): EngineResponse {
    const env = this.environment(request);
    const evaluation = new Evaluation(env);
    this.index.forAction(env).visit(env, evaluation);
    return evaluation.response();
  }

  /** What a request is evaluated on. @throws InvalidRequestError */
  protected environment(request: EngineRequest): Environment {
    const { context, entities, attributes } = request;
    if (context === undefined && entities === undefined && attributes === undefined) {
      return this.plainEnvironment(
        this.node(request.principal),
        this.node(request.action),
        this.node(request.resource),
      );
    }
    const named = new Map<string, EntityNode>();
    const resolve = (type: string, id: string) => this.store.find(type, id) ?? internIn(named, type, id);
    const reader = new ValueReader(resolve);
    return refusing(() => {
      const action = this.#resolved(request.action, resolve);
      return {
        principal: this.#resolved(request.principal, resolve),
        action,
        resource: this.#resolved(request.resource, resolve),
        context: this.#context(context, action, reader),
        store: this.store,
        overlay: this.#overlay(entities, attributes, reader),
        ownHierarchy: entities !== undefined || laysParents(attributes),
        ownActions: entities !== undefined,
      };
    });
  }

  #context(json: Record<string, unknown> | undefined, action: EntityNode, reader: ValueReader): RecordValue {
    if (json === undefined) return EMPTY_RECORD;
    const type = this.schema?.actions.get(uidKey(action))?.context;
    const context = reader.read(json, type, 'context');
    if (!(context instanceof RecordValue)) throw new JsonValueError('context: is not a record');
    if (type !== undefined) this.conformance?.record(context, type, 'context');
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
      const sent = reader.record(attrs, typesOf(this.schema, node.type).attrs, 'attributes');
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

  /** What a request of no more than these is evaluated on. */
  protected plainEnvironment(principal: EntityNode, action: EntityNode, resource: EntityNode): Environment {
    const same = principal !== resource && principal.type === resource.type && principal.id === resource.id;
    return {
      principal,
      action,
      // Two nodes of one entity, which the store does not name: one must do.
      resource: same ? principal : resource,
      context: EMPTY_RECORD,
      store: this.store,
      overlay: undefined,
      ownHierarchy: false,
      ownActions: false,
    };
  }

  /** The node of an entity that a request names: the store's, or its own. @throws InvalidRequestError */
  protected node(uid: EntityUid): EntityNode {
    const found = this.store.find(uid?.type, uid?.id);
    if (found !== undefined) return found;
    const { type, id } = refusing(() => uidOf(uid, 'the request'));
    return new EntityNode(type, id);
  }

  #resolved(uid: EntityUid, resolve: (type: string, id: string) => EntityNode): EntityNode {
    const { type, id } = uidOf(uid, 'the request');
    return resolve(type, id);
  }

  #readEntity(json: unknown, reader: ValueReader, path: string): EntityChange {
    const change = readEntity(json, reader, this.schema, path);
    this.conformance?.entity(change, path);
    return change;
  }
}

function laysParents(attributes: EngineRequest['attributes'] = []): boolean {
  return attributes.some(({ parents }) => parents !== undefined);
}

/** A node that a request has for itself. */
export function internIn(nodes: Map<string, EntityNode>, type: string, id: string): EntityNode {
  const key = uidKey({ type, id });
  const known = nodes.get(key);
  if (known !== undefined) return known;
  const node = new EntityNode(type, id);
  nodes.set(key, node);
  return node;
}
