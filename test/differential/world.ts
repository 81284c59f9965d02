/** Worlds: a policy set, a few entities, and requests about them. Each request is a case. */
import fc from 'fast-check';
import type { EntityUid, PolicySetJson } from '../../engine/cedar-json.ts';
import { policySet } from './policies.ts';
import { anyValue, objectOf, VALUES, type Value } from './values.ts';
import { ACTIONS, ATTRIBUTES, ENTITIES } from './vocabulary.ts';

export type Attributes = { [name: string]: Value };

export interface Entity {
  uid: EntityUid;
  attrs: Attributes;
  parents: EntityUid[];
  tags?: Attributes;
}

export interface Request {
  principal: EntityUid;
  action: EntityUid;
  resource: EntityUid;
  context: Attributes;
  /** Entities that stand in for the stored ones of the same name, for this request. */
  entities?: Entity[];
}

export interface World {
  policies: PolicySetJson;
  entities: Entity[];
  requests: Request[];
  /** How the engine gets the entities. */
  entitiesAs: 'values' | 'text';
  /** How the engine gets the policies: as the JSON they are, or as their text has it. */
  policiesAs: 'json' | 'text';
}

/** Attributes of which about one in `missing` is not there, and a few have another type than they should. */
function attributes(missing: number): fc.Arbitrary<Attributes> {
  const entries = ATTRIBUTES.map(([name, type]) =>
    fc
      .option(fc.oneof({ weight: 60, arbitrary: VALUES[type] }, { weight: 1, arbitrary: anyValue }), {
        freq: missing,
        nil: undefined,
      })
      .map((value) => [name, value] as const),
  );
  return fc
    .tuple(...entries)
    .map((all) => objectOf(all.filter((entry): entry is readonly [string, Value] => entry[1] !== undefined)));
}

const most = attributes(3);
const some = attributes(1);
const sparse: fc.Arbitrary<Attributes> = fc.oneof(
  { weight: 1, arbitrary: fc.constant({}) },
  { weight: 2, arbitrary: some },
);

function entity(uid: EntityUid, above: readonly EntityUid[]): fc.Arbitrary<Entity> {
  const parents: fc.Arbitrary<EntityUid[]> =
    above.length === 0 ? fc.constant([]) : fc.array(fc.constantFrom(...above), { maxLength: 3 });
  return fc
    .record({
      attrs: fc.oneof({ weight: 3, arbitrary: most }, { weight: 1, arbitrary: sparse }),
      parents,
      tags: fc.option(some, { freq: 1, nil: undefined }),
    })
    .map(({ attrs, parents, tags }) => ({ uid, attrs, parents, ...(tags === undefined ? {} : { tags }) }));
}

/** The groups stand above everything, so they are likely parents; the last ones have only each other. */
const FROM_GROUPS = ENTITIES.findIndex(({ type }) => type === 'Group');

const entityArbitraries = [
  ...ENTITIES.map((uid, index) =>
    entity(uid, [...ENTITIES.slice(index + 1), ...(index < FROM_GROUPS ? ENTITIES.slice(FROM_GROUPS) : [])]),
  ),
];
const actionArbitraries = ACTIONS.map((uid, index) => entity(uid, ACTIONS.slice(index + 1)));

/** One of each name at most, in any order. */
function entitiesOf(minimum: number, maximum: number): fc.Arbitrary<Entity[]> {
  return fc.uniqueArray(
    fc.oneof(
      { weight: 5, arbitrary: fc.oneof(...entityArbitraries) },
      { weight: 1, arbitrary: fc.oneof(...actionArbitraries) },
    ),
    {
      minLength: minimum,
      maxLength: maximum,
      size: 'max',
      selector: ({ uid }) => `${uid.type} ${uid.id}`,
    },
  );
}

/** Whom requests are about: the first names more often, so that policies and requests meet. */
const subject = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(...ENTITIES.slice(0, 3)) },
  { weight: 3, arbitrary: fc.constantFrom(...ENTITIES) },
  { weight: 1, arbitrary: fc.constantFrom(...ACTIONS) },
);

const context: fc.Arbitrary<Attributes> = fc.oneof(
  { weight: 2, arbitrary: most },
  { weight: 1, arbitrary: sparse },
);

const request: fc.Arbitrary<Request> = fc
  .record({
    principal: subject,
    action: fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom(...ACTIONS) },
      { weight: 1, arbitrary: fc.constantFrom(...ENTITIES) },
    ),
    resource: subject,
    context,
    entities: fc.option(entitiesOf(0, 3), { freq: 5, nil: undefined }),
  })
  .map(({ entities, ...request }) => (entities === undefined ? request : { ...request, entities }));

/** Entities alone, as a store may hold them. */
export const entities: fc.Arbitrary<Entity[]> = entitiesOf(0, 7);

/** Requests alone. */
export const requests: fc.Arbitrary<Request[]> = fc.array(request, {
  minLength: 1,
  maxLength: 3,
  size: 'max',
});

export const world: fc.Arbitrary<World> = fc.record({
  policies: policySet,
  entities,
  requests,
  entitiesAs: fc.constantFrom('values', 'values', 'values', 'text'),
  policiesAs: fc.constantFrom('json', 'json', 'json', 'json', 'text'),
});
