import type { EntityUid, SchemaAction, SchemaEntityType, SchemaJson, SchemaType } from './cedar-json.ts';
import { Declarations } from './declarations.ts';
import { actionType, uidKey } from './entity-uid.ts';
import { ConfigurationError } from './errors.ts';
import { type ExtensionType, isExtensionType } from './extension-values.ts';

/** A schema type with every name looked up. */
export type ResolvedType =
  | { kind: 'boolean' | 'long' | 'string' }
  | { kind: 'extension'; extension: ExtensionType }
  | { kind: 'entity'; name: string }
  | { kind: 'set'; element: ResolvedType }
  | RecordType;

export interface RecordType {
  kind: 'record';
  attributes: Map<string, { type: ResolvedType; required: boolean }>;
}

export interface ResolvedEntityType {
  name: string;
  memberOf: Set<string>;
  attributes: RecordType;
  tags?: ResolvedType;
  /** The only ids that exist, for an enumerated type. */
  ids?: Set<string>;
}

export interface ResolvedAction {
  uid: EntityUid;
  memberOf: EntityUid[];
  principalTypes: Set<string>;
  resourceTypes: Set<string>;
  context: RecordType;
}

const PRIMITIVES = new Map<string, ResolvedType>([
  ['Boolean', { kind: 'boolean' }],
  ['Bool', { kind: 'boolean' }],
  ['Long', { kind: 'long' }],
  ['String', { kind: 'string' }],
]);

/** The namespace of the types that Cedar has itself, where something else has one of their names. */
const BUILT_IN = '__cedar::';

/** Deepest nesting of types in types; common types count, which a circle of them has without end. */
const MAX_DEPTH = 1_000;

const EMPTY_RECORD: RecordType = { kind: 'record', attributes: new Map() };

/**
 * A Cedar JSON schema, resolved for look-ups. Names resolve as Cedar's do: in the namespace first, then in the
 * empty one; common types before entity types before the built-in ones.
 *
 * @see https://docs.cedarpolicy.com/schema/json-schema.html
 */
export class Schema {
  readonly entityTypes = new Declarations<ResolvedEntityType>();
  /** By the keys of their uids. */
  readonly actions = new Declarations<ResolvedAction>();
  readonly #json: SchemaJson;
  readonly #common = new Map<string, ResolvedType>();
  #depth = 0;

