import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanUp } from '../support/bundles.ts';
import { type OpaServer, question, request, startOpa } from './support.ts';

let server: OpaServer;
beforeAll(async () => {
  server = await startOpa({ limits: { batchItems: 3 } });
});
afterAll(cleanUp);

async function result(document: string, input: unknown): Promise<unknown> {
  const { status, json } = await server.ask(`/v1/data/${document}`, { body: { input } });
  expect(status).toBe(200);
  return (json as { result?: unknown }).result;
}

const debug = (policies: string[], more = {}) => ({ policies, revision: server.revision, ...more });

describe('permit/root', () => {
  it.each([
    ['a permit', question('bob', 'view', { key: 'one' }), true],
    ['no policy', question('bob', 'edit', { key: 'one' }), false],
    ['a forbid', question('bob', 'view', { key: 'secret' }), false],
    ['the tenant of a role', question('ann', 'edit', { key: 'one', tenant: 'acme' }), true],
    ['another tenant', question('ann', 'edit', { key: 'one', tenant: 'globex' }), false],
    ['any note of the tenant', question('ann', 'edit', { tenant: 'acme' }), true],
  ])('%s', async (_, input, allow) => {
    expect(await result('permit/root', input)).toMatchObject({ allow, result: allow });
    expect(await result('permit/root/allow', input)).toBe(allow);
  });

  it('answers with the question and why', async () => {
    expect(await result('permit/root', question('bob', 'view', { key: 'one' }))).toEqual({
      allow: true,
      result: true,
      query: {
        user: { key: 'bob' },
        action: 'view',
        resource: { type: 'note', key: 'one', tenant: null },
      },
      debug: debug(['bob-views'], { advice: ['look only'] }),
    });
  });
});

describe('permit/bulk', () => {
  it('answers in the order of the questions', async () => {
    const checks = [
      question('bob', 'edit', { key: 'one' }),
      question('bob', 'view', { key: 'one' }),
      question('bob', 'view', { key: 'secret' }),
    ];
    expect(await result('permit/bulk', { checks })).toMatchObject({
      allow: [{ allow: false }, { allow: true }, { allow: false }],
    });
    expect(await result('permit/bulk/allow/1/allow', { checks })).toBe(true);
    expect(await result('permit/bulk', { checks: [] })).toEqual({ allow: [] });
  });

  it('one that cannot be evaluated is a deny that says why', async () => {
    const odd = question('bob', 'view', { key: 'one', attributes: { size: 0.5 } });
    const good = question('bob', 'view', { key: 'one' });
    expect(await result('permit/bulk', { checks: [odd, good] })).toMatchObject({
      allow: [{ allow: false, debug: { error: { status: 400 } } }, { allow: true }],
    });
  });

  it('has the limit of every batch', async () => {
    const checks = Array.from({ length: 4 }, () => question('bob', 'view', { key: 'one' }));
    const answer = await server.ask('/v1/data/permit/bulk', { body: { input: { checks } } });
    expect([answer.status, answer.json]).toEqual([
      400,
      { code: 'invalid_parameter', message: 'body: has more than 3 items' },
    ]);
  });
});

it('permit/any_tenant has the tenants in which it is allowed', async () => {
  expect(await result('permit/any_tenant', question('ann', 'edit', { key: 'one' }))).toEqual({
    allowed_tenants: [{ tenant: { key: 'acme', attributes: { plan: 'pro' } }, allow: true, result: true }],
  });
  expect(await result('permit/any_tenant/allowed_tenants', question('bob', 'edit', {}))).toEqual([]);
});

it('permit/user_permissions has what a user may do', async () => {
  const input = { user: { key: 'ann' } };
  const acme = { key: 'acme', attributes: { plan: 'pro' } };
  expect(await result('permit/user_permissions', input)).toEqual({
    permissions: {
      '__tenant:acme': {
        tenant: acme,
        permissions: ['note:edit', 'note:view'],
        roles: ['editor'],
      },
    },
    tenants: [acme],
  });
  expect(await result('permit/user_permissions/tenants', input)).toEqual([acme]);
  expect(await result('permit/user_permissions/tenants/0/key', input)).toBe('acme');
  const path = 'permit/user_permissions/permissions/__tenant%3Aacme/roles/0';
  expect(await result(path, input)).toBe('editor');
  expect(await result('permit/user_permissions/permissions', { user: { key: 'nobody' } })).toEqual({});
});

describe('cedar', () => {
  it.each([
    ['a permit', request('bob', 'view', 'one'), true, { reasons: ['bob-views'], advice: ['look only'] }],
    ['a forbid', request('bob', 'view', 'secret'), false, { reasons: ['never-secret'] }],
    ['no policy', request('bob', 'edit', 'one'), false, { reasons: [] }],
    ['a policy that errs', request('eve', 'edit', 'one'), false, { reasons: [], errors: ['errs'] }],
  ])('%s', async (_, input, allow, why) => {
    expect(await result('cedar', input)).toEqual({
      allow,
      decision: allow ? 'allow' : 'deny',
      errors: [],
      revision: server.revision,
      ...why,
    });
  });

  it('a type that Cedar cannot have is a deny that says why', async () => {
    const input = { ...request('bob', 'view', 'one'), resource: { type: 'a note', id: 'one' } };
    expect(await result('cedar', input)).toMatchObject({
      allow: false,
      decision: 'deny',
      reasons: [],
      error: { status: 400, message: expect.stringMatching(/^resource\.type: /) },
    });
    expect(await result('authzen/allow', input)).toBe(false);
  });
});

describe.each(['authzen/allow', 'cedar/allow', 'system/main'])('%s', (document) => {
  it.each([
    ['bob', 'view', 'one', true],
    ['bob', 'edit', 'one', false],
    ['bob', 'view', 'secret', false],
    ['eve', 'edit', 'one', false],
  ])('%s %s %s is %s', async (user, action, note, allow) => {
    expect(await result(document, request(user, action, note))).toBe(allow);
  });
});
