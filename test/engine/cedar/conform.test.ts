import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import { describe, expect, it } from 'vitest';
import { createEngine, type EntityJson, type SchemaJson } from '../../../engine/index.ts';
import { parsePolicySetText } from './policies.ts';

const SCHEMA = `
  namespace App {
    entity User in [Group, Team] {
      name: String, level?: Long, on?: Bool, home?: ipaddr, boss?: User, color?: Color,
      pals?: Set<User>, rec?: { a: decimal, b?: Set<{ c?: duration }> }, since?: datetime,
    } tags Set<ipaddr>;
    entity Group;
    entity Doc;
    entity Color enum ["red", "green"];
    action all;
    action read in [all, Lib::Action::"any"] appliesTo {
      principal: User, resource: Doc, context: { at?: datetime, who: User },
    };
  }
  namespace Lib { action any in [top]; action top; }
  entity Team;
`;

const uid = (type: string, id: string) => ({ type, id });
const ASK = {
  principal: uid('App::User', 'ann'),
  action: uid('App::Action', 'read'),
  resource: uid('App::Doc', 'd'),
};
const CONTEXT = { who: ASK.principal };
const POLICY = 'permit(principal, action in Lib::Action::"top", resource);';

const parsed = cedar.schemaToJson(SCHEMA);
if (parsed.type === 'failure') throw new Error(parsed.errors[0]?.message);
const schema = parsed.json as SchemaJson;

/** What the official package answers: `refused` where it takes the data for no data of the schema. */
function official(entities: unknown, context: unknown): string {
  const answer = cedar.isAuthorized({
    ...ASK,
    context: context as cedar.Context,
    schema: SCHEMA,
    validateRequest: false,
    policies: { staticPolicies: POLICY },
    entities: entities as cedar.Entities,
  });
  return answer.type === 'failure' ? 'refused' : answer.response.decision;
}

function ours(entities: unknown, context: unknown): string {
  const engine = createEngine({
    policies: parsePolicySetText(POLICY),
    schema,
    entities: entities as EntityJson[],
  });
  return engine.isAuthorized({ ...ASK, context: context as Record<string, unknown> }).decision;
}

const user = (attrs: object, more: object = {}) => ({
  uid: uid('App::User', 'ann'),
  attrs: { name: 'Ann', ...attrs },
  parents: [],
  ...more,
});
const entity = (type: string, id: string, more: object = {}) => ({
  uid: uid(type, id),
  attrs: {},
  parents: [],
  ...more,
});
const READ = [uid('App::Action', 'all'), uid('Lib::Action', 'any'), uid('Lib::Action', 'top')];

