import type { EntityUid, SchemaAction, SchemaEntityType, SchemaJson, SchemaType } from './cedar-json.ts';
import { actionType, uidKey } from './entity-uid.ts';
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

const PRIMITIVES: Record<string, ResolvedType> = {
  Boolean: { kind: 'boolean' },
  Bool: { kind: 'boolean' },
  Long: { kind: 'long' },
  String: { kind: 'string' },
};

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

  /** @throws TypeError on a name that nothing declares; the compiler refuses such a schema before */
  constructor(json: SchemaJson) {
    this.#json = json;
    for (const [namespace, declarations] of Object.entries(json)) {
      for (const [name, type] of Object.entries(declarations.entityTypes ?? {})) {
        const full = qualify(namespace, name);
        this.entityTypes.set(full, this.#entityType(namespace, full, type));
      }
      for (const [id, action] of Object.entries(declarations.actions ?? {})) {
        const uid = { type: actionType(namespace), id };
        this.actions.set(uidKey(uid), this.#action(namespace, uid, action));
      }
    }
  }

  /** The namespaces that declare actions, in the schema's order. */
  actionNamespaces(): string[] {
    return Object.entries(this.#json)
      .filter(([, declarations]) => Object.keys(declarations.actions ?? {}).length > 0)
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
      memberOf: new Set((type.memberOfTypes ?? []).map((parent) => this.#entityName(namespace, parent))),
      attributes: shape,
      ...(type.tags === undefined ? {} : { tags: this.#resolve(namespace, type.tags) }),
      ...(type.enum === undefined ? {} : { ids: new Set(type.enum) }),
    };
  }

  #action(namespace: string, uid: EntityUid, action: SchemaAction): ResolvedAction {
    const applies = action.appliesTo;
    const names = (list: string[] | undefined) =>
      new Set((list ?? []).map((name) => this.#entityName(namespace, name)));
    return {
      uid,
      memberOf: (action.memberOf ?? []).map((group) => this.#actionGroup(namespace, group)),
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
    if (resolved.kind !== 'record') throw new TypeError(`${type.type} is not a record type`);
    return resolved;
  }

  #resolve(namespace: string, type: SchemaType): ResolvedType {
    switch (type.type) {
      case 'Record': {
        const attributes = Object.entries(type.attributes ?? {}).map(
          ([name, attribute]) =>
            [
              name,
              { type: this.#resolve(namespace, attribute), required: attribute.required !== false },
            ] as const,
        );
        return { kind: 'record', attributes: new Map(attributes) };
      }
      case 'Set':
        if (type.element === undefined) throw new TypeError('a Set without an element type');
        return { kind: 'set', element: this.#resolve(namespace, type.element) };
      case 'Entity':
        return { kind: 'entity', name: this.#entityName(namespace, type.name ?? '') };
      case 'Extension':
      case 'EntityOrCommon':
        return this.#named(namespace, type.name ?? '');
      default:
        return this.#named(namespace, type.type);
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
    const builtIn = name.replace(/^__cedar::/, '');
    const primitive = PRIMITIVES[builtIn];
    if (primitive !== undefined) return primitive;
    if (isExtensionType(builtIn)) return { kind: 'extension', extension: builtIn };
    throw new TypeError(`${name} is not declared`);
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
