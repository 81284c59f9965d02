import type { EntityUid, SchemaAction, SchemaEntityType, SchemaJson, SchemaType } from './cedar-json.ts';
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
  readonly entityTypes = new Map<string, ResolvedEntityType>();
  readonly actions = new Map<string, ResolvedAction>();
  readonly #json: SchemaJson;
  readonly #common = new Map<string, ResolvedType>();
  #depth = 0;

  /**
   * Reads what values need of a schema; the official package, which the compiler asks, checks all of it.
   *
   * @throws ConfigurationError for what is not of the format, and for a type that nothing declares
   */
  constructor(json: SchemaJson) {
    this.#json = json;
    for (const [namespace, declarations] of Object.entries(object(json, 'it'))) {
      const { entityTypes, actions } = object(declarations, `namespace "${namespace}"`);
      for (const [name, type] of Object.entries(object(entityTypes, `entityTypes of "${namespace}"`))) {
        const full = qualify(namespace, name);
        this.entityTypes.set(full, this.#entityType(namespace, full, object(type, full)));
      }
      for (const [id, action] of Object.entries(object(actions, `actions of "${namespace}"`))) {
        const uid = { type: actionType(namespace), id };
        this.actions.set(uidKey(uid), this.#action(namespace, uid, object(action, `action "${id}"`)));
      }
    }
  }

  /** The namespaces that declare actions, in the schema's order. */
  actionNamespaces(): string[] {
    return Object.entries(this.#json)
      .filter(([, declarations]) => Object.keys(declarations.actions).length > 0)
      .map(([namespace]) => namespace);
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
      memberOf: new Set(list(type.memberOfTypes).map((parent) => this.#entityName(namespace, parent))),
      attributes: shape,
      ...(type.tags === undefined ? {} : { tags: this.#resolve(namespace, type.tags) }),
      ...(type.enum === undefined ? {} : { ids: new Set(type.enum) }),
    };
  }

  #action(namespace: string, uid: EntityUid, action: SchemaAction): ResolvedAction {
    const applies = action.appliesTo;
    const names = (types: string[] | undefined) =>
      new Set(list(types).map((name) => this.#entityName(namespace, name)));
    return {
      uid,
      memberOf: list(action.memberOf).map((group) => this.#actionGroup(namespace, group)),
      principalTypes: names(applies?.principalTypes),
      resourceTypes: names(applies?.resourceTypes),
      context: applies?.context === undefined ? EMPTY_RECORD : this.#record(namespace, applies.context),
    };
  }

  #actionGroup(namespace: string, group: { id: string; type?: string }): EntityUid {
    if (group.type === undefined) return { type: actionType(namespace), id: group.id };
    const local = qualify(namespace, group.type);
    const declared = group.type.includes('::') || !this.#declaresAction(local, group.id);
    return { type: declared ? group.type : local, id: group.id };
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
  const plain = name.replace(/^__cedar::/, '');
  if (isExtensionType(plain)) return { kind: 'extension', extension: plain };
  return PRIMITIVES.get(plain) ?? fail(`${name} is not declared`);
}

function object<T extends object>(value: T | undefined, what: string): T {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  fail(`${what} must be an object`);
}

function list<T>(value: readonly T[] | undefined): readonly T[] {
  if (value === undefined || Array.isArray(value)) return value ?? [];
  fail('memberOfTypes, memberOf, principalTypes and resourceTypes must be lists');
}

function text(name: string | undefined): string {
  return typeof name === 'string' ? name : fail('the name of a type must be a string');
}

function fail(problem: string): never {
  throw new ConfigurationError(`the schema cannot be read: ${problem}`);
}
