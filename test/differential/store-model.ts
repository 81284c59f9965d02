/**
 * A store that changes: whatever the changes were, an engine answers as one made afresh with what is then stored,
 * and as the official package does. A change that must be refused changes nothing.
 */
import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import fc from 'fast-check';
import type { EntityUid, PolicyJson, PolicySetJson } from '../../engine/cedar-json.ts';
import { type CedarEngine, type EntityJson, InvalidRequestError } from '../../engine/index.ts';
import { difference } from './compare.ts';
import { exact, type OracleAnswer, oracle } from './oracle.ts';
import { policySet } from './policies.ts';
import { ask, entitiesFor, plain, subject } from './subject.ts';
import { entityUid } from './values.ts';
import { ACTIONS, ENTITIES } from './vocabulary.ts';
import { type Entity, entities, type Request, requests } from './world.ts';

type Change =
  | { kind: 'upsert'; entities: Entity[]; as: 'values' | 'text' }
  | { kind: 'remove'; uids: EntityUid[] }
  /** Parents without regard for the hierarchy: some of these make a circle. */
  | { kind: 'move'; uid: EntityUid; parents: EntityUid[]; among: Entity[] }
  | { kind: 'broken'; entities: Entity[]; broken: unknown; at: number };

/** What no store may take in, each for a reason of its own. */
const broken: fc.Arbitrary<unknown> = fc
  .tuple(
    entityUid,
    fc.constantFrom<Record<string, unknown>>(
      { attrs: { a: null } },
      { attrs: { a: 1.5 } },
      { attrs: { a: [2 ** 53] } },
      { attrs: { a: 2n ** 63n } },
      { attrs: { a: { b: { __extn: { fn: 'ip', arg: 'localhost' } } } } },
      { attrs: { a: { __extn: { fn: 'nothing', arg: '' } } } },
      { attrs: { a: { __extn: { fn: 'decimal', args: [] } } } },
      { attrs: { a: '\ud800' } },
      { attrs: { '\udc00': 1 } },
      { attrs: { a: { __expr: '1' } } },
      { attrs: [] },
      { tags: { t: null } },
      { tags: { '\udc00': 1 } },
      { tags: [] },
      { parents: [{ type: 'a b', id: 'x' }] },
      { parents: [{ type: 'User' }] },
      { parents: 'User' },
      { uid: { type: '', id: 'x' } },
      { uid: { type: 'User', id: 7 } },
      { uid: { type: 'User', id: '\ud800' } },
    ),
  )
  .map(([{ type, id }, mistake]) => ({ uid: { type, id }, attrs: {}, parents: [], ...mistake }));

const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('upsert'), entities, as: fc.constantFrom('values', 'text') }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('remove'), uids: fc.array(entityUid, { maxLength: 6 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('move'),
      uid: entityUid,
      parents: fc.array(entityUid, { maxLength: 3 }),
      among: entities,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('broken'), entities, broken, at: fc.nat(10) }) },
);

export interface History {
  policies: PolicySetJson;
  entities: Entity[];
  changes: Change[];
  requests: Request[];
}

const ALL = { op: 'All' };

/** Policies for each entity that principal, resource or action may be in: the reasons tell the whole hierarchy. */
function hierarchy(): PolicySetJson {
  const staticPolicies: PolicySetJson['staticPolicies'] = {};
  const add = (role: 'principal' | 'action' | 'resource', entity: EntityUid, index: number) => {
    const policy: PolicyJson = {
      effect: 'permit',
      principal: ALL,
      action: ALL,
      resource: ALL,
      conditions: [],
    };
    const inside = { in: { left: { Var: role }, right: { Value: { __entity: entity } } } };
    staticPolicies[`${role} ${index}`] = { ...policy, [role]: { op: 'in', entity } };
    staticPolicies[`${role} ${index} when`] = { ...policy, conditions: [{ kind: 'when', body: inside }] };
  };
  for (const [index, entity] of ENTITIES.entries()) {
    add('principal', entity, index);
    add('resource', entity, index);
  }
  for (const [index, entity] of ACTIONS.entries()) add('action', entity, index);
  return { staticPolicies, templates: {}, templateLinks: [] };
}

const policies: fc.Arbitrary<PolicySetJson> = fc.oneof(policySet, fc.constant(hierarchy()));

export const history: fc.Arbitrary<History> = fc.record({
  policies,
  entities,
  changes: fc.array(change, { minLength: 1, maxLength: 6, size: 'max' }),
  requests,
});

