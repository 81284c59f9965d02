/** Worlds with a schema, whose types let values leave their escapes out: `"10.0.0.1"` is an address where one is due. */
import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import fc from 'fast-check';
import type { EntityUid, PolicySetJson, SchemaJson, SchemaType } from '../../engine/cedar-json.ts';
import { difference } from './compare.ts';
import { type ExtensionFunction, RIGHT, WRONG } from './extension-texts.ts';
import { exact, messages, type OracleAnswer, visible } from './oracle.ts';
import { policySet } from './policies.ts';
import { ask, subject } from './subject.ts';
import { objectOf, VALUES, type Value } from './values.ts';
import { ACTIONS as EVERY_ACTION, ENTITIES as EVERY_ENTITY } from './vocabulary.ts';
import type { Attributes, Entity, Request } from './world.ts';

/** One in so many extension values is none, and the whole refused. */
const RARELY = 400;

/** A schema may not declare a name in a namespace that the empty one has, too. */
const ENTITIES = EVERY_ENTITY.filter(({ type }) => type !== 'App::User');
const ACTIONS = EVERY_ACTION.filter(({ type, id }) => type !== 'App::Action' || id !== 'view');

interface Typed {
  schema: SchemaType;
  values: fc.Arbitrary<Value>;
}

const plainUid = ({ type, id }: EntityUid): EntityUid => ({ type, id });

function entityOf(name: string, schema: SchemaType): Typed {
  const uids = fc.constantFrom(...ENTITIES.filter(({ type }) => type === name).map(plainUid));
  const values = fc.oneof(
    { weight: 2, arbitrary: uids.map((uid): Value => ({ ...uid })) },
    { weight: 1, arbitrary: uids.map((uid): Value => ({ __entity: uid })) },
  );
  return { schema, values };
}

function extensionOf(fn: ExtensionFunction, schema: SchemaType): Typed {
  const text = fc.oneof({ weight: RARELY, arbitrary: RIGHT[fn] }, { weight: 1, arbitrary: WRONG[fn] });
  const values = fc.oneof(
    { weight: 4, arbitrary: text },
    { weight: 1, arbitrary: text.map((arg): Value => ({ fn, arg })) },
    { weight: 1, arbitrary: text.map((arg): Value => ({ __extn: { fn, arg } })) },
  );
  return { schema, values };
}

function setOf({ schema, values }: Typed): Typed {
  return { schema: { type: 'Set', element: schema }, values: fc.array(values, { maxLength: 3 }) };
}

const scalars: (readonly [name: string, type: Typed])[] = [
  ['b', { schema: { type: 'Boolean' }, values: VALUES.bool }],
  ['', { schema: { type: 'EntityOrCommon', name: 'Bool' }, values: VALUES.bool }],
  ['n', { schema: { type: 'Long' }, values: VALUES.long }],
  ['__proto__', { schema: { type: 'EntityOrCommon', name: 'Long' }, values: VALUES.long }],
  ['s', { schema: { type: 'String' }, values: VALUES.string }],
  ['constructor', { schema: { type: 'EntityOrCommon', name: 'Word' }, values: VALUES.string }],
  ['type', { schema: { type: 'String' }, values: VALUES.string }],
  ['id', { schema: { type: 'String' }, values: VALUES.string }],
  ['e', entityOf('User', { type: 'Entity', name: 'User' })],
  ['toString', entityOf('App::Doc', { type: 'EntityOrCommon', name: 'App::Doc' })],
  ['d', extensionOf('decimal', { type: 'Extension', name: 'decimal' })],
  ['ip', extensionOf('ip', { type: 'Extension', name: 'ipaddr' })],
  ['at', extensionOf('datetime', { type: 'EntityOrCommon', name: 'datetime' })],
  ['for', extensionOf('duration', { type: 'EntityOrCommon', name: '__cedar::duration' })],
];

const typed = new Map(scalars);
const at = (name: string): Typed => typed.get(name) as Typed;

const sets: (readonly [name: string, type: Typed])[] = [
  ['ns', setOf(at('n'))],
  ['with space', setOf(at('s'))],
  ['es', setOf(entityOf('Group', { type: 'Entity', name: 'Group' }))],
  ['xs', setOf(setOf(at('ip')))],
];

function recordOf(
  attributes: (readonly [name: string, type: Typed])[],
  most: number,
): Typed & { values: fc.Arbitrary<Attributes> } {
  const schema: SchemaType = {
    type: 'Record',
    attributes: objectOf(attributes.map(([name, type]) => [name, { ...type.schema, required: false }])),
  };
  const entry = fc.oneof(
    ...attributes.map(([name, { values }]) => values.map((value) => [name, value] as const)),
  );
  return {
    schema,
    values: fc.array(entry, { maxLength: most, size: 'max' }).map((entries) => objectOf(entries)),
  };
}

const details = recordOf([...scalars, ...sets], 4);
const named = { schema: { type: 'EntityOrCommon', name: 'Details' }, values: details.values };
const nested = recordOf([...scalars, ['r', named]], 4);
const all = recordOf([...scalars, ...sets, ['r', named], ['hasOwnProperty', nested]], 24);

