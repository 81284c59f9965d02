import { describe, expect, it } from 'vitest';
import { wasmEvaluator } from '../../compiler/index.ts';
import { createPdp, type EntityRef, type LocalRequest } from '../../engine/index.ts';
import { bundleOf } from '../bundles.ts';

const ACME = { type: 'tenant', id: 'acme' };

const POLICIES = `
  @id("scope") permit(principal == user::"ann", action == Action::"read", resource in tenant::"acme");
  @id("above") permit(principal == user::"bob", action, resource) when { resource in region::"eu" };
  @id("stored") permit(principal == user::"cat", action, resource) when { resource in folder::"f" };
  @id("through") permit(principal == user::"dan", action, resource) when { note::"child" in tenant::"acme" };
  @id("own") permit(principal == user::"eve", action, resource) when { resource.size == 1 };
  @id("self") permit(principal == user::"fay", action, resource) when { principal in tenant::"acme" };
`;
const ENTITIES = [
  { uid: { type: 'note', id: 'n' }, attrs: { size: 1 }, parents: [{ type: 'folder', id: 'f' }] },
  { uid: { type: 'note', id: 'child' }, attrs: {}, parents: [{ type: 'note', id: 'n' }] },
  { uid: ACME, attrs: {}, parents: [{ type: 'region', id: 'eu' }] },
  { uid: { type: 'folder', id: 'f' }, attrs: {}, parents: [] },
  { uid: { type: 'region', id: 'eu' }, attrs: {}, parents: [] },
  ...['ann', 'bob', 'cat', 'dan', 'eve', 'fay'].map((id) => ({
    uid: { type: 'user', id },
    attrs: {},
    parents: [],
  })),
];

const ask = (user: string, resource: string, parents?: EntityRef[], action = 'read'): LocalRequest => ({
  subject: { type: 'user', id: user },
  action: { name: action },
  resource: { type: 'note', id: resource, ...(parents === undefined ? {} : { parents }) },
});

const bundle = await bundleOf({ 'p.cedar': POLICIES, 'entities.json': JSON.stringify(ENTITIES) });

describe.each([
  ['compiled', createPdp(bundle)],
  ['wasm', createPdp(bundle, { evaluator: wasmEvaluator })],
])('parents laid over a resource, by the %s evaluator', (_, pdp) => {
  it.each<[string, LocalRequest, string[]]>([
    ['are what a scope names', ask('ann', 'n', [ACME]), ['scope']],
    ['are there when the resource is not stored', ask('ann', '*', [ACME]), ['scope']],
    ['are another tenant', ask('ann', 'n', [{ type: 'tenant', id: 'globex' }]), []],
    ['are for the action that is asked', ask('ann', 'n', [ACME], 'write'), []],
    ['bring what is above them', ask('bob', 'n', [ACME]), ['above']],
    ['leave the stored ones', ask('cat', 'n', [ACME]), ['stored']],
    ['are above what is below the resource', ask('dan', 'n', [ACME]), ['through']],
    ['leave the attributes', ask('eve', 'n', [ACME]), ['own']],
    ['are not above the subject', ask('fay', 'n', [ACME]), []],
    ['may be stored already', ask('cat', 'n', [{ type: 'folder', id: 'f' }]), ['stored']],
    ['are none', ask('ann', 'n'), []],
    ['are an empty list', ask('ann', 'n', []), []],
  ])('%s', (_name, request, policies) => {
    expect(pdp.decide(request)).toEqual({
      decision: policies.length > 0,
      context: { policies, revision: pdp.revision },
    });
    // For one request only.
    expect(pdp.decide(ask('ann', 'n')).decision).toBe(false);
  });

  it('are seen by searches', async () => {
    const resource = { type: 'note', id: 'n', parents: [ACME] };
    const read = { subject: { type: 'user' }, action: { name: 'read' } };
    const found = async (of: typeof resource | { type: string; id: string }) =>
      (await pdp.searchSubjects({ ...read, resource: of })).results.map(({ id }) => id);
    expect(await found(resource)).toEqual(['ann', 'bob', 'cat', 'dan', 'eve']);
    expect(await found({ type: 'note', id: 'n' })).toEqual(['cat', 'eve']);
    const described = { ...read, subject: { type: 'user', properties: { age: 1 } } };
    const alike = await pdp.searchSubjects({ ...described, resource });
    expect(alike.results.map(({ id }) => id)).toEqual(['ann', 'bob', 'cat', 'dan', 'eve']);
    const actions = await pdp.searchActions({ subject: { type: 'user', id: 'ann' }, resource });
    expect(actions.results).toEqual([{ name: 'read' }]);
  });
});

it('with a schema, only those that it allows there', async () => {
  const pdp = createPdp(
    await bundleOf({
      'p.cedar': '@id("p") permit(principal, action, resource in tenant::"acme");',
      's.cedarschema': `
        entity user; entity tenant; entity note in [tenant]; entity memo;
        action read appliesTo { principal: user, resource: [note, memo] };`,
    }),
  );
  expect(pdp.decide(ask('ann', 'n', [ACME])).decision).toBe(true);
  expect(pdp.decide(ask('ann', 'n', [{ type: 'user', id: 'x' }, ACME])).decision).toBe(true);
  const memo = ask('ann', 'n', [ACME]);
  expect(pdp.decide({ ...memo, resource: { ...memo.resource, type: 'memo' } }).decision).toBe(false);
});

it('are not read from the request of a caller', async () => {
  const pdp = createPdp(bundle);
  expect((await pdp.evaluate(ask('ann', 'n', [ACME]))).decision).toBe(false);
  expect((await pdp.evaluateAll([ask('ann', 'n', [ACME])])).map(({ decision }) => decision)).toEqual([false]);
});
