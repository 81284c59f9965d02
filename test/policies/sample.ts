import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type {
  AuthorizationAnswer,
  CedarValueJson,
  EntityJson,
  PolicyJson,
  TypeAndId,
} from '@cedar-policy/cedar-wasm/nodejs';
import cedar from '@cedar-policy/cedar-wasm/nodejs';

/**
 * The sample bundle read with Cedar's official package only: none of the kit's own reading, mapping or deciding
 * is in here, so what these tests say of the policies does not rest on the code that serves them.
 */

type Attributes = Record<string, CedarValueJson>;
type Asked = TypeAndId & { properties?: Attributes };

export interface DecisionTest {
  name: string;
  request: { subject: Asked; action: { name: string }; resource: Asked; context?: Attributes };
  decision: boolean;
  policies?: string[];
}

export const directory = new URL('../../pdp-container/policies/', import.meta.url).pathname;

const names = (folder: string, extension: string): string[] =>
  readdirSync(join(directory, folder))
    .filter((name) => name.endsWith(extension))
    .sort();
const read = (...path: string[]): string => readFileSync(join(directory, ...path), 'utf8');
const readAll = <T>(folder: string): T[] =>
  names(folder, '.json').flatMap((name) => JSON.parse(read(folder, name)) as T[]);

export const schema: string = read('notes.cedarschema');
export const entities: EntityJson[] = readAll('entities');
export const decisionTests: DecisionTest[] = readAll('tests');

/** Every policy's text and JSON, in the order of the files. */
export const policies: { text: string; json: PolicyJson }[] = names('.', '.cedar').flatMap((name) => {
  const parts = cedar.policySetTextToParts(read(name));
  if (parts.type === 'failure') throw new Error(`${name}: ${parts.errors[0]?.message}`);
  return parts.policies.map((text) => {
    const parsed = cedar.policyToJson(text);
    if (parsed.type === 'failure') throw new Error(`${name}: ${parsed.errors[0]?.message}`);
    return { text, json: parsed.json };
  });
});

/** The policies by their `@id`. */
export const policySet: Record<string, string> = Object.fromEntries(
  policies.map(({ text, json }) => [json.annotations?.id ?? '', text]),
);

const known = cedar.schemaToJson(schema);
if (known.type === 'failure') throw new Error(`notes.cedarschema: ${known.errors[0]?.message}`);
const types: Record<string, object> = known.json['']?.entityTypes ?? {};

/** Whether the schema gives a type an attribute. */
function isKnown(type: string, attribute: string): boolean {
  const { shape } = (types[type] ?? {}) as { shape?: { attributes?: object } };
  return Object.hasOwn(shape?.attributes ?? {}, attribute);
}

/** Lays what a request sends over what is stored, without what the schema does not know. */
function overlay(stored: EntityJson[], { type, id, properties }: Asked): EntityJson[] {
  if (properties === undefined) return stored;
  const isAsked = ({ uid }: EntityJson) => 'type' in uid && uid.type === type && uid.id === id;
  const entity = stored.find(isAsked) ?? { uid: { type, id }, attrs: {}, parents: [] };
  const sent = Object.entries(properties).filter(([name]) => isKnown(type, name));
  const attrs = { ...entity.attrs, ...Object.fromEntries(sent) };
  return [...stored.filter((other) => !isAsked(other)), { ...entity, attrs }];
}

/** Asks Cedar's own evaluator, with request validation on. */
export function ask(
  { subject, action, resource, context }: DecisionTest['request'],
  staticPolicies: Record<string, string> = policySet,
): AuthorizationAnswer {
  return cedar.isAuthorized({
    principal: { type: subject.type, id: subject.id },
    action: { type: 'Action', id: action.name },
    resource: { type: resource.type, id: resource.id },
    context: context ?? {},
    schema,
    validateRequest: true,
    policies: { staticPolicies },
    entities: overlay(overlay(entities, subject), resource),
  });
}
