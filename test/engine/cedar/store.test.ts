import { describe, expect, it } from 'vitest';
import { EntityNode } from '../../../engine/cedar/entity-node.ts';
import { type EntityChange, NodeStore } from '../../../engine/cedar/store.ts';
import { EMPTY_RECORD, RecordValue, SetValue, type Value } from '../../../engine/cedar/values.ts';

/** Sets an entity whose attributes, tags and parents name others. */
function put(store: NodeStore, id: string, names: Partial<Record<'attr' | 'tag' | 'parent', Value>> = {}) {
  const record = (value: Value | undefined) =>
    value === undefined ? EMPTY_RECORD : RecordValue.of([['name', value]]);
  const change: EntityChange = {
    node: store.intern('Doc', id),
    attrs: record(names.attr),
    tags: record(names.tag),
    parents: names.parent instanceof EntityNode ? [names.parent] : [],
  };
  store.put([change]);
}

describe('what nothing stored names any more is forgotten', () => {
  it.each<[string, (node: EntityNode) => Parameters<typeof put>[2]]>([
    ['an attribute', (node) => ({ attr: node })],
    ['a record in a set', (node) => ({ attr: SetValue.of([RecordValue.of([['a', node]])]) })],
    ['a tag', (node) => ({ tag: node })],
    ['a parent', (node) => ({ parent: node })],
  ])('once it was %s', (_, naming) => {
    for (const end of ['replaced', 'removed']) {
      const store = new NodeStore();
      const named = store.intern('User', 'ann');
      put(store, 'a', naming(named));
      put(store, 'b', naming(named));
      put(store, 'a');
      expect(store.find('User', 'ann')).toBe(named);
      if (end === 'replaced') put(store, 'b');
      else store.remove(store.intern('Doc', 'b'));
      expect(store.find('User', 'ann')).toBeUndefined();
      put(store, 'b', naming(named));
      expect(store.find('User', 'ann')).toBe(named);
    }
  });

  it('but not what is stored, or names itself', () => {
    const store = new NodeStore();
    const own = store.intern('Doc', 'own');
    put(store, 'own', { attr: own, tag: own });
    put(store, 'own', { attr: own });
    expect(store.find('Doc', 'own')).toBe(own);
    store.remove(own);
    expect(store.find('Doc', 'own')).toBeUndefined();
    expect(store.size).toBe(0);
  });
});