  /**
   * Reads what values need of a schema; the official package, which the compiler asks, checks all of it.
   *
   * @param when `needed` for a schema that is known to be good: each type is read when it is first asked for
   * @throws ConfigurationError for what is not of the format, and for a type that nothing declares
   */
  constructor(json: SchemaJson, when: 'now' | 'needed' = 'now') {
    this.#json = json;
    for (const [namespace, declarations] of Object.entries(object(json, 'it'))) {
      const { entityTypes, actions } = object(declarations, `namespace "${namespace}"`);
      for (const [name, type] of Object.entries(object(entityTypes, `entityTypes of "${namespace}"`))) {
        const full = qualify(namespace, name);
        this.entityTypes.declare(full, () => this.#entityType(namespace, full, object(type, full)));
      }
      for (const [id, action] of Object.entries(object(actions, `actions of "${namespace}"`))) {
        const uid = { type: actionType(namespace), id };
        const read = () => this.#action(namespace, uid, object(action, `action "${id}"`));
        this.actions.declare(uidKey(uid), read);
      }
    }
    if (when === 'now') {
      this.entityTypes.values();
      this.actions.values();
    }
  }

  /** The namespaces that declare actions, in the schema's order. */
  actionNamespaces(): string[] {
    return Object.entries(this.#json)
      .filter(([, declarations]) => Object.keys(declarations.actions).length > 0)
      .map(([namespace]) => namespace);
  }

  /** Actions and enumerated entities, which exist by being in the schema. */
  *entities(): Generator<{ uid: EntityUid; parents: EntityUid[] }> {
    for (const { uid, memberOf } of this.actions.values()) yield { uid, parents: memberOf };
    for (const { name, ids } of this.entityTypes.values()) {
      for (const id of ids ?? []) yield { uid: { type: name, id }, parents: [] };
    }
  }

  /** Whether the schema has such requests: strict validation speaks of no others. */
  applies(principalType: string, action: EntityUid, resourceType: string): boolean {
    const declared = this.actions.get(uidKey(action));
    return (declared?.principalTypes.has(principalType) && declared.resourceTypes.has(resourceType)) ?? false;
  }

  #entityType(namespace: string, name: string, type: SchemaEntityType): ResolvedEntityType {
    const shape = type.shape === undefined ? EMPTY_RECORD : this.#record(namespace, type.shape);
    return {
      name,
      memberOf: new Set(names(type.memberOfTypes).map((parent) => this.#entityName(namespace, parent))),
      attributes: shape,
      ...(type.tags === undefined ? {} : { tags: this.#resolve(namespace, type.tags) }),
      ...(type.enum === undefined ? {} : { ids: new Set(names(type.enum)) }),
    };
  }

  #action(namespace: string, uid: EntityUid, action: SchemaAction): ResolvedAction {
    const applies = action.appliesTo;
    const types = (list: string[] | undefined) =>
      new Set(names(list).map((name) => this.#entityName(namespace, name)));
    return {
      uid,
      memberOf: list(action.memberOf).map((group) =>
        this.#actionGroup(namespace, object(group, 'a group of actions')),
      ),
      principalTypes: types(applies?.principalTypes),
      resourceTypes: types(applies?.resourceTypes),
      context: applies?.context === undefined ? EMPTY_RECORD : this.#record(namespace, applies.context),
    };
  }

  #actionGroup(namespace: string, group: { id: string; type?: string }): EntityUid {
    const id = text(group.id);
    const type = text(group.type ?? actionType(namespace));
    const local = qualify(namespace, type);
    return { type: type.includes('::') || !this.#declaresAction(local, id) ? type : local, id };
  }

  #declaresAction(type: string, id: string): boolean {
    const namespace = type === 'Action' ? '' : type.replace(/::Action$/, '');
    return Object.hasOwn(this.#json[namespace]?.actions ?? {}, id);
  }

  #record(namespace: string, type: SchemaType): RecordType {
    const resolved = this.#resolve(namespace, type);
    if (resolved.kind !== 'record') fail(`${type.type} is not a record type`);
    return resolved;
  }

  #resolve(namespace: string, type: SchemaType): ResolvedType {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) {
      fail(`types nest deeper than ${MAX_DEPTH} levels, or a common type is made of itself`);
    }
    const resolved = this.#resolveOne(namespace, object(type, 'a type'));
    this.#depth -= 1;
    return resolved;
  }

  #resolveOne(namespace: string, type: SchemaType): ResolvedType {
    switch (type.type) {
      case 'Record': {
        const attributes = Object.entries(object(type.attributes, 'attributes of a Record')).map(
          ([name, attribute]) =>
            [
              name,
              { type: this.#resolve(namespace, attribute), required: attribute.required !== false },
            ] as const,
        );
        return { kind: 'record', attributes: new Map(attributes) };
      }
      case 'Set':
        return { kind: 'set', element: this.#resolve(namespace, object(type.element, 'element of a Set')) };
      case 'Entity':
        return { kind: 'entity', name: this.#entityName(namespace, text(type.name)) };
      case 'Extension':
        return builtIn(text(type.name));
      case 'EntityOrCommon':
        return this.#named(namespace, text(type.name));
      default:
        return this.#named(namespace, text(type.type));
    }
  }

  #named(namespace: string, name: string): ResolvedType {
    for (const [home, local] of this.#candidates(namespace, name)) {
      const common = this.#json[home]?.commonTypes;
      if (common !== undefined && Object.hasOwn(common, local)) {
        const full = qualify(home, local);
        // One for all that name it: types built of types would otherwise double with each step.
        const type = this.#common.get(full) ?? this.#resolve(home, common[local] as SchemaType);
        this.#common.set(full, type);
        return type;
      }
      if (Object.hasOwn(this.#json[home]?.entityTypes ?? {}, local)) {
        return { kind: 'entity', name: qualify(home, local) };
      }
    }
    return builtIn(name);
  }

  #entityName(namespace: string, name: string): string {
    const found = this.#candidates(namespace, name).find(([home, local]) =>
      Object.hasOwn(this.#json[home]?.entityTypes ?? {}, local),
    );
    return found === undefined ? name : qualify(...found);
  }

  #candidates(namespace: string, name: string): [string, string][] {
    const cut = name.lastIndexOf('::');
    if (cut >= 0) return [[name.slice(0, cut), name.slice(cut + 2)]];
    return namespace === ''
      ? [['', name]]
      : [
          [namespace, name],
          ['', name],
        ];
  }
}

function qualify(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}::${name}`;
}

/** A type that no schema has to declare. */
function builtIn(name: string): ResolvedType {
  const plain = name.startsWith(BUILT_IN) ? name.slice(BUILT_IN.length) : name;
  if (isExtensionType(plain)) return { kind: 'extension', extension: plain };
  return PRIMITIVES.get(plain) ?? fail(`${name} is not declared`);
}

function object<T extends object>(value: T | undefined, what: string): T {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  fail(`${what} must be an object`);
}

function list<T>(value: readonly T[] | undefined): readonly T[] {
  if (value === undefined || Array.isArray(value)) return value ?? [];
  return fail('enum, memberOf, memberOfTypes, principalTypes and resourceTypes must be lists');
}

function names(value: readonly string[] | undefined): readonly string[] {
  return list(value).map(text);
}

function text(name: string | undefined): string {
  return typeof name === 'string' ? name : fail('a name must be a string');
}

function fail(problem: string): never {
  throw new ConfigurationError(`the schema cannot be read: ${problem}`);
}