const key = ({ type, id }: EntityUid) => `${type} ${id}`;

/** Plays a history; throws on the first answer or refusal that is not right. */
export function play({ policies, entities, changes, requests }: History): { refused: number; done: number } {
  const engine = subject({ policies, entities, entitiesAs: 'values' });
  if ('rejected' in engine) throw new Error(engine.rejected);
  const played = { refused: 0, done: 0 };
  let model = entities;
  for (const change of changes) {
    const before = answers(engine, requests);
    const wanted = outcome(model, change);
    const thrown = attempt(() => apply(engine, change));
    if (wanted === undefined) {
      played.refused += 1;
      if (!(thrown instanceof InvalidRequestError)) throw new Error(`not refused: ${thrown}`);
      same(before, answers(engine, requests), 'a refused change has changed');
    } else {
      played.done += 1;
      if (thrown !== undefined) throw new Error(`refused: ${thrown}`);
      model = wanted;
    }
    compare(engine, policies, model, requests);
  }
  return played;
}

/** The entities after a change; undefined for one that must be refused. */
function outcome(model: Entity[], change: Change): Entity[] | undefined {
  if (change.kind === 'broken') return undefined;
  if (change.kind === 'remove') {
    const gone = new Set(change.uids.map(key));
    return model.filter(({ uid }) => !gone.has(key(uid)));
  }
  const changed = change.kind === 'upsert' ? change.entities : moved(change);
  const names = new Set(changed.map(({ uid }) => key(uid)));
  const after = [...model.filter(({ uid }) => !names.has(key(uid))), ...changed];
  const parsed = cedar.checkParseEntities({ entities: exact(after) as cedar.Entities });
  return parsed.type === 'success' ? after : undefined;
}

function moved({ uid, parents, among }: Extract<Change, { kind: 'move' }>): Entity[] {
  const others = among.filter((entity) => key(entity.uid) !== key(uid));
  return [...others, { uid, attrs: { n: 1n }, parents }];
}

function apply(engine: CedarEngine, change: Change): void {
  if (change.kind === 'remove') {
    engine.removeEntities(change.uids);
  } else if (change.kind === 'upsert') {
    engine.upsertEntities(entitiesFor(change.entities, change.as));
  } else if (change.kind === 'move') {
    engine.upsertEntities(entitiesFor(moved(change), 'values'));
  } else {
    const list = plain(change.entities) as unknown[];
    engine.upsertEntities(list.toSpliced(change.at, 0, change.broken) as EntityJson[]);
  }
}

function attempt(act: () => void): unknown {
  try {
    act();
    return undefined;
  } catch (error) {
    return error;
  }
}

function answers(engine: CedarEngine, requests: Request[]): OracleAnswer[] {
  return requests.map((request) => ask(engine, request));
}

function compare(engine: CedarEngine, policies: PolicySetJson, model: Entity[], requests: Request[]): void {
  const fresh = subject({ policies, entities: model, entitiesAs: 'values' });
  if ('rejected' in fresh) throw new Error(fresh.rejected);
  if (engine.size !== model.length) throw new Error(`${engine.size} entities stored, not ${model.length}`);
  for (const type of new Set(model.map(({ uid }) => uid.type))) {
    const stored = model.filter(({ uid }) => uid.type === type).map(({ uid }) => uid.id);
    const ids = engine.idsOfType(type);
    if (JSON.stringify(ids) !== JSON.stringify(stored.sort())) throw new Error(`ids of ${type}: ${ids}`);
  }
  const official = oracle(policies);
  const now = answers(engine, requests);
  same(answers(fresh, requests), now, 'not as an engine made afresh');
  for (const [index, request] of requests.entries()) {
    const answer = official(model, request);
    // Entities of a request that close a circle with stored ones: the engine answers, as `in` is defined there too.
    if ('rejected' in answer && request.entities !== undefined && answer.rejected.includes('cycle')) continue;
    same([answer], now.slice(index, index + 1), 'not as the official package');
  }
}

function same(expected: OracleAnswer[], actual: OracleAnswer[], what: string): void {
  for (const [index, answer] of actual.entries()) {
    const found = difference(expected[index] as OracleAnswer, answer);
    if (found !== undefined) {
      throw new Error(
        `${what}: ${found}: ${JSON.stringify(expected[index])} against ${JSON.stringify(answer)}`,
      );
    }
  }
}
