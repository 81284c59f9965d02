import middy from '@middy/core';
import { describe, expect, test, vi } from 'vitest';
import type { AccessRequest, Decision } from '../../../engine/contract.ts';
import { type Authorization, type AuthorizeOptions, authorize } from '../../../lambda/middleware/index.ts';
import { httpApiEvent } from '../events/http.ts';
import { lambdaContext, NEVER, pdpThat } from './fixtures.ts';

const SUBJECT = { type: 'User', id: 'bob' };
const FOLDER = { type: 'Folder', id: 'inbox' };
const CONTEXT = { now: '2026-03-02T12:00:00Z' };
const note = (id: string) => ({ type: 'Note', id });

/** Bob may do anything on the folder, and view notes that are his. */
const rules = ({ action, resource }: AccessRequest): Decision => ({
  decision: resource.type === 'Folder' || (action.name === 'view' && resource.id.startsWith('bobs-')),
});

/** What the work in a handler gives, or the response to what it throws. */
async function inHandler<T>(
  work: (authorization: Authorization) => Promise<T>,
  options: Partial<AuthorizeOptions> = {},
  context = lambdaContext(),
) {
  const handler = middy()
    .use(
      authorize({
        subject: SUBJECT,
        action: 'list',
        resource: FOLDER,
        context: CONTEXT,
        pdp: pdpThat(async (request) => rules(request)),
        logger: false,
        ...options,
      }),
    )
    .handler(async (_event, { authorization }) => ({ given: await work(authorization) }));
  return (await handler(httpApiEvent(), context)) as { given?: T; statusCode?: number };
}

describe('check', () => {
  test('is about the same subject, and what else was asked unless it is given', async () => {
    const pdp = pdpThat(async (request) => rules(request));
    const { given } = await inHandler(
      async (authorization) => [
        await authorization.check({ action: 'view', resource: note('bobs-1') }),
        await authorization.check({
          action: { name: 'edit' },
          resource: note('bobs-1'),
          context: { mfa: true },
        }),
        await authorization.check({}),
      ],
      { pdp },
    );
    expect(given).toEqual([true, false, true]);
    expect(pdp.batches).toEqual([
      [{ subject: SUBJECT, action: { name: 'view' }, resource: note('bobs-1'), context: CONTEXT }],
      [{ subject: SUBJECT, action: { name: 'edit' }, resource: note('bobs-1'), context: { mfa: true } }],
      [{ subject: SUBJECT, action: { name: 'list' }, resource: FOLDER, context: CONTEXT }],
    ]);
  });

  test('takes nothing for a permit but `true`', async () => {
    const pdp = {
      ...pdpThat(async () => ({ decision: true })),
      evaluateAll: async () => [{ decision: 'true' }] as never,
    };
    expect((await inHandler((authorization) => authorization.check({}), { pdp })).given).toBe(false);
  });
});

describe('filter', () => {
  const items = [{ key: 'bobs-1' }, { key: 'carols' }, { key: 'bobs-2' }];
  const toResource = ({ key }: { key: string }) => note(key);

  test('keeps what the subject may see, in its order, by one batch', async () => {
    const pdp = pdpThat(async (request) => rules(request));
    const { given } = await inHandler(
      (authorization) => authorization.filter(items, toResource, { action: 'view', context: {} }),
      { pdp },
    );
    expect(given).toEqual([{ key: 'bobs-1' }, { key: 'bobs-2' }]);
    expect(given?.[0]).toBe(items[0]);
    expect(pdp.batches).toEqual([
      items.map(({ key }) => ({
        subject: SUBJECT,
        action: { name: 'view' },
        resource: note(key),
        context: {},
      })),
    ]);
  });

  test('has the action of the first question unless another is given', async () => {
    expect((await inHandler((authorization) => authorization.filter(items, toResource))).given).toEqual([]);
    const folders = await inHandler((authorization) => authorization.filter(new Set(['a']), () => FOLDER));
    expect(folders.given).toEqual(['a']);
  });

  test('asks nobody about nothing', async () => {
    const pdp = pdpThat(async (request) => rules(request));
    expect((await inHandler((authorization) => authorization.filter([], toResource), { pdp })).given).toEqual(
      [],
    );
    expect(pdp.batches).toEqual([]);
  });
});

describe('permittedActions', () => {
  test('are those that a screen may offer, by one batch', async () => {
    const pdp = pdpThat(async (request) => rules(request));
    const { given } = await inHandler(
      (authorization) => authorization.permittedActions(note('bobs-1'), ['edit', 'view', 'delete'] as const),
      { pdp },
    );
    expect(given).toEqual(['view']);
    expect(pdp.batches.map((batch) => batch.map(({ action }) => action.name))).toEqual([
      ['edit', 'view', 'delete'],
    ]);
  });
});

describe('without an answer a handler does not go on', () => {
  const first = pdpThat(async () => ({ decision: true }));
  const ask = {
    check: (authorization: Authorization) => authorization.check({}),
    filter: (authorization: Authorization) => authorization.filter(['a', 'b'], note),
    permittedActions: (authorization: Authorization) => authorization.permittedActions(FOLDER, ['a', 'b']),
  };
  const left = { decision: false, context: { error: { status: 503, message: 'left unanswered' } } };
  const pdps: [string, () => Promise<Decision[]>][] = [
    ['rejects', () => Promise.reject(new Error('refused'))],
    ['never answers', () => NEVER],
    ['has no answers', async () => ({}) as never],
    ['has too few', async () => []],
    ['leaves one unanswered', async () => [left, left]],
  ];
  const cases = pdps.flatMap(([name, evaluateAll]) =>
    Object.entries(ask).map(([method, work]) => [method, name, evaluateAll, work] as const),
  );

  test.each(cases)('%s is 503 when the PDP %s', async (_method, _name, evaluateAll, work) => {
    const pdp = { ...first, evaluateAll };
    expect(await inHandler<unknown>(work, { pdp, timeoutMs: 20 })).toMatchObject({ statusCode: 503 });
  });

  test('an item that the PDP cannot evaluate is only left out', async () => {
    const odd = { decision: false, context: { error: { status: 400, message: 'odd' } } };
    const pdp = { ...first, evaluateAll: async () => [odd, { decision: true }] };
    expect((await inHandler(ask.filter, { pdp })).given).toEqual(['b']);
  });

  test('nor when Lambda leaves no time to ask', async () => {
    const getRemainingTimeInMillis = vi.fn(() => 1000);
    const work = (authorization: Authorization) => {
      getRemainingTimeInMillis.mockReturnValue(90);
      return authorization.check({});
    };
    const pdp = pdpThat(async () => ({ decision: true }));
    expect(await inHandler(work, { pdp }, lambdaContext({ getRemainingTimeInMillis }))).toMatchObject({
      statusCode: 503,
    });
    expect(pdp.batches).toEqual([]);
  });
});

test('what was asked and answered is data: the questions do not show', async () => {
  const { given } = await inHandler(
    async (authorization) => JSON.parse(JSON.stringify(authorization)) as unknown,
  );
  expect(given).toEqual({
    subject: SUBJECT,
    action: { name: 'list' },
    resource: FOLDER,
    context: CONTEXT,
    decision: { decision: true },
  });
});
