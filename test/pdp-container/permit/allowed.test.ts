import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanUp } from '../support/bundles.ts';
import type { TestServer } from '../support/server.ts';
import { get, post, query, startPermit } from './support.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startPermit();
});
afterAll(cleanUp);

describe('/allowed', () => {
  it.each<[string, object, boolean, string[]]>([
    ['an editor through a role', query('alice', 'write', { tenant: 'acme' }), true, ['editors']],
    [
      'an editor of a note with a key',
      query('alice', 'write', { key: 'x', tenant: 'acme' }),
      true,
      ['editors'],
    ],
    ['in another tenant', query('alice', 'write', { tenant: 'globex' }), false, []],
    ['in a tenant that is not there', query('alice', 'write', { tenant: 'nowhere' }), false, []],
    ['in no tenant', query('alice', 'write', {}), false, []],
    ['in the stored tenant', query('alice', 'write', { key: 'plan' }), true, ['editors']],
    [
      'in an empty tenant, which is none',
      query('alice', 'write', { key: 'plan', tenant: '' }),
      true,
      ['editors'],
    ],
    [
      'in the tenant sent, over the stored one',
      query('bob', 'write', { key: 'plan', tenant: 'globex' }),
      true,
      ['editors'],
    ],
    ['with an empty key, which is none', query('bob', 'delete', { key: '' }), false, []],
    ['a role on one resource', query('bob', 'delete', { key: 'plan', tenant: 'acme' }), true, ['owners']],
    ['a scope with the tenant', query('guest', 'read', { tenant: 'acme' }), true, ['guests-of-acme']],
    ['another action', query('guest', 'write', { tenant: 'acme' }), false, []],
    ['another type', query('alice', 'write', { type: 'memo', tenant: 'acme' }), false, []],
    [
      'with attributes of the resource',
      query('alice', 'write', { tenant: 'acme', attributes: { colour: 'red' } }),
      false,
      ['red'],
    ],
    [
      'with context',
      query('alice', 'write', { tenant: 'acme' }, { context: { night: true } }),
      false,
      ['at-night'],
    ],
    [
      "with the resource's context",
      query('alice', 'write', { tenant: 'acme', context: { night: true } }),
      false,
      ['at-night'],
    ],
    [
      "with context over the resource's",
      query('alice', 'write', { tenant: 'acme', context: { night: true } }, { context: { night: false } }),
      true,
      ['editors'],
    ],
    [
      'with attributes of the user',
      {
        ...query('alice', 'write', { tenant: 'acme' }),
        user: { key: 'alice', attributes: { suspended: true } },
      },
      false,
      ['suspended'],
    ],
    [
      'with null for everything that may be absent',
      {
        user: { key: 'alice', first_name: null, last_name: null, email: null, attributes: null },
        action: 'write',
        resource: { type: 'note', key: null, tenant: 'acme', attributes: null, context: null },
        context: null,
        sdk: null,
      },
      true,
      ['editors'],
    ],
    [
      'with fields that nobody knows',
      query('alice', 'write', { tenant: 'acme', x: 1 }, { y: [] }),
      true,
      ['editors'],
    ],
  ])('%s', async (_, body, allow, policies) => {
    const answer = await post(server.url, '/allowed', body);
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
    expect(answer.json).toMatchObject({ allow, result: allow, debug: { policies } });
  });

  it('answers with the whole shape', async () => {
    const answer = await post(server.url, '/allowed', query('alice', 'write', { tenant: 'acme' }));
    expect(answer.json).toEqual({
      allow: true,
      query: {
        user: { key: 'alice' },
        action: 'write',
        resource: { type: 'note', key: null, tenant: 'acme' },
      },
      debug: { policies: ['editors'], revision: server.revision },
      result: true,
    });
  });

  it('explains what erred and what to do', async () => {
    const unknown = await post(server.url, '/allowed', query('nobody', 'read', { tenant: 'acme' }));
    expect(unknown.json).toMatchObject({
      allow: false,
      debug: { policies: [], errors: ['suspended'], revision: server.revision },
    });
    const night = { tenant: 'acme', context: { night: true } };
    expect((await post(server.url, '/allowed', query('alice', 'read', night))).json).toMatchObject({
      debug: { policies: ['at-night'], advice: ['Come back tomorrow.'] },
    });
    expect(
      (await post(server.url, '/allowed', query('alice', 'read', { type: 'a note' }))).json,
    ).toMatchObject({
      allow: false,
      debug: { policies: [], error: { status: 400, message: expect.stringContaining('resource.type') } },
    });
  });
});

