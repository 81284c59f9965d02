import { describe, expect, it } from 'vitest';
import { buildFiles } from '../../compiler/build.ts';
import { BuiltEntities, writeEntities } from '../../engine/built-entities.ts';
import { BuiltPolicies, writePolicies } from '../../engine/built-policies.ts';
import type { EntityJson } from '../../engine/index.ts';
import { bundleOf } from '../bundles.ts';

const entity = (type: string, id: string, attrs: EntityJson['attrs'] = {}): EntityJson => ({
  uid: { type, id },
  attrs,
  parents: [],
});

describe('the text of a built bundle', () => {
  it('has each entity on a line of its own, found by any name', async () => {
    const ids = ['', 'a', 'a"', 'a\\', 'a\n', 'a b', 'aa', 'ä', '\u2028', '}', '"},', 'z'.repeat(300)];
    const entities = ids.flatMap((id) => [entity('A', id, { id }), entity('A::B', id)]);
    const built = new BuiltEntities(writeEntities(entities));
    for (const { uid, ...rest } of entities) expect(built.find(uid.type, uid.id)).toEqual({ uid, ...rest });
    expect(built.find('A', 'b')).toBeUndefined();
    expect(built.find('A:', ':B')).toBeUndefined();
    expect(built.all()).toHaveLength(entities.length);
    for (const few of [[], entities.slice(0, 1)]) {
      const small = new BuiltEntities(writeEntities(few));
      expect(small.all()).toEqual(few);
      expect(small.find('A', '')).toEqual(few[0]);
      expect(small.find('A', 'zz')).toBeUndefined();
    }
  });

  it('has each policy on a line of its own, and is the JSON that it was', async () => {
    const { namespace, policies } = await bundleOf({
      'p.cedar': ['a', 'a b', '__proto__', 'constructor', 'ü']
        .map((id) => `@id("${id}") permit(principal, action, resource) when { 9007199254740993 > 1 };`)
        .join('\n'),
    });
    const built = new BuiltPolicies(writePolicies(namespace, policies));
    expect(built.all()).toEqual({ namespace, policies });
    for (const [id, policy] of Object.entries(policies.staticPolicies))
      expect(built.policy(id)).toEqual(policy);
    expect(() => built.policy('b')).toThrow('built/policies.json:1:1: has no policy b');
    const empty = { staticPolicies: {}, templates: {}, templateLinks: [] };
    expect(new BuiltPolicies(writePolicies('', empty)).all().policies).toEqual(empty);
  });

  it('that is damaged is said to be, and not shown', () => {
    const damaged = (message: string) => expect.objectContaining({ name: 'InvalidBundleError', message });
    const text = writeEntities([entity('A', 'a', { secret: 'xyz' }), entity('A', 'b')]);
    const entities = new BuiltEntities(text.replace('xyz"', 'xyz'));
    for (const read of [() => entities.all(), () => entities.find('A', 'a')])
      expect(read).toThrow(damaged('built/entities.json:1:1: is not JSON'));
    const policies = new BuiltPolicies('{"namespace":,"staticPolicies":{\n}}');
    for (const read of [() => policies.all(), () => policies.head()])
      expect(read).toThrow(damaged('built/policies.json:1:1: is not JSON'));
  });

  it('that is cut off anywhere is refused', () => {
    const entities = writeEntities([entity('A', 'a'), entity('A', 'b')]);
    const policies = writePolicies('', { staticPolicies: {}, templates: {}, templateLinks: [] });
    for (let length = 0; length < entities.length; length += 1)
      expect(() => new BuiltEntities(entities.slice(0, length))).toThrow('is cut off');
    for (let length = 0; length < policies.length; length += 1)
      expect(() => new BuiltPolicies(policies.slice(0, length))).toThrow('is cut off');
  });

  it('is what a bundle is built into', async () => {
    const files = await buildFiles(await bundleOf({ 'p.cedar': 'permit(principal, action, resource);' }));
    const text = (path: string) => new TextDecoder().decode(files.get(path));
    expect([...files.keys()]).toEqual(['manifest.json', 'built/entities.json', 'built/policies.json']);
    expect(text('built/entities.json')).toBe('[\n]');
    expect(text('built/policies.json').split('\n')).toEqual([
      '{"namespace":"","templates":{},"templateLinks":[],"byAction":[{"action":{"op":"All"},"policies":["p.cedar#1"]}],"staticPolicies":{',
      expect.stringMatching(/^"p\.cedar#1":\{"effect":"permit",/),
      '}}',
    ]);
  });
});
