import { expect, it } from 'vitest';
import type { LayersResult } from '../../compiler/index.ts';
import { buffersOf, fromMessage, toMessage } from '../../compiler/worker-message.ts';
import { entityValues } from '../../engine/cedar/entity-data.ts';
import type { EntityJson } from '../../engine/index.ts';

const POLICIES = { staticPolicies: {}, templates: {}, templateLinks: [] };

function sent(entities: EntityJson[]): LayersResult<Uint8Array[]> {
  const message = toMessage({
    ok: true,
    bundle: { revision: 'r', namespace: 'App', policies: POLICIES, entities },
    warnings: [],
    layers: [{ revision: 'r', sequence: 7 }],
  });
  // As between threads: what is handed over is gone here.
  const received = structuredClone(message, { transfer: buffersOf(message) });
  expect(buffersOf(message).every(({ byteLength }) => byteLength === 0)).toBe(true);
  return fromMessage(received);
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

it('a failure arrives as it is, and hands nothing over', () => {
  const failed: LayersResult = { ok: false, problems: [] };
  expect(buffersOf(toMessage(failed))).toEqual([]);
  expect(fromMessage(toMessage(failed))).toEqual(failed);
});