describe('with a schema', () => {
  it.each<[string, object]>([
    ['of each type', user({ level: 1, on: true, home: '10.0.0.1', since: '2026-01-31', pals: [] })],
    [
      'that names entities',
      user({ boss: uid('App::User', 'b'), color: uid('App::Color', 'red'), pals: [uid('App::User', 'c')] }),
    ],
    ['with records in sets in records', user({ rec: { a: '1.5', b: [{ c: '1d' }, {}] } })],
    [
      'computed from extension values',
      user({ since: { fn: 'offset', args: [{ fn: 'toDate', arg: '2026-01-31' }, '1d'] } }),
    ],
    ['with tags and parents', user({}, { tags: { x: ['::1'] }, parents: [uid('App::Group', 'g')] })],
    ['that the schema enumerates', entity('App::Color', 'green')],
    ['with all that is above an action', entity('App::Action', 'read', { parents: READ })],
  ])('an entity %s is taken', (_, one) => {
    expect(ours([one], CONTEXT)).toBe('allow');
    expect(official([one], CONTEXT)).toBe('allow');
  });

  it.each<[string, object]>([
    ['.attrs.name: is missing: the schema requires it', user({}, { attrs: {} })],
    ['.attrs.nmae: is not in the schema', user({ nmae: 'Ann' })],
    ['.attrs.name: is no string, which it is in the schema', user({ name: 1 })],
    ['.attrs.level: is no long, which it is in the schema', user({ level: '1' })],
    ['.attrs.on: is no boolean, which it is in the schema', user({ on: 'true' })],
    ['.attrs.home: is no ipaddr, which it is in the schema', user({ home: 1 })],
    ['.attrs.home: is no ipaddr, which it is in the schema', user({ home: { fn: 'decimal', arg: '1.0' } })],
    ['.attrs.boss: is no App::User, which it is in the schema', user({ boss: uid('App::Doc', 'd') })],
    ['.attrs.boss: is no App::User, which it is in the schema', user({ boss: 'App::User::\\"b\\"' })],
    [
      '.attrs.color: the schema does not enumerate App::Color::"blue"',
      user({ color: uid('App::Color', 'blue') }),
    ],
    ['.attrs.pals: is no set, which it is in the schema', user({ pals: uid('App::User', 'b') })],
    ['.attrs.pals: is no App::User, which it is in the schema', user({ pals: [1] })],
    ['.attrs.rec: is no record, which it is in the schema', user({ rec: [] })],
    ['.attrs.rec.a: is missing: the schema requires it', user({ rec: {} })],
    ['.attrs.rec.b.d: is not in the schema', user({ rec: { a: '1.0', b: [{ d: 1 }] } })],
    ['.tags.x: is no set, which it is in the schema', user({}, { tags: { x: '::1' } })],
    ['.tags: the schema has none for a App::Doc', entity('App::Doc', 'd', { tags: { x: 1 } })],
    ['.parents: the schema has no App::User in a App::Doc', user({}, { parents: [uid('App::Doc', 'd')] })],
    [': the schema has no type Doc', entity('Doc', 'd')],
    [': the schema does not enumerate App::Color::"blue"', entity('App::Color', 'blue')],
    ['.attrs.x: is not in the schema', entity('App::Color', 'red', { attrs: { x: 1 } })],
    [': is another action than in the schema', entity('App::Action', 'write')],
    [': is another action than in the schema', entity('App::Action', 'read')],
    [
      ': is another action than in the schema',
      entity('App::Action', 'read', { parents: [...READ, uid('Lib::Action', 'more')] }),
    ],
    [
      ': is another action than in the schema',
      entity('App::Action', 'read', { parents: READ, attrs: { x: 1 } }),
    ],
  ])('entities[0]%s', (message, one) => {
    expect(() => ours([one], CONTEXT)).toThrow(
      expect.objectContaining({ name: 'InvalidRequestError', message: `entities[0]${message}` }),
    );
    expect(official([one], CONTEXT)).toBe('refused');
  });

  it.each<[string, object]>([
    ['context.who: is missing: the schema requires it', {}],
    ['context.more: is not in the schema', { ...CONTEXT, more: 1 }],
    ['context.at: is no datetime, which it is in the schema', { ...CONTEXT, at: 1 }],
  ])('%s', (message, context) => {
    expect(() => ours([], context)).toThrow(
      expect.objectContaining({ name: 'InvalidRequestError', message }),
    );
    expect(official([], context)).toBe('refused');
  });

  it('entities of updates and of requests are held to it as those that are loaded', () => {
    const engine = createEngine({ policies: parsePolicySetText(POLICY), schema });
    const wrong = [user({ level: true })] as EntityJson[];
    expect(() => engine.upsertEntities(wrong)).toThrow('entities[0].attrs.level: is no long');
    expect(() => engine.isAuthorized({ ...ASK, entities: wrong })).toThrow(
      'entities[0].attrs.level: is no long',
    );
    expect(engine.idsOfType('App::User')).toEqual([]);
  });

  it('entities that were checked are not held to it again', () => {
    const entities = [user({ level: true })] as EntityJson[];
    const engine = createEngine({ policies: parsePolicySetText(POLICY), schema, entities, checked: true });
    expect(engine.idsOfType('App::User')).toEqual(['ann']);
  });
});
