import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject, SubjectSearch } from '../../engine/index.ts';
import { searchOf } from '../../engine/search.ts';
import { pdpOf } from '../bundles.ts';

const READ: SubjectSearch = {
  subject: { type: 'User' },
  action: { name: 'read' },
  resource: { type: 'Doc', id: 'd' },
};

function searchIn(ids: string[], allowed: Set<string>) {
  return searchOf({
    judge: ({ subject, action, resource }) => ({
      request: { principal: subject, action: { type: 'Action', id: action.name }, resource },
      evaluator: {
        isAuthorized: ({ principal }) => ({
          decision: allowed.has(principal.id) ? 'allow' : 'deny',
          reasons: [],
          errors: [],
        }),
      },
    }),
    decide: () => ({ decision: false }),
    principals: (type) => ids.toSorted().map((id) => ({ type, id })),
    resources: () => [],
    actions: [],
  });
}

async function allPages(
  ids: string[],
  allowed: Set<string>,
  limit: number,
  between?: (page: number) => string[],
) {
  const found: string[] = [];
  let token = '';
  for (let page = 0; ; page += 1) {
    const search = searchIn(between?.(page) ?? ids, allowed);
    const result = await search.subjects({ ...READ, page: { limit, token } });
    expect(result.page.count).toBe(result.results.length);
    expect(result.results.length).toBeLessThanOrEqual(limit);
    found.push(...result.results.map(({ id }) => id));
    token = result.page.next_token;
    if (token === '') return found;
  }
}