describe('the names of a user', () => {
  const NAMES = {
    'policies.cedar': `permit(principal, action, resource) when {
      principal.first_name == "Bo" && principal.last_name == "Li" && principal.email == "b@l" };`,
  };
  it.each([
    ['snake case', { first_name: 'Bo', last_name: 'Li', email: 'b@l' }, true],
    ['as the Node SDK spells them', { firstName: 'Bo', lastName: 'Li', email: 'b@l' }, true],
    [
      'both, of which snake case counts',
      { first_name: 'Bo', firstName: 'X', lastName: 'Li', email: 'b@l' },
      true,
    ],
    ['over attributes', { attributes: { email: 'x' }, firstName: 'Bo', lastName: 'Li', email: 'b@l' }, true],
    ['not all', { firstName: 'Bo', email: 'b@l' }, false],
  ])('%s', async (_, names, allow) => {
    const own = await startPermit({ bundle: NAMES });
    const user = { key: 'bob', ...names };
    const body = { ...query('bob', 'read', {}), user };
    expect((await post(own.url, '/allowed', body)).json).toMatchObject({ allow });
    expect((await post(own.url, '/allowed/bulk', [body])).json).toMatchObject({ allow: [{ allow }] });
  });
});

describe('/allowed/bulk', () => {
  it('answers in the order of the questions, each as /allowed does', async () => {
    const questions = [
      query('alice', 'write', { tenant: 'acme' }),
      query('alice', 'write', { tenant: 'globex' }),
      query('bob', 'delete', { key: 'plan', tenant: 'acme' }),
    ];
    const single = [];
    for (const question of questions) single.push((await post(server.url, '/allowed', question)).json);
    const answer = await post(server.url, '/allowed/bulk', questions);
    expect([answer.status, answer.json]).toEqual([200, { allow: single }]);
    expect(single.map((one) => (one as { allow: boolean }).allow)).toEqual([true, false, true]);
  });

  it('denies what cannot be evaluated, and goes on', async () => {
    const bad = query('alice', 'write', { tenant: 'acme', attributes: { size: 1.5 } });
    const { json } = await post(server.url, '/allowed/bulk', [
      bad,
      query('alice', 'write', { tenant: 'acme' }),
    ]);
    expect(json).toMatchObject({
      allow: [
        {
          allow: false,
          result: false,
          debug: { error: { status: 400, message: expect.stringContaining('size') } },
        },
        { allow: true },
      ],
    });
  });

  it('takes none', async () => {
    expect((await post(server.url, '/allowed/bulk', [])).json).toEqual({ allow: [] });
  });
});

describe('log and metrics', () => {
  it('have every decision, without attributes', async () => {
    const own = await startPermit();
    const body = query('alice', 'write', { key: 'k', tenant: 'acme', attributes: { secret: 'hush' } });
    await post(own.url, '/allowed', body);
    await post(own.url, '/allowed/bulk', [body, query('nobody', 'read', {})]);
    const decisions = own.records.filter(({ msg }) => msg === 'decision');
    expect(decisions).toMatchObject([
      {
        subject: { type: 'user', id: 'alice' },
        action: 'write',
        resource: { type: 'note', id: 'k' },
        decision: true,
        policies: ['editors'],
        revision: own.revision,
      },
      { subject: { id: 'alice' }, decision: true },
      {
        subject: { id: 'nobody' },
        resource: { type: 'note', id: '*' },
        decision: false,
        errors: ['suspended'],
      },
    ]);
    expect(JSON.stringify(own.records)).not.toContain('hush');
    const { text } = await get(own.url, '/metrics');
    expect(text).toContain('pdp_decisions_total{decision="permit"} 2');
    expect(text).toContain('pdp_decisions_total{decision="deny"} 1');
    expect(text).toContain('pdp_policy_errors_total 1');
    expect(text).toContain('pdp_http_requests_total{route="/allowed/bulk",status="200"} 1');
  });
});
