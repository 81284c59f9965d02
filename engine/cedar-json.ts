/**
 * Cedar's published JSON formats, as far as the kit reads them.
 *
 * @see https://docs.cedarpolicy.com/policies/json-format.html
 * @see https://docs.cedarpolicy.com/schema/json-schema.html
 * @see https://docs.cedarpolicy.com/auth/entities-syntax.html
 */

export interface EntityUid {
  type: string;
  id: string;
}

/**
 * A Cedar value in JSON: explicit escapes only. A Long is a number where that is exact, up to ±(2^53 - 1), and a
 * BigInt beyond; so it is in the `Value` of a policy's expression.
 */
export type CedarValue =
  | boolean
  | number
  | bigint
  | string
  | CedarValue[]
  | { __entity: EntityUid }
  | { __extn: { fn: string; arg: CedarValue } }
  | { [attribute: string]: CedarValue };

export interface EntityJson {
  uid: EntityUid;
  attrs: Record<string, CedarValue>;
  parents: EntityUid[];
  tags?: Record<string, CedarValue>;
}

export type Effect = 'permit' | 'forbid';

/** An expression of the policy format; the evaluator reads its inside. */
export type Expr = { [operator: string]: unknown };

export interface PolicyJson {
  effect: Effect;
  principal: Record<string, unknown>;
  action: Record<string, unknown>;
  resource: Record<string, unknown>;
  conditions: { kind: 'when' | 'unless'; body: Expr }[];
  annotations?: Record<string, string>;
}

export interface TemplateLink {
  templateId: string;
  newId: string;
  values: Record<string, EntityUid>;
}

export interface PolicySetJson {
  staticPolicies: Record<string, PolicyJson>;
  templates: Record<string, PolicyJson>;
  templateLinks: TemplateLink[];
}

/** A type of a resolved JSON schema: common types already replaced by what they stand for. */
export interface SchemaType {
  type: string;
  name?: string;
  element?: SchemaType;
  attributes?: Record<string, SchemaType>;
  additionalAttributes?: boolean;
  required?: boolean;
}

export interface SchemaEntityType {
  memberOfTypes?: string[];
  shape?: SchemaType;
  tags?: SchemaType;
  enum?: string[];
}

export interface SchemaAction {
  appliesTo?: { principalTypes: string[]; resourceTypes: string[]; context?: SchemaType };
  memberOf?: { id: string; type?: string }[];
}

export interface SchemaNamespace {
  commonTypes?: Record<string, SchemaType>;
  entityTypes: Record<string, SchemaEntityType>;
  actions: Record<string, SchemaAction>;
}

export type SchemaJson = Record<string, SchemaNamespace>;
