import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import { describe, expect, it } from 'vitest';
import { uidKey } from '../../engine/entity-uid.ts';
import type { SchemaJson } from '../../engine/index.ts';
import { Schema } from '../../engine/schema.ts';

function schemaOf(text: string): Schema {
  const parsed = cedar.schemaToJson(text);
  if (parsed.type === 'failure') throw new Error(parsed.errors[0]?.message);
  return new Schema(parsed.json as SchemaJson);
}

describe('names resolve as Cedar resolves them', () => {
  const schema = schemaOf(`
    type Money = decimal;
    entity Global;
    namespace App {
      type Address = { city: String, at?: Money };
      type Home = Address;
      entity Team;
      entity User in [Team, Global] { home: Home, boss: User, other: Global, since: __cedar::datetime, flag: __cedar::Bool, tags: Set<Long> } tags Set<String>;
      action write;
      action read in [write, Lib::Action::"any"] appliesTo { principal: [User], resource: [Team, Lib::Book], context: Lib::Ctx };
    }
    namespace Lib { entity Book; action any; type Ctx = { ip?: ipaddr }; }
  `);
  const user = schema.entityTypes.get('App::User');

  it('in the namespace first, then in the empty one, through common types', () => {
    expect([...(user?.memberOf ?? [])]).toEqual(['App::Team', 'Global']);
    const types = Object.fromEntries(
      [...(user?.attributes.attributes ?? [])].map(([name, { type }]) => [name, type]),
    );
    expect(types).toEqual({
      home: {
        kind: 'record',
        attributes: new Map([
          ['at', { type: { kind: 'extension', extension: 'decimal' }, required: false }],
          ['city', { type: { kind: 'string' }, required: true }],
        ]),
      },
      boss: { kind: 'entity', name: 'App::User' },
      other: { kind: 'entity', name: 'Global' },
      since: { kind: 'extension', extension: 'datetime' },
      flag: { kind: 'boolean' },
      tags: { kind: 'set', element: { kind: 'long' } },
    });
    expect(user?.tags).toEqual({ kind: 'set', element: { kind: 'string' } });
  });

  it('for actions and their groups', () => {
    const read = schema.actions.get(uidKey({ type: 'App::Action', id: 'read' }));
    expect(read?.memberOf).toEqual(
      expect.arrayContaining([
        { type: 'App::Action', id: 'write' },
        { type: 'Lib::Action', id: 'any' },
      ]),
    );
    expect([...(read?.context.attributes.keys() ?? [])]).toEqual(['ip']);
    expect(schema.applies('App::User', { type: 'App::Action', id: 'read' }, 'Lib::Book')).toBe(true);
    expect(schema.applies('App::User', { type: 'App::Action', id: 'read' }, 'Global')).toBe(false);
    expect(schema.applies('App::User', { type: 'App::Action', id: 'nope' }, 'Global')).toBe(false);
    expect(schema.actionNamespaces()).toEqual(['App', 'Lib']);
  });

  it('for groups that name their type without its namespace', () => {
    const local = new Schema({
      App: {
        entityTypes: {},
        actions: {
          all: {},
          read: {
            memberOf: [
              { id: 'all', type: 'Action' },
              { id: 'top', type: 'Action' },
            ],
          },
        },
      },
      '': { entityTypes: {}, actions: { top: {} } },
    });
    expect(local.actions.get(uidKey({ type: 'App::Action', id: 'read' }))?.memberOf).toEqual([
      { type: 'App::Action', id: 'all' },
      { type: 'Action', id: 'top' },
    ]);
  });

  it('once for each common type, so that types of types do not double with each step', () => {
    const steps = 60;
    const pair = (name: string) => ({ type: 'Record', attributes: { a: { type: name }, b: { type: name } } });
    const commonTypes = Object.fromEntries(
      Array.from({ length: steps }, (_, n) => [`T${n}`, pair(n + 1 === steps ? 'Long' : `T${n + 1}`)]),
    );
    const schema = new Schema({
      '': { commonTypes, entityTypes: { U: { shape: pair('T0') } }, actions: {} },
    });
    const attributes = schema.entityTypes.get('U')?.attributes.attributes;
    expect(attributes?.get('a')?.type).toBe(attributes?.get('b')?.type);
  });

  it('and what nothing declares is a TypeError', () => {
    const shape = (type: object) =>
      ({
        '': { entityTypes: { U: { shape: { type: 'Record', attributes: { a: type } } } }, actions: {} },
      }) as unknown as SchemaJson;
    expect(() => new Schema(shape({ type: 'Nope' }))).toThrow('Nope is not declared');
    expect(() => new Schema(shape({ type: 'EntityOrCommon' }))).toThrow('is not declared');
    expect(() => new Schema(shape({ type: 'Set' }))).toThrow('a Set without an element type');
    expect(
      () => new Schema({ '': { entityTypes: { U: { shape: { type: 'Long' } } }, actions: {} } }),
    ).toThrow('Long is not a record type');
    const dangling = new Schema(shape({ type: 'Entity' }));
    expect(dangling.entityTypes.get('U')?.attributes.attributes.get('a')?.type).toEqual({
      kind: 'entity',
      name: '',
    });
  });
});
