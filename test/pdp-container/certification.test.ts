import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CERTIFICATION, cleanUp } from './support/bundles.ts';
import { certificate, certificateFiles } from './support/certificates.ts';
import {
  type Answer,
  ask,
  type Call,
  call,
  EVALUATION,
  EVALUATIONS,
  SEARCH_ACTION,
  SEARCH_RESOURCE,
  SEARCH_SUBJECT,
} from './support/client.ts';
import { startServer } from './support/server.ts';

/**
 * What OpenID's certification scenario for AuthZEN 1.0 verifies, in words and tables of our own, by its levels.
 * The fixture's rules and the expectations are the scenario's (openid/authzen, certification/).
 */

const withoutSchema = { ...CERTIFICATION };
delete withoutSchema['schema.cedarschema'];

const archived = { type: 'record', id: 'record-2', properties: { status: 'archived' } };
const active = { type: 'record', id: 'record-1', properties: { status: 'active' } };
const alice = { type: 'user', id: 'alice' };
const bob = { type: 'user', id: 'bob' };
const admin = { ...bob, properties: { role: 'admin' } };

describe.each([
  { face: 'HTTP', secure: false, bundle: CERTIFICATION },
  { face: 'TLS', secure: true, bundle: CERTIFICATION },
  { face: 'HTTP, without a schema', secure: false, bundle: withoutSchema },
])('over $face', ({ secure, bundle }) => {
  let base = '';
  let ca: string | undefined;
  const send = (path: string, { body, ...rest }: Call): Promise<Answer> =>
    call(base, path, { body, ...rest, options: ca === undefined ? {} : { ca } });
  const post = (path: string, body: unknown, headers?: Record<string, string>) =>
    send(path, { body, ...(headers === undefined ? {} : { headers }) });

  beforeAll(async () => {
    const made = secure ? await certificate() : undefined;
    ca = made?.cert;
    const tls = made === undefined ? undefined : await certificateFiles(made);
    base = (await startServer({ bundle, ...(tls === undefined ? {} : { tls }) })).url;
  });
  afterAll(cleanUp);

  describe('Basic', () => {
    test.each([
      ['alice', 'read', 'record-1', true],
      ['alice', 'write', 'record-1', true],
      ['bob', 'read', 'record-1', true],
      ['bob', 'write', 'record-1', false],
    ])('core: %s, %s, %s: %s', async (user, action, record, decision) => {
      const answer = await post(EVALUATION, ask(user, action, record));
      expect(answer.status).toBe(200);
      expect(answer.headers['content-type']).toMatch(/^application\/json/);
      expect(answer.json).toMatchObject({ decision, context: { revision: expect.any(String) } });
    });

    test.each<[string, object, boolean]>([
      [
        'nobody writes what is archived',
        { subject: alice, action: { name: 'write' }, resource: archived },
        false,
      ],
      ['but an admin does', { subject: admin, action: { name: 'write' }, resource: archived }, true],
      [
        'a soft delete',
        { ...ask('alice', 'delete', 'record-1'), action: { name: 'delete', properties: { soft: true } } },
        true,
      ],
      [
        'a hard delete',
        { ...ask('alice', 'delete', 'record-1'), action: { name: 'delete', properties: { soft: false } } },
        false,
      ],
    ])('properties: %s', async (_name, request, decision) => {
      expect((await post(EVALUATION, request)).json).toMatchObject({ decision });
    });

    test.each<[string, object]>([
      ['a context', { context: { time: '2025-06-27T18:03-07:00', ip: '192.168.1.1' } }],
      ['unknown fields', { foo: 'bar', futureField: { nested: true } }],
      [
        'properties no policy reads',
        {
          subject: { ...alice, properties: { department: 'Sales', role: 'manager' } },
          action: { name: 'read', properties: { method: 'GET' } },
          resource: { ...active, properties: { status: 'active', owner: 'bob' } },
        },
      ],
      [
        'null for what is optional',
        {
          subject: { ...alice, properties: null },
          action: { name: 'read', properties: null },
          resource: { ...active, properties: null },
          context: null,
        },
      ],
    ])('accepts %s', async (_name, more) => {
      const answer = await post(EVALUATION, { ...ask('alice', 'read', 'record-1'), ...more });
      expect(answer).toMatchObject({ status: 200, json: { decision: true } });
    });

    test('gives the same answer each time', async () => {
      const answers = await Promise.all(
        Array.from({ length: 5 }, () => post(EVALUATION, ask('bob', 'write', 'record-1'))),
      );
      expect(answers.map(({ json }) => (json as { decision: boolean }).decision)).toEqual(
        Array(5).fill(false),
      );
    });

    test('echoes X-Request-ID, and needs none', async () => {
      const request = ask('alice', 'read', 'record-1');
      const echoed = await post(EVALUATION, request, { 'x-request-id': 'bfe9eb29 / ~!é' });
      const sameBytes = Buffer.from('bfe9eb29 / ~!é').toString('latin1');
      expect(echoed.headers['x-request-id']).toBe(sameBytes);
      const bare = await post(EVALUATION, request);
      expect(bare.status).toBe(200);
      expect(bare.headers).not.toHaveProperty('x-request-id');
    });
  });

  describe('Batch', () => {
    const decisions = async (body: object): Promise<boolean[]> => {
      const answer = await post(EVALUATIONS, body);
      expect(answer.status).toBe(200);
      expect(answer.json).not.toHaveProperty('decision');
      return (answer.json as { evaluations: { decision: boolean }[] }).evaluations.map(
        (item) => item.decision,
      );
    };

    test.each<[string, object, boolean[]]>([
      [
        'defaults for all but the action',
        {
          subject: bob,
          resource: active,
          evaluations: [{ action: { name: 'read' } }, { action: { name: 'write' } }],
        },
        [true, false],
      ],
      [
        'no defaults',
        { evaluations: [ask('alice', 'read', 'record-1'), ask('bob', 'write', 'record-1')] },
        [true, false],
      ],
      [
        'properties of the resource',
        {
          subject: alice,
          action: { name: 'write' },
          evaluations: [{ resource: active }, { resource: archived }],
        },
        [true, false],
      ],
      [
        'properties of the subject',
        {
          action: { name: 'write' },
          resource: archived,
          evaluations: [{ subject: alice }, { subject: admin }],
        },
        [false, true],
      ],
      [
        'a context for all, and one for an item',
        {
          subject: alice,
          action: { name: 'read' },
          context: { time: '2025-06-27T18:03-07:00' },
          evaluations: [
            { resource: active },
            { resource: archived, context: { time: 'later', source: 'item' } },
          ],
        },
        [true, true],
      ],
      [
        'an entity of an item replaces the default as a whole',
        {
          subject: alice,
          action: { name: 'write' },
          resource: { type: 'record' },
          evaluations: [{ resource: { id: 'record-1' } }, { resource: active }, { resource: archived }],
        },
        [false, true, false],
      ],
    ])('%s', async (_name, body, expected) => {
      expect(await decisions(body)).toEqual(expected);
    });

    test('an invalid item is a deny with the error, and the others are answered', async () => {
      const answer = await post(EVALUATIONS, {
        subject: alice,
        action: { name: 'read' },
        evaluations: [{ resource: active }, {}, { resource: archived }],
      });
      expect(answer).toMatchObject({
        status: 200,
        json: {
          evaluations: [
            { decision: true },
            { decision: false, context: { error: { status: 400, message: 'resource: is required' } } },
            { decision: true },
          ],
        },
      });
    });

    test.each<[string, object]>([
      ['absent', {}],
      ['null', { evaluations: null }],
      ['empty', { evaluations: [] }],
    ])('without evaluations (%s) it is a single evaluation', async (_name, more) => {
      const answer = await post(EVALUATIONS, { ...ask('alice', 'read', 'record-1'), ...more });
      expect(answer).toMatchObject({ status: 200, json: { decision: true } });
      expect(answer.json).not.toHaveProperty('evaluations');
    });

    const threeItems = [active, { ...archived, properties: { status: 'archived' } }, active];
    test.each([
      [undefined, [true, false, true]],
      ['execute_all', [true, false, true]],
      ['deny_on_first_deny', [true, false]],
      ['permit_on_first_permit', [true]],
    ])('with the semantic %s', async (semantic, expected) => {
      const body = {
        subject: alice,
        action: { name: 'write' },
        options: semantic === undefined ? { another: 1 } : { evaluations_semantic: semantic },
        evaluations: threeItems.map((resource) => ({ resource })),
      };
      expect(await decisions(body)).toEqual(expected);
    });

    test('an invalid item ends deny_on_first_deny', async () => {
      const body = {
        options: { evaluations_semantic: 'deny_on_first_deny' },
        evaluations: [{}, ask('alice', 'read', 'record-1')],
      };
      expect(await decisions(body)).toEqual([false]);
    });
  });

  describe('Search', () => {
    const results = async (path: string, body: object): Promise<unknown> => {
      const answer = await post(path, body);
      expect(answer.status).toBe(200);
      return (answer.json as { results: unknown }).results;
    };
    const readers = {
      subject: { type: 'user' },
      action: { name: 'read' },
      resource: { type: 'record', id: 'record-1' },
    };

    test('subjects', async () => {
      expect(await results(SEARCH_SUBJECT, readers)).toEqual([alice, bob]);
      expect(await results(SEARCH_SUBJECT, { ...readers, context: { time: 'now' } })).toEqual([alice, bob]);
      expect(await results(SEARCH_SUBJECT, { ...readers, subject: { type: 'user', id: 'zoe' } })).toEqual([
        alice,
        bob,
      ]);
      const writers = { subject: { type: 'user' }, action: { name: 'write' }, resource: archived };
      expect(await results(SEARCH_SUBJECT, writers)).toEqual([bob]);
    });

    test('resources', async () => {
      const record = { type: 'record' };
      expect(
        await results(SEARCH_RESOURCE, { subject: alice, action: { name: 'write' }, resource: record }),
      ).toEqual([{ type: 'record', id: 'record-1' }]);
      expect(
        await results(SEARCH_RESOURCE, { subject: admin, action: { name: 'write' }, resource: record }),
      ).toEqual([{ type: 'record', id: 'record-2' }]);
    });

    test('actions', async () => {
      const found = await results(SEARCH_ACTION, { subject: alice, resource: active, context: {} });
      expect(found).toEqual([{ name: 'read' }, { name: 'write' }]);
      const foundForAdmin = await results(SEARCH_ACTION, {
        subject: admin,
        resource: archived,
        action: 'ignored',
      });
      expect(foundForAdmin).toEqual([{ name: 'read' }, { name: 'write' }]);
    });

    test.each([
      ['an unknown subject', SEARCH_ACTION, { subject: { type: 'user', id: 'nobody' }, resource: active }],
      ['an unknown type', SEARCH_SUBJECT, { ...readers, subject: { type: 'spaceship' } }],
      ['a type that Cedar has no name for', SEARCH_SUBJECT, { ...readers, subject: { type: 'space ship!' } }],
      ['an unknown action', SEARCH_SUBJECT, { ...readers, action: { name: 'fly' } }],
    ])('%s finds nothing', async (_name, path, body) => {
      expect(await post(path, body)).toMatchObject({
        status: 200,
        json: { results: [], page: { next_token: '', count: 0 } },
      });
    });

    test('pages', async () => {
      const first = await post(SEARCH_SUBJECT, { ...readers, page: { limit: 1 } });
      expect(first.json).toMatchObject({ results: [alice], page: { count: 1 } });
      const { next_token: token } = (first.json as { page: { next_token: string } }).page;
      expect(token).not.toBe('');
      const second = await post(SEARCH_SUBJECT, { ...readers, page: { token } });
      expect(second.json).toEqual({ results: [bob], page: { next_token: '', count: 1 } });
      const other = await post(SEARCH_SUBJECT, { ...readers, action: { name: 'write' }, page: { token } });
      expect(other).toMatchObject({ status: 400, json: { error: { status: 400 } } });
    });
  });

  test('Discovery', async () => {
    const answer = await send('/.well-known/authzen-configuration', {});
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.json).toEqual({
      policy_decision_point: base,
      access_evaluation_endpoint: `${base}${EVALUATION}`,
      access_evaluations_endpoint: `${base}${EVALUATIONS}`,
      search_subject_endpoint: `${base}${SEARCH_SUBJECT}`,
      search_resource_endpoint: `${base}${SEARCH_RESOURCE}`,
      search_action_endpoint: `${base}${SEARCH_ACTION}`,
    });
    expect(base.startsWith(secure ? 'https://' : 'http://')).toBe(true);
  });
});