describe('pages', () => {
  const idList = fc.uniqueArray(fc.string({ unit: 'grapheme', maxLength: 4 }), { maxLength: 40 });

  it('together are exactly what evaluation permits, in order, whatever their size', async () => {
    await fc.assert(
      fc.asyncProperty(
        idList,
        fc.func(fc.boolean()),
        fc.integer({ min: 1, max: 7 }),
        async (ids, permits, limit) => {
          const allowed = new Set(ids.filter((id) => permits(id)));
          expect(await allPages(ids, allowed, limit)).toEqual(ids.filter((id) => allowed.has(id)).sort());
        },
      ),
    );
  });

  it('neither skip nor repeat what an update between them left alone', async () => {
    await fc.assert(
      fc.asyncProperty(idList, idList, fc.integer({ min: 1, max: 5 }), async (stay, come, limit) => {
        const kept = stay.filter((id) => !come.includes(id));
        const everything = new Set([...kept, ...come]);
        const found = await allPages(kept, everything, limit, (page) =>
          page % 2 === 0 ? kept : [...kept, ...come],
        );
        expect(found.filter((id) => kept.includes(id))).toEqual(kept.toSorted());
        expect(new Set(found).size).toBe(found.length);
      }),
    );
  });

  it('neither skip nor repeat what an update within one left alone', async () => {
    const ids = Array.from({ length: 2_500 }, (_, index) => String(index).padStart(4, '0'));
    const candidates = ids.map((id) => ({ type: 'User', id }));
    const update = () => {
      candidates.splice(0, 700);
      candidates.unshift({ type: 'User', id: '!' });
      candidates.splice(1_500);
    };
    const search = searchOf({
      judge: () => ({
        request: { principal: READ.resource, action: READ.resource, resource: READ.resource },
        evaluator: {
          isAuthorized: ({ principal }) => {
            // Before the turn that others get after a thousand.
            if (principal.id === '0999') setImmediate(update);
            const fourth = Number(principal.id) % 4 === 0;
            return { decision: fourth ? 'allow' : 'deny', reasons: [], errors: [] };
          },
        },
      }),
      decide: () => ({ decision: false }),
      principals: () => candidates,
      resources: () => [],
      actions: [],
    });
    const { results, page } = await search.subjects({ ...READ, page: { limit: 1_000 } });
    expect(results.map(({ id }) => id)).toEqual(ids.filter((id) => Number(id) % 4 === 0 && id < '2199'));
    expect(page.next_token).toBe('');
  });

  it('go on after an id of any length', async () => {
    const ids = ['a'.repeat(300_000), 'b'];
    expect(await allPages(ids, new Set(ids), 1)).toEqual(ids);
  });

  it('end early after 100,000 candidates, and go on from there', async () => {
    const ids = Array.from({ length: 210_000 }, (_, index) => String(index).padStart(6, '0'));
    const search = searchIn(ids, new Set(['209999']));
    const first = await search.subjects(READ);
    expect(first.results).toEqual([]);
    expect(first.page.next_token).not.toBe('');
    expect(await allPages(ids, new Set(['209999']), 10)).toEqual(['209999']);
  });

  it.each([
    [{ token: 'nonsense' }, 'page.token: is not a token of this PDP'],
    [{ token: btoa('{"a":1}') }, 'page.token: is not a token of this PDP'],
    [{ limit: 0 }, 'page.limit: must be a whole number from 1'],
    [{ limit: 1.5 }, 'page.limit: must be a whole number from 1'],
  ])('refuse %j', async (page, message) => {
    await expect(searchIn(['a'], new Set()).subjects({ ...READ, page })).rejects.toThrow(message);
  });

  it('refuse a token with another question', async () => {
    const search = searchIn(['a', 'b'], new Set(['a', 'b']));
    const { page } = await search.subjects({ ...READ, page: { limit: 1 } });
    const other = { ...READ, action: { name: 'write' }, page: { limit: 1, token: page.next_token } };
    await expect(search.subjects(other)).rejects.toThrow('page.token: belongs to another search');
    const larger = await search.subjects({ ...READ, page: { limit: 9, token: page.next_token } });
    expect(larger.results).toEqual([{ type: 'User', id: 'b' }]);
  });

  it('tell questions apart by all that they ask', async () => {
    const search = searchIn(['a', 'b'], new Set(['a', 'b']));
    const first = { ...READ, context: { list: [1, { a: null }], size: 2n ** 53n }, page: { limit: 1 } };
    const { page } = await search.subjects(first);
    const next = (context: JsonObject) =>
      search.subjects({ ...READ, context, page: { limit: 1, token: page.next_token } });
    expect((await next({ size: 2n ** 53n, list: [1, { a: null }] })).results).toEqual([
      { type: 'User', id: 'b' },
    ]);
    await expect(next({ list: [1, { a: null }], size: 2n ** 53n + 1n })).rejects.toThrow('another search');
    await expect(next({ list: [1, { b: null }], size: 2n ** 53n })).rejects.toThrow('another search');
  });

  it('stop when the caller gives up', async () => {
    const search = searchIn(['a'], new Set(['a']));
    await expect(search.subjects(READ, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'pdp_unavailable',
    });
  });
});

