import type {
  CedarValue,
  EntityJson,
  EntityUid,
  PolicyJson,
  SchemaJson,
  TemplateLink,
} from '../cedar-json.ts';
import { formatUid, uidKey } from '../entity-uid.ts';
import { ConfigurationError, InvalidRequestError } from '../errors.ts';
import { parseJson } from '../lossless-json.ts';
import { Schema } from '../schema.ts';
import { UnsupportedPolicyError } from './compile-expression.ts';
import { type CompiledPolicy, compilePolicy, inScope } from './compile-policy.ts';
import { EntityNode, NO_NODES } from './entity-node.ts';
import type { Environment, OverlaidEntity } from './environment.ts';
import { EvaluationFailure } from './failure.ts';
import { findCircle } from './hierarchy.ts';
import { matchesScope, PolicyIndex, type Visitor } from './policy-index.ts';
import { JsonValueError, typesOf, uidOf, ValueReader } from './read-json.ts';
import { splitArray } from './split-array.ts';
import { type EntityChange, NodeStore } from './store.ts';
import { EMPTY_RECORD, RecordValue } from './values.ts';

/** Policies in Cedar's JSON format. */
export interface EnginePolicies {
  staticPolicies: Record<string, PolicyJson>;
  templates?: Record<string, PolicyJson>;
  templateLinks?: TemplateLink[];
}

export interface EngineOptions {
  policies: EnginePolicies;
  /** What gives values their types: strings that are extension values, objects that are entities. */
  schema?: SchemaJson;
  /** Entities in Cedar's JSON format, as values or as JSON text. Text keeps integers beyond 2^53 - 1 exact. */
  entities?: EntityJson[] | string;
}

export interface EngineRequest {
  principal: EntityUid;
  action: EntityUid;
  resource: EntityUid;
  context?: Record<string, unknown>;
  /** Whole entities in place of the stored ones, for this request only. */
  entities?: EntityJson[];
  /** Attributes laid over stored ones, for this request only; an entity that is not stored exists with them. */
  attributes?: { uid: EntityUid; attrs: Record<string, CedarValue> }[];
}

export interface EngineResponse {
  decision: 'allow' | 'deny';
  /** Ids of the determining policies, sorted. */
  reasons: string[];
  /** Policies that erred and so did not apply, sorted by id. */
  errors: { policyId: string; message: string }[];
}

