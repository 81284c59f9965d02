import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanUp } from '../support/bundles.ts';
import type { TestServer } from '../support/server.ts';
import { BUNDLE, post, startPermit, TENANTS } from './support.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startPermit();
});
afterAll(cleanUp);

const entry = (key: keyof typeof TENANTS, permissions: string[], roles: string[] = []) => ({
  tenant: { key, attributes: TENANTS[key] },
  permissions,
  roles,
});
const note = (
  id: string,
  key: 'acme' | 'globex',
  owners: object,
  permissions: string[],
  roles: string[] = [],
) => ({
  ...entry(key, permissions, roles),
  resource: {
    key: id,
    type: 'note',
    attributes: { tenant: { __entity: { type: 'tenant', id: key } }, ...owners },
  },
});
const OWNERS = { owners: { __entity: { type: 'role', id: 'acme/note:plan#owner' } } };

const ACME = entry('acme', ['note:read', 'note:write'], ['admin']);
const GLOBEX = entry('globex', ['note:read', 'note:write'], ['editor']);
const PLAN = note('plan', 'acme', OWNERS, ['note:delete'], ['owner']);
// Without a schema, every stored type is one that something may be done on.
const GUEST = ['note:read', 'role:read', 'tenant:read', 'user:read'];
const MEMO = note('memo', 'globex', {}, ['note:read', 'note:write']);

