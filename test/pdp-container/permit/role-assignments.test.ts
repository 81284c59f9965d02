import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoredEntities } from '../../../engine/index.ts';
import { DEFAULT_PERMIT_TYPES } from '../../../pdp-container/permit/mapping.ts';
import { RoleReader } from '../../../pdp-container/permit/roles.ts';
import { cleanUp } from '../support/bundles.ts';
import type { TestServer } from '../support/server.ts';
import { get, startPermit } from './support.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startPermit();
});
afterAll(cleanUp);

const ALICE = { user: 'alice', role: 'admin', tenant: 'acme' };
const BOB = { user: 'bob', role: 'editor', tenant: 'globex' };
const OWNER = { user: 'bob', role: 'owner', tenant: 'acme', resource_instance: 'note:plan' };
const AUDITOR = { user: 'carol', role: 'auditor', tenant: 'acme', resource_instance: 'note:plan' };
const ALL = [ALICE, BOB, OWNER, AUDITOR];

describe('/local/role_assignments', () => {
  it.each<[string, object[]]>([
    ['', ALL],
    ['user=bob', [BOB, OWNER]],
    ['user=dan', []],
    ['user=nobody', []],
    ['role=editor', [BOB]],
    ['role=staff', []],
    ['tenant=acme', [ALICE, OWNER, AUDITOR]],
    ['tenant=void', []],
    ['resource=note', [OWNER, AUDITOR]],
    ['resource=memo', []],
    ['resource_instance=note:plan', [OWNER, AUDITOR]],
    ['resource_instance=note%3Aplan', [OWNER, AUDITOR]],
    ['resource_instance=plan', []],
    ['tenant=acme&role=owner&user=bob&resource=note', [OWNER]],
    ['tenant=globex&role=owner', []],
    ['user=&tenant=', ALL],
    ['something=else', ALL],
    ['per_page=2', [ALICE, BOB]],
    ['per_page=2&page=2', [OWNER, AUDITOR]],
    ['per_page=3&page=2', [AUDITOR]],
    ['per_page=4&page=2', []],
    ['per_page=1&page=2&tenant=acme', [OWNER]],
    ['per_page=100&page=1', ALL],
    ['page=900000000', []],
  ])('?%s', async (search, expected) => {
    const answer = await get(server.url, `/local/role_assignments?${search}`);
    expect([answer.status, answer.json]).toEqual([200, expected]);
  });

  it('has 30 on a page by default', async () => {
    const uid = (type: string, id: string) => ({ type, id });
    const users = Array.from({ length: 31 }, (_, index) => ({
      uid: uid('user', `u${String(index).padStart(2, '0')}`),
      attrs: {},
      parents: [uid('role', 't/r')],
    }));
    const role = { uid: uid('role', 't/r'), attrs: {}, parents: [] };
    const own = await startPermit({
      bundle: {
        'p.cedar': 'permit(principal, action, resource);',
        'entities.json': JSON.stringify([role, ...users]),
      },
    });
    expect((await get(own.url, '/local/role_assignments')).json).toHaveLength(30);
    expect((await get(own.url, '/local/role_assignments?page=2')).json).toEqual([
      { user: 'u30', role: 'r', tenant: 't' },
    ]);
  });
});

describe('a role entity', () => {
  const uid = (type: string, id: string) => ({ __entity: { type, id } });
  const read = (id: string, attributes: object, type = 'role') => {
    const entities = {
      parents: () => [{ type, id }],
      attributes: () => attributes,
    } as unknown as StoredEntities;
    return new RoleReader(entities, DEFAULT_PERMIT_TYPES).of('u')[0];
  };
  it.each<[string, string, object, object | undefined]>([
    ['tenant and role', 'acme/editor', {}, { tenant: 'acme', role: 'editor' }],
    ['a role with a slash', 'acme/notes/editor', {}, { tenant: 'acme', role: 'notes/editor' }],
    [
      'a role on a resource',
      'acme/note:1#owner',
      {},
      { tenant: 'acme', role: 'owner', resource_instance: 'note:1' },
    ],
    [
      'a namespaced type and a key of many parts',
      'acme/App::Note:a/b:c#d#owner',
      {},
      { tenant: 'acme', role: 'owner', resource_instance: 'App::Note:a/b:c#d' },
    ],
    ['a role that only looks like one on a resource', 'acme/c#', {}, { tenant: 'acme', role: 'c#' }],
    ['a resource without a key', 'acme/note#owner', {}, { tenant: 'acme', role: 'note#owner' }],
    ['no tenant', 'staff', {}, undefined],
    ['an empty tenant', '/staff', {}, undefined],
    ['an empty role', 'acme/', {}, undefined],
    ['the tenant as an attribute', 'r1', { tenant: uid('tenant', 'a/b') }, { tenant: 'a/b', role: 'r1' }],
    [
      'all as attributes',
      'r1',
      { tenant: uid('tenant', 't'), role: 'owner', resource: uid('App::Note', '1') },
      { tenant: 't', role: 'owner', resource_instance: 'App::Note:1' },
    ],
    [
      'attributes over the id',
      'acme/editor',
      { tenant: uid('tenant', 'globex'), role: 'writer' },
      { tenant: 'globex', role: 'writer' },
    ],
    ['a tenant of another type', 'r1', { tenant: uid('Tenant', 't') }, undefined],
    ['a tenant that is text', 'r1', { tenant: 't' }, undefined],
    ['a role that is no text', 'acme/editor', { role: 7 }, { tenant: 'acme', role: 'editor' }],
  ])('tells %s', (_, id, attributes, expected) => {
    expect(read(id, attributes)).toEqual(expected === undefined ? undefined : { user: 'u', ...expected });
  });

  it('is of the role type', () => {
    expect(read('acme/editor', {}, 'group')).toBeUndefined();
  });
});

it('reads the types that are set, as the sample has them', async () => {
  const own = await startPermit({
    source: 'pdp-container/policies',
    permitTypes: { user: 'User', tenant: 'Tenant', role: 'Role' },
  });
  expect((await get(own.url, '/local/role_assignments')).json).toEqual([
    { user: 'alice', role: 'admin', tenant: 'acme' },
    { user: 'bob', role: 'editor', tenant: 'acme' },
    { user: 'carol', role: 'viewer', tenant: 'acme' },
    { user: 'erin', role: 'admin', tenant: 'globex' },
    { user: 'frank', role: 'viewer', tenant: 'acme' },
    { user: 'frank', role: 'editor', tenant: 'globex' },
  ]);
});

it.each([
  [{ user: 'a b' }, "permit-user-type 'a b' is not a Cedar entity type: write it like User or App::User"],
  [{ tenant: '' }, "permit-tenant-type '' is not a Cedar entity type"],
  [{ role: 'App::' }, "permit-role-type 'App::' is not a Cedar entity type"],
])('does not start with the types %j', async (permitTypes, message) => {
  await expect(startPermit({ permitTypes })).rejects.toThrow(message);
});