const MEMBER_OF = [...new Set(ENTITIES.map(({ type }) => type))];

/** The type of the tags, by entity type; one without has none. */
const TAGS: Record<string, Typed> = { User: at('ip'), 'App::Doc': setOf(at('at')), Group: at('e') };

function namespace(prefix: string): SchemaJson[string] {
  const inside = ({ type }: EntityUid) =>
    prefix === '' ? !type.includes('::') : type.startsWith(`${prefix}::`);
  const local = (type: string) => (prefix === '' ? type : type.slice(prefix.length + 2));
  const types = new Set(ENTITIES.filter(inside).map(({ type }) => type));
  return {
    commonTypes: prefix === '' ? { Details: details.schema, Word: { type: 'String' } } : {},
    entityTypes: objectOf(
      [...types].map((type) => {
        const tags = Object.hasOwn(TAGS, type) ? TAGS[type] : undefined;
        const declared = { memberOfTypes: MEMBER_OF, shape: all.schema };
        return [local(type), tags === undefined ? declared : { ...declared, tags: tags.schema }];
      }),
    ),
    actions: objectOf(
      ACTIONS.filter(inside).map(({ type, id }, index) => [
        id,
        {
          appliesTo: { principalTypes: MEMBER_OF, resourceTypes: MEMBER_OF, context: all.schema },
          memberOf: ACTIONS.slice(ACTIONS.findIndex((one) => one.type === type && one.id === id) + 1)
            .filter((_, other) => (index + other) % 2 === 0)
            .map(plainUid),
        },
      ]),
    ),
  };
}

export const SCHEMA: SchemaJson = { '': namespace(''), App: namespace('App') };

export interface SchemaWorld {
  policies: PolicySetJson;
  entities: Entity[];
  requests: Request[];
  entitiesAs: 'values' | 'text';
}

const entity: fc.Arbitrary<Entity> = fc.constantFrom(...ENTITIES.keys()).chain((index) => {
  const uid = ENTITIES[index] as EntityUid;
  const above = ENTITIES.slice(index + 1);
  const tags = Object.hasOwn(TAGS, uid.type) ? TAGS[uid.type] : undefined;
  const entry = fc.tuple(
    fc.constantFrom('n', 's', 'e', 'ip', 'at', '__proto__'),
    tags?.values ?? VALUES.bool,
  );
  return fc.record({
    uid: fc.constant(uid),
    attrs: all.values,
    parents: above.length === 0 ? fc.constant([]) : fc.array(fc.constantFrom(...above), { maxLength: 2 }),
    ...(tags === undefined ? {} : { tags: fc.array(entry, { maxLength: 3 }).map(objectOf<Value>) }),
  });
});

function entitiesOf(maxLength: number): fc.Arbitrary<Entity[]> {
  return fc.uniqueArray(entity, { maxLength, size: 'max', selector: ({ uid }) => `${uid.type} ${uid.id}` });
}

const request: fc.Arbitrary<Request> = fc
  .record({
    principal: fc.constantFrom(...ENTITIES.slice(0, 3), ...ENTITIES),
    action: fc.constantFrom(...ACTIONS),
    resource: fc.constantFrom(...ENTITIES.slice(0, 3), ...ENTITIES),
    context: all.values,
    entities: fc.option(entitiesOf(2), { freq: 4, nil: undefined }),
  })
  .map(({ entities, ...request }) => (entities === undefined ? request : { ...request, entities }));

export const schemaWorld: fc.Arbitrary<SchemaWorld> = fc.record({
  policies: policySet,
  entities: entitiesOf(6),
  requests: fc.array(request, { minLength: 1, maxLength: 2, size: 'max' }),
  entitiesAs: fc.constantFrom('values', 'text'),
});

/** Asks both, each with the schema. @returns the official answers @throws where they differ */
export function compareWithSchema(world: SchemaWorld): OracleAnswer[] {
  const engine = subject(world, SCHEMA);
  return world.requests.map((request) => {
    const refused = 'rejected' in engine;
    // Entities of the request could stand in for the stored ones that are refused.
    const official = officialAnswer(world, refused ? { ...request, entities: [] } : request);
    const ours = refused ? engine : ask(engine, request);
    const found = difference(official, ours);
    if (found !== undefined) {
      throw new Error(`${found}: ${JSON.stringify(official)} against ${JSON.stringify(ours)}`);
    }
    return official;
  });
}

function officialAnswer({ policies, entities }: SchemaWorld, request: Request): OracleAnswer {
  const { principal, action, resource, context } = request;
  const answer = cedar.isAuthorized({
    principal,
    action,
    resource,
    context: exact(context) as cedar.Context,
    schema: SCHEMA as cedar.SchemaJson<string>,
    validateRequest: false,
    policies: exact(policies) as cedar.PolicySet,
    entities: exact(visible(entities, request)) as cedar.Entities,
  });
  if (answer.type === 'failure') return { rejected: messages(answer.errors) };
  const { decision, diagnostics } = answer.response;
  const errors = diagnostics.errors.map(({ policyId, error }) => ({ policyId, message: error.message }));
  return { decision, reasons: diagnostics.reason, errors };
}