describe('/user-permissions', () => {
  it.each<[string, string, object, object]>([
    ['where the user has a role', 'alice', {}, { '__tenant:acme': ACME }],
    ['tenants and resources', 'bob', {}, { '__tenant:globex': GLOBEX, 'note:plan': PLAN }],
    [
      'a role that permits nothing',
      'carol',
      {},
      { 'note:plan': note('plan', 'acme', OWNERS, [], ['auditor']) },
    ],
    ['none, with a role of no tenant', 'dan', {}, {}],
    ['none, of a user who is not stored', 'nobody', {}, {}],
    [
      'empty lists, which are none',
      'alice',
      { tenants: [], resources: [], resource_types: [] },
      { '__tenant:acme': ACME },
    ],
    [
      'lists that are null',
      'alice',
      { tenants: null, resources: null, resource_types: null },
      { '__tenant:acme': ACME },
    ],
    ['a tenant', 'bob', { tenants: ['globex'] }, { '__tenant:globex': GLOBEX }],
    [
      'a tenant without a role',
      'guest',
      { tenants: ['acme', 'void'] },
      { '__tenant:acme': entry('acme', GUEST) },
    ],
    ['a tenant where nothing is permitted', 'alice', { tenants: ['globex', 'nowhere'] }, {}],
    ['the tenant of a resource', 'bob', { tenants: ['acme'] }, { 'note:plan': PLAN }],
    [
      'resources',
      'bob',
      { resources: ['note:plan', 'note:memo', 'note:none'] },
      { 'note:plan': PLAN, 'note:memo': MEMO },
    ],
    [
      'resources of a tenant',
      'bob',
      { tenants: ['globex'], resources: ['note:plan', 'note:memo'] },
      { 'note:memo': MEMO },
    ],
    [
      'a resource that is not stored, in a tenant',
      'alice',
      { tenants: ['acme'], resources: ['note:new'] },
      {
        'note:new': {
          ...entry('acme', ['note:read', 'note:write']),
          resource: { key: 'new', type: 'note', attributes: {} },
        },
      },
    ],
    ['the same in one of two', 'alice', { tenants: ['acme', 'globex'], resources: ['note:new'] }, {}],
    [
      'a tenant among resources',
      'bob',
      { resources: ['__tenant:globex', '__tenant:acme'] },
      { '__tenant:globex': GLOBEX },
    ],
    [
      'the same, of given tenants',
      'bob',
      { tenants: ['acme'], resources: ['__tenant:globex', 'note:plan'] },
      { 'note:plan': PLAN },
    ],
    ['a type', 'bob', { resource_types: ['note'] }, { 'note:memo': MEMO, 'note:plan': PLAN }],
    ['a type in a tenant', 'bob', { resource_types: ['note'], tenants: ['acme'] }, { 'note:plan': PLAN }],
    ['the type of tenants', 'bob', { resource_types: ['__tenant'] }, { '__tenant:globex': GLOBEX }],
    ['a type that there is none of', 'bob', { resource_types: ['image'] }, {}],
    ['resources of a type', 'bob', { resource_types: ['image'], resources: ['note:plan'] }, {}],
    [
      'context',
      'bob',
      { context: { night: true } },
      { '__tenant:globex': { ...GLOBEX, permissions: [] }, 'note:plan': { ...PLAN, permissions: [] } },
    ],
  ])('%s', async (_, key, filter, expected) => {
    const answer = await post(server.url, '/user-permissions', { user: { key }, ...filter });
    expect([answer.status, answer.json]).toEqual([200, expected]);
  });

  it('takes attributes of the user', async () => {
    const user = { key: 'alice', attributes: { suspended: true } };
    const { json } = await post(server.url, '/user-permissions', { user });
    expect(json).toEqual({ '__tenant:acme': { ...ACME, permissions: [] } });
  });

  it('goes through the actions and types of a schema', async () => {
    const own = await startPermit({
      bundle: {
        'policies.cedar': '@id("all") permit(principal, action, resource) when { resource has tenant };',
        's.cedarschema': `
          entity tenant; entity role; entity user in [role];
          entity note { tenant?: tenant }; entity memo { tenant?: tenant }; entity image;
          action all;
          action read in [all] appliesTo { principal: user, resource: [note, memo] };
          action file in [all] appliesTo { principal: user, resource: memo };
          action see appliesTo { principal: user, resource: image };
          action sign appliesTo { principal: user, resource: note, context: { reason: String } };`,
      },
    });
    const ask = async (more: object) =>
      (await post(own.url, '/user-permissions', { user: { key: 'ann' }, tenants: ['t'], ...more })).json;
    const permitted = (...permissions: string[]) => ({
      '__tenant:t': { tenant: { key: 't', attributes: {} }, permissions, roles: [] },
    });
    expect(await ask({})).toEqual(permitted('memo:file', 'memo:read', 'note:read'));
    expect(await ask({ context: { reason: 'x' } })).toEqual(
      permitted('memo:file', 'memo:read', 'note:read', 'note:sign'),
    );
  });

  it('takes a resource that is not stored to be in the tenant of the role on it', async () => {
    const role = { type: 'role', id: 't/memo:m#reader' };
    const own = await startPermit({
      bundle: {
        'policies.cedar': 'permit(principal, action == Action::"read", resource in tenant::"t");',
        'entities.json': JSON.stringify([
          { uid: role, attrs: {}, parents: [] },
          { uid: { type: 'user', id: 'ann' }, attrs: {}, parents: [role] },
        ]),
      },
    });
    const asked = { user: { key: 'ann' }, resource_types: [], tenants: ['t'] };
    expect((await post(own.url, '/user-permissions', asked)).json).toMatchObject({
      'memo:m': {
        tenant: { key: 't', attributes: {} },
        resource: { key: 'm', type: 'memo', attributes: {} },
        permissions: ['memo:read'],
        roles: ['reader'],
      },
    });
    expect((await post(own.url, '/user-permissions', { ...asked, tenants: [] })).json).toHaveProperty(
      ['memo:m', 'permissions'],
      ['memo:read'],
    );
  });

  it('has actions of more than one page of a search', async () => {
    const names = Array.from({ length: 250 }, (_, index) => `a${String(index).padStart(3, '0')}`);
    const own = await startPermit({
      bundle: {
        'policies.cedar': `permit(principal, action in [${names.map((name) => `Action::"${name}"`).join()}], resource is note);`,
      },
    });
    const asked = { user: { key: 'ann' }, tenants: ['t'] };
    const { json } = await post(own.url, '/user-permissions', asked);
    expect(json).toEqual({
      '__tenant:t': {
        tenant: { key: 't', attributes: {} },
        permissions: names.map((name) => `note:${name}`),
        roles: [],
      },
    });
  });

  it('is one line in the log', async () => {
    const own = await startPermit();
    await post(own.url, '/user-permissions', { user: { key: 'bob', attributes: { secret: 'hush' } } });
    expect(await own.logged('search')).toMatchObject({
      search: 'permission',
      subject: { type: 'user', id: 'bob' },
      results: 2,
      revision: own.revision,
    });
    expect(JSON.stringify(own.records)).not.toContain('hush');
  });
});

describe('/user-tenants', () => {
  const tenant = (key: keyof typeof TENANTS) => ({ key, attributes: TENANTS[key] });
  it.each([
    ['alice', [tenant('acme')]],
    ['bob', [tenant('globex'), tenant('acme')]],
    ['carol', [tenant('acme')]],
    ['dan', []],
    ['nobody', []],
  ])('of %s', async (key, expected) => {
    const answer = await post(server.url, '/user-tenants', { user: { key }, context: null });
    expect([answer.status, answer.json]).toEqual([200, expected]);
  });

  it('has whole numbers of 64 bits exact', async () => {
    const entities = BUNDLE['entities.json']?.replace('"plan":"pro"', '"plan":9223372036854775807') ?? '';
    const own = await startPermit({ bundle: { ...BUNDLE, 'entities.json': entities } });
    const { text } = await post(own.url, '/user-tenants', { user: { key: 'alice' } });
    expect(text).toContain('"plan":9223372036854775807');
  });
});
