import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanUp } from '../support/bundles.ts';
import type { TestServer } from '../support/server.ts';
import { BUNDLE, post, startPermit } from './support.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startPermit();
});
afterAll(cleanUp);

const role = (user: string, tenant: string, name: string, resource = `__tenant:${tenant}`) => ({
  user,
  tenant,
  resource,
  role: name,
});

describe('/authorized_users', () => {
  it.each<[string, string, object, object]>([
    [
      'of any resource in a tenant',
      'write',
      { tenant: 'acme' },
      { resource: 'note:*', tenant: 'acme', users: { alice: [role('alice', 'acme', 'admin')] } },
    ],
    [
      'by the scope of a policy, without a role',
      'read',
      { tenant: 'acme' },
      { resource: 'note:*', tenant: 'acme', users: { alice: [role('alice', 'acme', 'admin')], guest: [] } },
    ],
    [
      'of one resource, with the roles on it',
      'delete',
      { key: 'plan', tenant: 'acme' },
      {
        resource: 'note:plan',
        tenant: 'acme',
        users: { bob: [role('bob', 'acme', 'owner', 'note:plan')] },
      },
    ],
    [
      'in the stored tenant',
      'write',
      { key: 'memo' },
      { resource: 'note:memo', tenant: 'globex', users: { bob: [role('bob', 'globex', 'editor')] } },
    ],
    [
      'in a tenant sent over the stored one, with the roles there',
      'delete',
      { key: 'plan', tenant: 'globex' },
      { resource: 'note:plan', tenant: 'globex', users: { bob: [role('bob', 'globex', 'editor')] } },
    ],
    ['none', 'write', { tenant: 'void' }, { resource: 'note:*', tenant: 'void', users: {} }],
    ['in no tenant', 'write', {}, { resource: 'note:*', tenant: 'default', users: {} }],
    [
      'with attributes',
      'write',
      { tenant: 'acme', attributes: { colour: 'red' } },
      { resource: 'note:*', tenant: 'acme', users: {} },
    ],
    [
      'with context of the resource',
      'write',
      { tenant: 'acme', context: { night: true } },
      { resource: 'note:*', tenant: 'acme', users: {} },
    ],
  ])('%s', async (_, action, resource, expected) => {
    const answer = await post(server.url, '/authorized_users', {
      action,
      resource: { type: 'note', ...resource },
    });
    expect([answer.status, answer.json]).toEqual([200, expected]);
  });

  it('with context', async () => {
    const body = { action: 'write', resource: { type: 'note', tenant: 'acme' }, context: { night: true } };
    expect((await post(server.url, '/authorized_users', body)).json).toMatchObject({ users: {} });
  });

  it('all of them, of more than one page of a search', async () => {
    const ids = Array.from({ length: 2_500 }, (_, index) => `u${String(index).padStart(4, '0')}`);
    const own = await startPermit({
      bundle: {
        'policies.cedar': 'permit(principal, action, resource) unless { principal == user::"u0007" };',
        'entities.json': JSON.stringify(
          ids.map((id) => ({ uid: { type: 'user', id }, attrs: {}, parents: [] })),
        ),
      },
    });
    const { json } = await post(own.url, '/authorized_users', { action: 'read', resource: { type: 'note' } });
    const { users } = json as { users: object };
    expect(Object.keys(users)).toEqual(ids.filter((id) => id !== 'u0007'));
    expect(await own.logged('search')).toMatchObject({
      search: 'subject',
      subject: { type: 'user' },
      action: 'read',
      resource: { type: 'note', id: '*' },
      results: 2_499,
    });
  });

  it('and refuses more than it can give at once', async () => {
    const entities = Array.from({ length: 100_001 }, (_, index) => ({
      uid: { type: 'user', id: `u${index}` },
      attrs: {},
      parents: [],
    }));
    const own = await startPermit({
      limits: { answerMs: 60_000 },
      bundle: {
        'policies.cedar': 'permit(principal, action, resource);',
        'entities.json': JSON.stringify(entities),
      },
    });
    const answer = await post(own.url, '/authorized_users', { action: 'read', resource: { type: 'note' } });
    expect([answer.status, answer.json]).toEqual([
      422,
      {
        detail: [
          {
            loc: ['body', 'resource'],
            msg: 'more than 100000 users are authorized: ask /access/v1/search/subject, which answers in pages',
            type: 'value_error',
          },
        ],
      },
    ]);
  });

  it('names no user who is not stored', async () => {
    const own = await startPermit({ bundle: { ...BUNDLE, 'entities.json': '[]' } });
    const { json } = await post(own.url, '/authorized_users', {
      action: 'read',
      resource: { type: 'note', tenant: 'acme' },
    });
    expect(json).toEqual({ resource: 'note:*', tenant: 'acme', users: {} });
  });
});