describe('a search', () => {
  const bundle = {
    'p.cedar':
      'permit(principal in Group::"staff", action == Action::"read", resource); permit(principal, action == Action::"list", resource) when { resource.open };',
    'entities.json': JSON.stringify([
      { uid: { type: 'Group', id: 'staff' }, attrs: {}, parents: [] },
      { uid: { type: 'User', id: 'ann' }, attrs: {}, parents: [{ type: 'Group', id: 'staff' }] },
      { uid: { type: 'User', id: 'bob' }, attrs: {}, parents: [] },
      { uid: { type: 'Doc', id: 'd' }, attrs: { open: false }, parents: [] },
      { uid: { type: 'Doc', id: 'e' }, attrs: { open: true }, parents: [] },
    ]),
  };
  const list = { name: 'list' };

  it('finds subjects, resources and actions', async () => {
    const pdp = await pdpOf(bundle);
    expect((await pdp.searchSubjects(READ)).results).toEqual([{ type: 'User', id: 'ann' }]);
    const resources = await pdp.searchResources({
      subject: { type: 'User', id: 'bob' },
      action: list,
      resource: { type: 'Doc' },
    });
    expect(resources.results).toEqual([{ type: 'Doc', id: 'e' }]);
    const actions = await pdp.searchActions({
      subject: { type: 'User', id: 'ann' },
      resource: { type: 'Doc', id: 'e' },
    });
    expect(actions).toEqual({
      results: [{ name: 'list' }, { name: 'read' }],
      page: { next_token: '', count: 2 },
    });
  });

  it('judges each candidate as an evaluation does, whatever decides on it', async () => {
    const pdp = await pdpOf({
      'p.cedar':
        'permit(principal, action, resource) when { resource.open || context.of == resource || resource == principal }; forbid(principal, action, resource) when { resource has shut && resource.shut };',
      'entities.json': JSON.stringify([
        ...JSON.parse(bundle['entities.json']),
        { uid: { type: 'Doc', id: 'f' }, attrs: { open: true, shut: true }, parents: [] },
        { uid: { type: 'Doc', id: 'g' }, attrs: { open: false }, parents: [] },
        { uid: { type: 'Doc', id: 'h' }, attrs: {}, parents: [] },
      ]),
    });
    for (const subject of [
      { type: 'User', id: 'ann' },
      { type: 'Doc', id: 'd' },
      { type: 'Doc', id: 'new', properties: { a: 1 } },
    ]) {
      for (const context of [undefined, { of: { __entity: { type: 'Doc', id: 'g' } } }]) {
        const search = { subject, action: list, resource: { type: 'Doc' }, ...(context ? { context } : {}) };
        const single = ['d', 'e', 'f', 'g', 'h'].filter(
          (id) => pdp.decide({ ...search, resource: { type: 'Doc', id } }).decision,
        );
        expect((await pdp.searchResources(search)).results.map(({ id }) => id)).toEqual(single);
        const asked = {
          subject: { type: 'Doc' },
          action: list,
          resource: { type: 'Doc', id: 'e' },
          ...(context ? { context } : {}),
        };
        const principals = ['d', 'e', 'f', 'g', 'h'].filter(
          (id) => pdp.decide({ ...asked, subject: { type: 'Doc', id } }).decision,
        );
        expect((await pdp.searchSubjects(asked)).results.map(({ id }) => id)).toEqual(principals);
      }
    }
  });

  it('lays sent properties over every candidate', async () => {
    const pdp = await pdpOf(bundle);
    const search = {
      subject: { type: 'User', id: 'bob' },
      action: list,
      resource: { type: 'Doc', properties: { open: true } },
    };
    expect((await pdp.searchResources(search)).results.map(({ id }) => id)).toEqual(['d', 'e']);
  });

  it('of actions leaves out those that do not apply, or that need another context', async () => {
    const pdp = await pdpOf({
      'p.cedar': 'permit(principal, action, resource);',
      's.cedarschema': `entity User; entity Doc; entity Box;
        action any; action open appliesTo { principal: User, resource: Box };
        action read in [any] appliesTo { principal: User, resource: Doc };
        action sign appliesTo { principal: User, resource: Doc, context: { reason: String } };`,
    });
    const search = { subject: { type: 'User', id: 'u' }, resource: { type: 'Doc', id: 'd' } };
    expect((await pdp.searchActions(search)).results).toEqual([{ name: 'read' }]);
    const withReason = await pdp.searchActions({ ...search, context: { reason: 'because' } });
    expect(withReason.results).toEqual([{ name: 'read' }, { name: 'sign' }]);
  });

  it('of an unknown type or id is empty, not an error', async () => {
    const pdp = await pdpOf(bundle);
    expect((await pdp.searchSubjects({ ...READ, subject: { type: 'Alien' } })).results).toEqual([]);
    expect((await pdp.searchSubjects({ ...READ, subject: { type: 'no such type' } })).results).toEqual([]);
    const things = { subject: { type: 'User', id: 'ann' }, action: list, resource: { type: 'no such type' } };
    expect((await pdp.searchResources(things)).results).toEqual([]);
    await expect(pdp.searchResources({ ...things, page: { limit: 0 } })).rejects.toThrow('page.limit');
    const nobody = { subject: { type: 'User', id: 'nobody' }, resource: { type: 'Doc', id: 'd' } };
    expect((await pdp.searchActions(nobody)).results).toEqual([]);
  });
});
