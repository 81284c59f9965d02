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

/** Whether the official package takes a schema. */
function official(json: unknown): boolean {
  try {
    return cedar.checkParseSchema(json as cedar.Schema).type === 'success';
  } catch {
    return false;
  }
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

  it('where a common type has the name of a built-in one', () => {
    const attributes = { asNamed: { type: 'ipaddr' }, extension: { type: 'Extension', name: 'ipaddr' } };
    const schema = new Schema({
      '': {
        commonTypes: { ipaddr: { type: 'String' } },
        entityTypes: { U: { shape: { type: 'Record', attributes } } },
        actions: {},
      },
    });
    const types = schema.entityTypes.get('U')?.attributes.attributes;
    expect(types?.get('asNamed')?.type).toEqual({ kind: 'string' });
    expect(types?.get('extension')?.type).toEqual({ kind: 'extension', extension: 'ipaddr' });
  });

  it('and an entity type that nothing declares, or a group of another type, stays as it is named', () => {
    const schema = new Schema({
      App: {
        entityTypes: { U: { memberOfTypes: ['Nope', 'Lib::Nope'] } },
        actions: { read: { memberOf: [{ id: 'g', type: 'Group' }] } },
      },
    });
    expect([...(schema.entityTypes.get('App::U')?.memberOf ?? [])]).toEqual(['Nope', 'Lib::Nope']);
    expect(schema.actions.get(uidKey({ type: 'App::Action', id: 'read' }))?.memberOf).toEqual([
      { type: 'Group', id: 'g' },
    ]);
  });
});

describe('what is no schema', () => {
  const withEntity = (type: unknown) => ({ '': { entityTypes: { U: type }, actions: {} } });
  const withAttribute = (type: unknown) => withEntity({ shape: { type: 'Record', attributes: { a: type } } });
  const withAction = (action: unknown) => ({ '': { entityTypes: {}, actions: { read: action } } });
  const circle = {
    commonTypes: { T: { type: 'Set', element: { type: 'S' } }, S: { type: 'T' } },
    entityTypes: { U: { tags: { type: 'T' } } },
    actions: {},
  };

  it.each<[string, unknown]>([
    ['it must be an object', null],
    ['it must be an object', []],
    ['namespace "App" must be an object', { App: null }],
    ['entityTypes of "" must be an object', { '': { actions: {} } }],
    ['actions of "" must be an object', { '': { entityTypes: {} } }],
    ['U must be an object', withEntity(null)],
    ['action "read" must be an object', withAction(7)],
    ['a type must be an object', withEntity({ shape: 'Record' })],
    ['a type must be an object', withAttribute(null)],
    ['attributes of a Record must be an object', withEntity({ shape: { type: 'Record' } })],
    ['element of a Set must be an object', withAttribute({ type: 'Set' })],
    ['the name of a type must be a string', withAttribute({ type: 7 })],
    ['the name of a type must be a string', withAttribute({ type: 'EntityOrCommon' })],
    ['Nope is not declared', withAttribute({ type: 'Nope' })],
    ['toString is not declared', withAttribute({ type: 'toString' })],
    ['U is not declared', withAttribute({ type: 'Extension', name: 'U' })],
    ['Long is not a record type', withEntity({ shape: { type: 'Long' } })],
    ['memberOfTypes, memberOf, principalTypes and resourceTypes must be lists', withAction({ memberOf: {} })],
    ['types nest deeper than 1000 levels, or a common type is made of itself', { '': circle }],
  ])('%s', (message, json) => {
    expect(() => new Schema(json as SchemaJson)).toThrow(
      expect.objectContaining({
        name: 'ConfigurationError',
        message: `the schema cannot be read: ${message}`,
      }),
    );
    expect(official(json)).toBe(false);
  });

  it('is its text, too', () => {
    expect(() => new Schema('entity User;' as unknown as SchemaJson)).toThrow('it must be an object');
  });
});