/** A Cedar authorizer over entities of its own. */
export interface CedarEngine {
  /** @throws InvalidRequestError for a value that Cedar cannot hold */
  isAuthorized(request: EngineRequest): EngineResponse;
  /**
   * Sets entities, all or none of them.
   *
   * @throws InvalidRequestError for a value that Cedar cannot hold, an entity twice, or a circle of parents
   */
  upsertEntities(entities: EntityJson[] | string): void;
  /** Takes entities out; one that is not stored is no error. @throws InvalidRequestError for what is no uid */
  removeEntities(uids: EntityUid[]): void;
  /** Ids of the stored entities of a type, in code unit order. */
  idsOfType(type: string): readonly string[];
  /**
   * Ids of a type, in code unit order, among which is every principal that a policy permits the action on the
   * resource: what a search has to look at.
   */
  principalCandidates(type: string, action: EntityUid, resource: EntityUid): readonly string[];
  /** The same for resources. */
  resourceCandidates(type: string, action: EntityUid, principal: EntityUid): readonly string[];
  /** Entities stored. */
  readonly size: number;
}

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
  readonly #schema: Schema | undefined;
  readonly #index: PolicyIndex;
  /** Stored for being in the schema; the data may have them too. */
  readonly #fromSchema = new Set<EntityNode>();

  constructor({ policies, schema, entities }: EngineOptions) {
    this.#schema = schema === undefined ? undefined : new Schema(schema);
    this.#index = new PolicyIndex(compileAll(policies, this.#store), this.#store);
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

  upsertEntities(entities: EntityJson[] | string): void {
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
  #load(entities: EntityJson[] | string): void {
    const resolve = (type: string, id: string) => this.#store.intern(type, id);
    refusing(() => {
      this.#readEntities(entities, resolve, (change, path) => {
        const { node } = change;
        if (node.attrs !== undefined && !this.#fromSchema.has(node))
          throw new JsonValueError(`${path}: is there twice`);
        this.#fromSchema.delete(node);
        this.#store.put([change]);
      });
      // Only what something is in can be in a circle.
      const groups = new Set<EntityNode>();
      for (const node of this.#store.nodes()) for (const parent of node.parents) groups.add(parent);
      refuseCircle(findCircle(groups, (node) => node.parents));
    });
    this.#fromSchema.clear();
  }

  #readEntities(
    entities: EntityJson[] | string,
    resolve: (type: string, id: string) => EntityNode,
    take: (change: EntityChange, path: string) => void,
  ): void {
    const reader = new ValueReader(resolve, this.#store.shapes);
    const read = (json: unknown, index: number) => {
      const path = `entities[${index}]`;
      take(readEntity(json, reader, this.#schema, path), path);
    };
    if (typeof entities === 'string') splitArray(entities, (text, index) => read(parseJson(text), index));
    else for (const [index, json] of entities.entries()) read(json, index);
  }

  removeEntities(uids: EntityUid[]): void {
    const nodes = refusing(() => uids.map((uid, index) => uidOf(uid, `uids[${index}]`)));
    for (const { type, id } of nodes) {
      const node = this.#store.find(type, id);
      if (node !== undefined) this.#store.remove(node);
    }
  }

  idsOfType(type: string): readonly string[] {
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
    const searched = new EntityNode(type, '');
    const known = this.#node(other);
    const env = this.#plainEnvironment(
      role === 'principal' ? searched : known,
      this.#node(action),
      role === 'principal' ? known : searched,
    );
    const otherRole = role === 'principal' ? 'resource' : 'principal';
    const found = new Set<string>();
    for (const policy of this.#index.forAction(env).all) {
      if (policy.effect !== 'permit' || !inScope(env, policy[otherRole], known)) continue;
      const { equals, within, type: scopeType } = policy[role];
      if (scopeType !== undefined && scopeType !== type) continue;
      if (equals !== undefined) {
        if (equals.type === type && equals.attrs !== undefined) found.add(equals.id);
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
        attrs: node.attrs ?? EMPTY_RECORD,
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
    for (const { node } of changes) this.#fromSchema.add(node);
    this.#store.put(changes);
  }
}

const NONE: string[] = [];

/** A list of its own for the first one: most evaluations need one list or none. */
function added(list: string[], id: string): string[] {
  if (list === NONE) return [id];
  list.push(id);
  return list;
}

/** One request put to the policies: what each of them says. */
class Evaluation implements Visitor {
  readonly #env: Environment;
  #permits: string[] = NONE;
  #forbids: string[] = NONE;
  #errors: EngineResponse['errors'] = [];

  constructor(env: Environment) {
    this.#env = env;
  }

  visit(policy: CompiledPolicy): void {
    if (!matchesScope(this.#env, policy)) return;
    try {
      if (policy.condition !== undefined && !policy.condition(this.#env)) return;
    } catch (error) {
      if (!(error instanceof EvaluationFailure)) throw error;
      this.#errors.push({ policyId: policy.id, message: error.message });
      return;
    }
    if (policy.effect === 'permit') this.#permits = added(this.#permits, policy.id);
    else this.#forbids = added(this.#forbids, policy.id);
  }

  /** A forbid wins over any permit; without a permit it is a deny. */
  response(): EngineResponse {
    const forbidden = this.#forbids.length > 0;
    const reasons = forbidden ? this.#forbids : this.#permits;
    if (reasons.length > 1) reasons.sort();
    const errors = this.#errors;
    if (errors.length > 1) errors.sort((a, b) => (a.policyId < b.policyId ? -1 : 1));
    const allow = !forbidden && this.#permits.length > 0;
    return { decision: allow ? 'allow' : 'deny', reasons: reasons === NONE ? [] : reasons, errors };
  }
}

function compileAll(policies: EnginePolicies, store: NodeStore): CompiledPolicy[] {
  const named = new Set<EntityNode>();
  const resolve = (type: string, id: string) => {
    const node = store.intern(type, id);
    named.add(node);
    return node;
  };
  const reader = new ValueReader(resolve, store.shapes);
  const compiled: CompiledPolicy[] = [];
  const compile = (id: string, json: PolicyJson | undefined, slots: TemplateLink['values'] = {}) => {
    try {
      if (json === undefined) throw new UnsupportedPolicyError('its template is not there');
      const filled = Object.entries(slots).map(([slot, uid]) => [slot, reader.entity(uid, slot)] as const);
      compiled.push(compilePolicy(id, json, reader, Object.fromEntries(filled)));
    } catch (error) {
      if (!(error instanceof UnsupportedPolicyError || error instanceof JsonValueError)) throw error;
      throw new ConfigurationError(`policy ${id}: ${error.message}`);
    }
  };
  for (const [id, json] of Object.entries(policies.staticPolicies)) compile(id, json);
  const templates = policies.templates ?? {};
  for (const { templateId, newId, values } of policies.templateLinks ?? []) {
    compile(newId, Object.hasOwn(templates, templateId) ? templates[templateId] : undefined, values);
  }
  for (const node of named) store.retain(node);
  return compiled;
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

function readEntity(
  json: unknown,
  reader: ValueReader,
  schema: Schema | undefined,
  path: string,
): EntityChange {
  const { uid, attrs = {}, parents = [], tags } = (json ?? {}) as Partial<Record<keyof EntityJson, unknown>>;
  const node = reader.entity(uid, `${path}.uid`);
  if (!Array.isArray(parents)) throw new JsonValueError(`${path}.parents: must be a list`);
  const types = typesOf(schema, node.type);
  const above = parents.map((parent, index) => reader.entity(parent, `${path}.parents[${index}]`));
  return {
    node,
    attrs: reader.record(attrs, types.attrs, `${path}.attrs`),
    tags: tags === undefined ? undefined : readTags(tags, reader, types.tags, `${path}.tags`),
    parents: above.length === 0 ? NO_NODES : [...new Set(above)],
  };
}

function readTags(
  json: unknown,
  reader: ValueReader,
  type: ReturnType<typeof typesOf>['tags'],
  path: string,
): RecordValue {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new JsonValueError(`${path}: is not a record`);
  return RecordValue.of(
    Object.entries(json).map(([name, item]) => [name, reader.read(item, type, `${path}.${name}`)]),
  );
}

function refusing<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof JsonValueError)) throw error;
    throw new InvalidRequestError('', error.message);
  }
}
