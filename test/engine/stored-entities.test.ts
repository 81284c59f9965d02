import { describe, expect, it } from 'vitest';
import { createEngine, createPdp, type EntityJson } from '../../engine/index.ts';
import { bundleOf } from '../bundles.ts';

const entity = (type: string, id: string, attrs: object = {}, parents: object[] = []) => ({
  uid: { type, id },
  attrs,
  parents,
});
const extension = (fn: string, arg: string) => ({ __extn: { fn, arg } });

const VALUES = {
  yes: true,
  text: 'x',
  whole: -7,
  list: [1, 2],
  record: { deep: { type: 'not an entity' } },
  entity: { __entity: { type: 'user', id: 'ann' } },
  price: extension('decimal', '-0.0500'),
  whole_price: extension('decimal', '12.5'),
  from: extension('datetime', '2026-03-02T10:00:00+0100'),
  lasts: extension('duration', '-1h30m'),
  v4: extension('ip', '10.0.0.1'),
  range4: extension('ip', '192.168.0.0/16'),
  v6: extension('ip', '2001:db8::1'),
  range6: extension('ip', 'fe80::/10'),
};

describe('stored entities', async () => {
  const pdp = createPdp(
    await bundleOf({
      'p.cedar': 'permit(principal, action, resource == user::"not-stored");',
      'entities.json': JSON.stringify([
        entity('user', 'bob', {}, [
          { type: 'role', id: 'b' },
          { type: 'role', id: 'a' },
        ]),
        entity('user', 'ann', VALUES),
        entity('role', 'a', {}, [{ type: 'role', id: 'all' }]),
        entity('role', 'b'),
        entity('role', 'all'),
      ]),
    }),
  );

  it('are told by type and id', () => {
    expect(pdp.entities.types()).toEqual(['role', 'user']);
    expect(pdp.entities.ids('user')).toEqual(['ann', 'bob']);
    expect(pdp.entities.ids('nothing')).toEqual([]);
  });

  it('have their own parents', () => {
    const parents = (type: string, id: string) => pdp.entities.parents({ type, id }).map((p) => p.id);
    expect(parents('user', 'bob')).toEqual(['b', 'a']);
    expect(parents('user', 'ann')).toEqual([]);
    expect(parents('user', 'nobody')).toEqual([]);
  });

  it('have attributes in JSON that Cedar reads back as the same values', async () => {
    const attributes = pdp.entities.attributes({ type: 'user', id: 'ann' });
    expect(JSON.parse(JSON.stringify(attributes))).toEqual({
      ...VALUES,
      whole_price: extension('decimal', '12.5000'),
      from: extension('datetime', '2026-03-02T09:00:00.000Z'),
      lasts: extension('duration', '-5400000ms'),
      v6: extension('ip', '2001:db8:0:0:0:0:0:1'),
      range6: extension('ip', 'fe80:0:0:0:0:0:0:0/10'),
    });
    const names = Object.keys(VALUES);
    const same = names.map((name) => `principal.${name} == resource.${name}`).join(' && ');
    const again = createPdp(
      await bundleOf({
        'p.cedar': `permit(principal, action, resource) when { ${same} };`,
        'entities.json': JSON.stringify([
          entity('user', 'ann', VALUES),
          { uid: { type: 'copy', id: 'ann' }, attrs: attributes, parents: [] },
        ]),
      }),
    );
    const request = {
      subject: { type: 'user', id: 'ann' },
      action: { name: 'compare' },
      resource: { type: 'copy', id: 'ann' },
    };
    expect(again.decide(request)).toEqual({
      decision: true,
      context: { policies: ['p.cedar#1'], revision: again.revision },
    });
  });

  it('have no attributes when only named', () => {
    expect(pdp.entities.attributes({ type: 'user', id: 'not-stored' })).toBeUndefined();
    expect(pdp.entities.attributes({ type: 'role', id: 'b' })).toEqual({});
  });

  it('keep 64 bits', async () => {
    const bundle = await bundleOf({
      'p.cedar': 'permit(principal, action, resource);',
      'entities.json': '[{"uid":{"type":"u","id":"1"},"attrs":{"n":9223372036854775807},"parents":[]}]',
    });
    expect(createPdp(bundle).entities.attributes({ type: 'u', id: '1' })).toEqual({ n: 2n ** 63n - 1n });
  });
});

describe('resource types', () => {
  it("are the schema's for the subject's type", async () => {
    const pdp = createPdp(
      await bundleOf({
        'p.cedar': 'permit(principal, action, resource);',
        's.cedarschema': `
          entity user; entity robot; entity note; entity memo; entity group;
          action group1;
          action read in [group1] appliesTo { principal: [user, robot], resource: [note] };
          action file appliesTo { principal: user, resource: [note, memo] };`,
      }),
    );
    expect(pdp.resourceTypes('user')).toEqual(['memo', 'note']);
    expect(pdp.resourceTypes('robot')).toEqual(['note']);
    expect(pdp.resourceTypes('group')).toEqual([]);
  });

  it('are what policies and entities name without one', async () => {
    const pdp = createPdp(
      await bundleOf({
        'p.cedar': `
          permit(principal, action, resource is App::Doc);
          permit(principal, action, resource == App::Page::"home");
          permit(principal, action, resource is App::Leaf in App::Tree::"t");
          permit(principal, action, resource in App::Site::"s");
          permit(principal, action == App::Action::"x", resource);`,
        'entities.json': JSON.stringify([
          entity('user', 'ann'),
          entity('App::Action', 'x', {}, [{ type: 'App::Action', id: 'all' }]),
          entity('App::Action', 'all'),
        ]),
      }),
    );
    expect(pdp.resourceTypes('user')).toEqual(['App::Doc', 'App::Leaf', 'App::Page', 'user']);
  });
});

it('datetimes beyond the years that text can say are told as computed, and read back', () => {
  const at = (date: string, by: string) => ({
    __extn: { fn: 'offset', args: [extension('datetime', date), extension('duration', by)] },
  });
  const uid = { type: 'user', id: 'ann' };
  const engineOf = (attrs: object) =>
    createEngine({
      policies: { staticPolicies: {} },
      entities: [{ uid, attrs, parents: [] }] as unknown as EntityJson[],
    });
  const told = engineOf({
    never: at('1970-01-01', '9223372036854775807ms'),
    first: at('0000-01-01', '-1ms'),
    last: at('9999-12-31T23:59:59.998Z', '1ms'),
  }).entities.attributes(uid);
  expect({ ...told }).toEqual({
    never: at('1970-01-01T00:00:00.000Z', '9223372036854775807ms'),
    first: at('1970-01-01T00:00:00.000Z', '-62167219200001ms'),
    last: extension('datetime', '9999-12-31T23:59:59.999Z'),
  });
  expect(engineOf({ ...told }).entities.attributes(uid)).toEqual(told);
});
