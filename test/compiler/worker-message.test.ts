import { expect, it } from 'vitest';
import type { LayersResult } from '../../compiler/index.ts';
import { buffersOf, fromMessage, toMessage } from '../../compiler/worker-message.ts';
import { entityValues } from '../../engine/cedar/entity-data.ts';
import type { EntityJson, PolicyJson, PolicySetJson } from '../../engine/index.ts';
import { atOnce } from '../../engine/steps.ts';

const POLICIES = { staticPolicies: {}, templates: {}, templateLinks: [] };

function sent(entities: EntityJson[], policies: PolicySetJson = POLICIES): LayersResult<Uint8Array[]> {
  const message = toMessage({
    ok: true,
    bundle: { revision: 'r', namespace: 'App', policies, entities },
    warnings: [],
    layers: [{ revision: 'r', sequence: 7 }],
  });
  // As between threads: what is handed over is gone here.
  const received = structuredClone(message, { transfer: buffersOf(message) });
  expect(buffersOf(message).every(({ byteLength }) => byteLength === 0)).toBe(true);
  return atOnce(fromMessage(received));
}

it.each([0, 1, 999, 1_000, 1_001, 2_500])('a bundle of %i entities arrives whole', (count) => {
  const entities = Array.from(
    { length: count },
    (_, index): EntityJson => ({
      uid: { type: 'User', id: `é "${index}"` },
      attrs: { n: 2n ** 62n + BigInt(index) },
      parents: [],
    }),
  );
  const result = sent(entities);
  if (!result.ok) throw new Error('no bundle');
  expect(result.layers).toEqual([{ revision: 'r', sequence: 7 }]);
  const { entities: pieces, ...bundle } = result.bundle;
  expect(bundle).toEqual({ revision: 'r', namespace: 'App', policies: POLICIES });
  expect([...entityValues(pieces)]).toEqual(entities);
});

it.each([0, 1, 20, 21, 50])('a bundle of %i policies arrives whole and in order', (count) => {
  const policy = (n: number): PolicyJson => ({
    effect: 'permit',
    principal: { op: '==', slot: '?principal' },
    action: { op: 'All' },
    resource: { op: 'All' },
    conditions: [{ kind: 'when', body: { Value: 2n ** 62n + BigInt(n) } }],
  });
  const ids = Array.from({ length: count }, (_, n) => (n === 3 ? '__proto__' : `é "${n}"`));
  const policies: PolicySetJson = {
    staticPolicies: Object.fromEntries(ids.map((id, n) => [id, policy(n)])),
    templates: { template: policy(-1) },
    templateLinks: ids.map((id) => ({
      templateId: 'template',
      newId: `link ${id}`,
      values: { '?principal': { type: 'User', id } },
    })),
  };
  const result = sent([], policies);
  if (!result.ok) throw new Error('no bundle');
  const { staticPolicies, templates, templateLinks } = result.bundle.policies;
  expect(Object.entries(staticPolicies)).toEqual(Object.entries(policies.staticPolicies));
  expect({ templates, templateLinks }).toEqual({
    templates: policies.templates,
    templateLinks: policies.templateLinks,
  });
});

it('a failure arrives as it is, and hands nothing over', () => {
  const failed: LayersResult = { ok: false, problems: [] };
  expect(buffersOf(toMessage(failed))).toEqual([]);
  expect(atOnce(fromMessage(toMessage(failed)))).toEqual(failed);
});
