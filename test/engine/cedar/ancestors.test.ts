import { expect, it } from 'vitest';
import type { EntityNode } from '../../../engine/cedar/entity-node.ts';
import { NodeStore } from '../../../engine/cedar/store.ts';
import { EMPTY_RECORD } from '../../../engine/cedar/values.ts';

/** How many ancestors the nodes of a store remember. */
function memoised(store: NodeStore): number {
  const all = new Set([...store.nodes()].map(({ above }) => above.ancestors));
  return [...all].reduce(
    (sum, ancestors) => sum + ('size' in ancestors ? ancestors.size : ancestors.length),
    0,
  );
}

it('ancestors of a chain, of which each has all before it, are not all kept', () => {
  const store = new NodeStore();
  const chain: EntityNode[] = [];
  for (let index = 0; index < 4_000; index += 1) {
    const node = store.intern('Group', String(index));
    const parents = chain.slice(-1);
    store.put([{ node, attrs: EMPTY_RECORD, tags: undefined, parents }]);
    chain.push(node);
  }
  for (const [index, node] of chain.entries()) {
    const ancestors = store.ancestors(node);
    expect('size' in ancestors ? ancestors.size : ancestors.length).toBe(index);
  }
  // Of eight million.
  expect(memoised(store)).toBeGreaterThan(1_000_000);
  expect(memoised(store)).toBeLessThan(5_000_000);
  // Those that were forgotten are there when they are asked for.
  expect(
    [...store.ancestors(chain[100] as EntityNode)].map(({ id }) => Number(id)).sort((a, b) => a - b),
  ).toEqual(Array.from({ length: 100 }, (_, index) => index));
});
