import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EntityStore } from '../../compiler/oracle/entity-store.ts';
import { wasmEvaluator } from '../../compiler/oracle/evaluator.ts';
import { reachOf, slice } from '../../compiler/oracle/slice.ts';
import { createPdp, type EntityJson } from '../../engine/index.ts';
import { bundleOf } from '../bundles.ts';

const POLICIES = `
@id("boss") permit(principal, action, resource) when { principal.boss.boss == resource };
@id("deep") permit(principal, action, resource) when { resource.boss.boss.boss.rank > 2 };
@id("group") permit(principal in E::"e1", action, resource in E::"e2");
@id("literal") forbid(principal, action, resource) when { E::"e3".boss.rank == principal.rank };
@id("set") permit(principal, action, resource) when { principal.friends.contains(resource) && resource in principal.friends };
@id("of") permit(principal, action, resource) when { principal.boss in resource.boss };
@id("tag") forbid(principal, action, resource) when { principal.hasTag("t") && principal.getTag("t") in resource };
@id("context") permit(principal, action, resource) when { context.by.boss has rank };
`;

const uid = (index: number) => ({ type: 'E', id: `e${index}` });
const COUNT = 6;
const ref = fc.nat(COUNT - 1).map((index) => ({ __entity: uid(index) }));
const data = fc.tuple(
  ...Array.from({ length: COUNT }, (_, index) =>
    fc.record({
      uid: fc.constant(uid(index)),
      attrs: fc.record(
        { boss: ref, rank: fc.nat(4), friends: fc.array(ref, { maxLength: 3 }) },
        { requiredKeys: [] },
      ),
      // Only upwards: a hierarchy has no circles.
      parents: fc.subarray(Array.from({ length: COUNT - 1 - index }, (_, above) => uid(index + 1 + above))),
      tags: fc.record({ t: ref }, { requiredKeys: [] }),
    }),
  ),
);

it('decides on the slice as the official evaluator does on all entities', async () => {
  const bundle = await bundleOf({ 'p.cedar': POLICIES });
  fc.assert(
    fc.property(data, fc.nat(COUNT), fc.nat(COUNT), ref, (entities, principal, resource, by) => {
      const pdp = createPdp({ ...bundle, entities: entities as EntityJson[] }, { evaluator: wasmEvaluator });
      const ours = pdp.explain({
        subject: uid(principal),
        action: { name: 'a' },
        resource: uid(resource),
        context: { by },
      });
      const official = cedar.isAuthorized({
        principal: uid(principal),
        action: { type: 'Action', id: 'a' },
        resource: uid(resource),
        context: { by },
        policies: { staticPolicies: bundle.policies.staticPolicies as cedar.StaticPolicySet },
        entities: entities as cedar.Entities,
      });
      if (official.type === 'failure') throw new Error(official.errors[0]?.message);
      const { decision, diagnostics } = official.response;
      expect(ours.decision.decision).toBe(decision === 'allow');
      expect(ours.decision.context?.policies).toEqual([...diagnostics.reason].sort());
      expect(ours.errors.map((error) => error.policyId).sort()).toEqual(
        diagnostics.errors.map((e) => e.policyId).sort(),
      );
    }),
    { numRuns: 300 },
  );
});

it('leaves out what no policy can reach', async () => {
  const { policies } = await bundleOf({
    'p.cedar': 'permit(principal, action, resource) when { principal.boss.rank > 1 };',
  });
  const entity = (index: number, boss: number, parents: number[] = []): EntityJson => ({
    uid: uid(index),
    attrs: { rank: 1, boss: { __entity: uid(boss) } },
    parents: parents.map(uid),
  });
  const store = new EntityStore([
    entity(0, 1, [4]),
    entity(1, 2),
    entity(2, 3),
    entity(3, 3),
    entity(4, 3),
    entity(5, 0),
  ]);
  const request = {
    principal: uid(0),
    action: { type: 'Action', id: 'a' },
    resource: { type: 'R', id: 'r' },
    context: {},
  };
  const sliced = slice(request, [], store, reachOf(policies));
  expect(sliced.map((e) => [e.uid.id, Object.keys(e.attrs).length > 0]).sort()).toEqual([
    ['e0', true],
    ['e1', true],
    ['e2', false],
    ['e4', false],
  ]);
});
