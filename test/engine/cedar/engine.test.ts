import { describe, expect, it } from 'vitest';
import { createEngine, type EngineOptions, type EntityJson, type PolicyJson } from '../../../engine/index.ts';
import { parsePolicySetText } from './policies.ts';

const uid = (type: string, id: string) => ({ type, id });
const entity = (type: string, id: string, more: Partial<EntityJson> = {}): EntityJson => ({
  uid: uid(type, id),
  attrs: {},
  parents: [],
  ...more,
});

function engineOf(policies: string, options: Omit<EngineOptions, 'policies'> = {}) {
  return createEngine({ policies: parsePolicySetText(policies), ...options });
}

const ASK = { principal: uid('User', 'ann'), action: uid('Action', 'read'), resource: uid('Doc', 'd') };

describe('a request', () => {
  it('is denied by no policy, and by a forbid among permits', () => {
    expect(engineOf('').isAuthorized(ASK)).toEqual({ decision: 'deny', reasons: [], errors: [] });
    const engine = engineOf(
      'permit(principal, action, resource); permit(principal, action, resource); forbid(principal, action, resource) when { context.late };',
    );
    expect(engine.isAuthorized({ ...ASK, context: { late: false } })).toEqual({
      decision: 'allow',
      reasons: ['policy0', 'policy1'],
      errors: [],
    });
    expect(engine.isAuthorized({ ...ASK, context: { late: true } })).toEqual({
      decision: 'deny',
      reasons: ['policy2'],
      errors: [],
    });
    expect(engine.isAuthorized(ASK)).toEqual({
      decision: 'allow',
      reasons: ['policy0', 'policy1'],
      errors: [{ policyId: 'policy2', message: 'the record does not have the attribute' }],
    });
  });

  it('does not share its answers with the next', () => {
    const engine = engineOf('');
    engine.isAuthorized(ASK).reasons.push('mine');
    expect(engine.isAuthorized(ASK).reasons).toEqual([]);
  });

  it('has entities of its own in place of stored ones, also where others name them', () => {
    const entities = [
      entity('Doc', 'd', { attrs: { owner: { __entity: uid('User', 'bob') } } }),
      entity('User', 'bob', { attrs: { level: 1 } }),
      entity('User', 'ann', { parents: [uid('Group', 'g')] }),
      entity('Group', 'g'),
    ];
    const engine = engineOf(
      'permit(principal in Group::"top", action, resource) when { resource.owner.level == 2 };',
      { entities },
    );
    const overlay = [
      entity('User', 'bob', { attrs: { level: 2 } }),
      entity('Group', 'g', { parents: [uid('Group', 'top')] }),
    ];
    expect(engine.isAuthorized({ ...ASK, entities: overlay }).decision).toBe('allow');
    expect(engine.isAuthorized({ ...ASK, entities: overlay.slice(0, 1) }).decision).toBe('deny');
    expect(engine.isAuthorized(ASK).decision).toBe('deny');
  });

  it('may bring a circle of parents, in which everything is in everything', () => {
    const engine = engineOf(
      'permit(principal in Group::"g", action, resource); permit(principal in User::"ann", action, resource);',
    );
    const entities = [
      entity('User', 'ann', { parents: [uid('Group', 'g')] }),
      entity('Group', 'g', { parents: [uid('User', 'ann')] }),
    ];
    const both = { decision: 'allow', reasons: ['policy0', 'policy1'], errors: [] };
    expect(engine.isAuthorized({ ...ASK, entities })).toEqual(both);
    expect(engine.isAuthorized({ ...ASK, principal: uid('Group', 'g'), entities })).toEqual(both);
  });

  it('of one entity in two roles finds it the same in both, stored or not', () => {
    const engine = engineOf('permit(principal, action, resource) when { principal == resource };');
    expect(engine.isAuthorized({ ...ASK, resource: { ...ASK.principal } }).decision).toBe('allow');
    expect(engine.isAuthorized({ ...ASK, resource: uid('Doc', 'ann') }).decision).toBe('deny');
  });

  it('that leaves no stack to evaluate has no answer, rather than one without a policy', () => {
    let body: PolicyJson['conditions'][number]['body'] = { has: { left: { Var: 'context' }, attr: 'x' } };
    for (let level = 0; level < 998; level += 1) body = { '!': { arg: body } };
    const all = { op: 'All' };
    const permit: PolicyJson = {
      effect: 'permit',
      principal: all,
      action: all,
      resource: all,
      conditions: [],
    };
    const none: PolicyJson = { ...permit, effect: 'forbid', conditions: [{ kind: 'when', body }] };
    const engine = createEngine({ policies: { staticPolicies: { all: permit, none } } });
    let overflows = 0;
    let answer: unknown;
    const descend = (): void => {
      try {
        descend();
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
      }
      if (answer !== undefined) return;
      try {
        answer = engine.isAuthorized({ ...ASK, context: { x: 1 } });
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        overflows += 1;
      }
    };
    descend();
    expect(answer).toEqual({ decision: 'deny', reasons: ['none'], errors: [] });
    expect(overflows).toBeGreaterThan(0);
  });

  it('may bring entities that are not stored, their tags, and a new action group', () => {
    const engine = engineOf(
      'permit(principal, action in Action::"all", resource) when { principal.hasTag("t") && principal.getTag("t") == resource };',
    );
    const entities = [
      entity('User', 'ann', { tags: { t: { __entity: uid('Doc', 'd') } } }),
      entity('Action', 'read', { parents: [uid('Action', 'all')] }),
    ];
    expect(engine.isAuthorized({ ...ASK, entities }).decision).toBe('allow');
    expect(engine.isAuthorized({ ...ASK, entities: entities.slice(1) }).decision).toBe('deny');
    expect(engine.isAuthorized({ ...ASK, entities: entities.slice(0, 1) }).decision).toBe('deny');
  });

  it('lays attributes over stored ones', () => {
    const engine = engineOf(
      'permit(principal, action, resource) when { principal.a == 1 && principal.b == 3 };',
      {
        entities: [entity('User', 'ann', { attrs: { a: 1, b: 2 } })],
      },
    );
    const attributes = [{ uid: ASK.principal, attrs: { b: 3 } }];
    expect(engine.isAuthorized({ ...ASK, attributes }).decision).toBe('allow');
    expect(engine.isAuthorized(ASK).decision).toBe('deny');
    const twice: Parameters<typeof engine.isAuthorized>[0]['attributes'] = [
      { uid: uid('User', 'new'), attrs: { a: 1 } },
      { uid: uid('User', 'new'), attrs: { b: 3 } },
    ];
    expect(engine.isAuthorized({ ...ASK, principal: uid('User', 'new'), attributes: twice }).decision).toBe(
      'allow',
    );
  });

  it.each<[object, RegExp]>([
    [{ principal: { type: 'a b', id: 'x' } }, /the request: needs a "type"/],
    [{ principal: { type: 'U', id: '\ud800' } }, /not well-formed Unicode/],
    [{ context: { a: null } }, /context\.a: is null/],
    [{ context: { a: 1.5 } }, /context\.a: is not a whole number of 64 bits/],
    [{ context: { a: undefined } }, /context\.a: is not a JSON value/],
    [{ context: { a: { __entity: 1 } } }, /context\.a: needs a "type"/],
    [{ context: { a: { __extn: { fn: 'ip', arg: 'x' } } } }, /context\.a: is not a value that ip\(\) takes/],
    [{ context: { a: { __extn: { fn: 'system', arg: 'x' } } } }, /there is no function system/],
    [{ context: { a: { __extn: { arg: 'x' } } } }, /needs "fn"/],
    [{ context: { a: { __extn: 'x', b: 1 } } }, /an escape with other keys/],
    [{ context: { a: { __expr: 'true' } } }, /uses __expr/],
    [{ context: { '\udc00': 1 } }, /not well-formed Unicode/],
    [{ context: [] }, /context: is not a record/],
    [{ context: { __entity: uid('U', 'u') } }, /context: is not a record/],
    [{ context: { a: { __extn: null } } }, /context\.a: needs "fn"/],
    [{ principal: undefined }, /the request: needs a "type"/],
    [{ principal: null, context: {} }, /the request: needs a "type"/],
    [{ entities: {} }, /entities: must be a list/],
    [{ entities: [{ uid: uid('U', 'u'), attrs: {}, parents: 1 }] }, /entities\[0\]\.parents: must be a list/],
    [{ entities: [{ uid: uid('U', 'u'), parents: [] }] }, /entities\[0\]\.attrs: is not a record/],
    [{ entities: [{ ...entity('U', 'u'), tags: 1 }] }, /entities\[0\]\.tags: is not a record/],
    [{ entities: [7] }, /entities\[0\]\.uid: needs a "type"/],
    [{ entities: [null] }, /entities\[0\]\.uid: needs a "type"/],
    [
      { entities: [entity('U', 'u'), entity('U', 'u', { tags: { t: 1 } })] },
      /entities\[1\]: is there before, and otherwise/,
    ],
    [{ attributes: {} }, /attributes: must be a list/],
  ])('refuses %j', (wrong, message) => {
    const request = { ...ASK, ...wrong } as Parameters<ReturnType<typeof engineOf>['isAuthorized']>[0];
    expect(() => engineOf('').isAuthorized(request)).toThrow(
      expect.objectContaining({ name: 'InvalidRequestError', message: expect.stringMatching(message) }),
    );
  });

  it('with an integer that 64 bits do not hold is refused', () => {
    const ask = (a: bigint) => engineOf('').isAuthorized({ ...ASK, context: { a } });
    expect(() => ask(2n ** 63n)).toThrow(/context\.a: is not a whole number of 64 bits/);
    expect(() => ask(-(2n ** 63n) - 1n)).toThrow(/context\.a: is not a whole number of 64 bits/);
    expect(ask(-(2n ** 63n)).decision).toBe('deny');
  });

  it('that nests without end is refused', () => {
    let deep: Record<string, unknown> = {};
    for (let level = 0; level < 100_000; level += 1) deep = { a: deep };
    expect(() => engineOf('').isAuthorized({ ...ASK, context: deep })).toThrow(
      /nests deeper than 128 levels/,
    );
  });
});

describe('the schema', () => {
  const schema = {
    '': {
      entityTypes: {
        User: {
          shape: {
            type: 'Record',
            attributes: {
              home: { type: 'Extension', name: 'ipaddr' },
              boss: { type: 'Entity', name: 'User' },
              ranks: { type: 'Set', element: { type: 'Long' } },
            },
          },
          tags: { type: 'Extension', name: 'decimal' },
        },
        Doc: {},
        Color: { enum: ['red'] },
      },
      actions: {
        all: {},
        read: {
          memberOf: [{ id: 'all' }],
          appliesTo: {
            principalTypes: ['User'],
            resourceTypes: ['Doc'],
            context: { type: 'Record', attributes: { at: { type: 'Extension', name: 'datetime' } } },
          },
        },
      },
    },
  };

  it('gives values the types that their JSON only implies', () => {
    const entities = [
      {
        uid: uid('User', 'ann'),
        attrs: { home: '10.0.0.1', boss: uid('User', 'bob'), ranks: [1] },
        parents: [],
        tags: { pay: '1.50' },
      },
    ] as unknown as EntityJson[];
    const policy = `permit(principal, action in Action::"all", resource) when {
      principal.home.isInRange(ip("10.0.0.0/8")) && principal.boss == User::"bob" && principal.ranks.contains(1) &&
      principal.getTag("pay") == decimal("1.5") && context.at > datetime("2026-01-01") };`;
    const engine = engineOf(policy, { schema, entities });
    expect(engine.isAuthorized({ ...ASK, context: { at: '2026-06-01' } })).toEqual({
      decision: 'allow',
      reasons: ['policy0'],
      errors: [],
    });
    expect(
      engine.isAuthorized({ ...ASK, context: { at: { fn: 'datetime', arg: '2025-06-01' } } }).decision,
    ).toBe('deny');
    expect(
      engine.isAuthorized({
        ...ASK,
        context: {
          at: {
            __extn: {
              fn: 'offset',
              args: [
                { __extn: { fn: 'datetime', arg: '2025-12-31' } },
                { __extn: { fn: 'duration', arg: '2d' } },
              ],
            },
          },
        },
      }).decision,
    ).toBe('allow');
  });

  it('stores actions and enumerated entities, which the data may have too', () => {
    const engine = engineOf('', { schema, entities: [entity('Color', 'red')] });
    expect(engine.idsOfType('Color')).toEqual(['red']);
    expect(engine.idsOfType('Action')).toEqual(['all', 'read']);
    expect(engine.size).toBe(3);
    const ranked = (rank: number) =>
      ({
        ...entity('User', 'ann'),
        attrs: { home: '10.0.0.1', boss: uid('User', 'b'), ranks: [rank] },
      }) as unknown as EntityJson;
    const repeated = [ranked(1), ranked(1), ranked(2)];
    expect(() => engineOf('', { schema, entities: repeated })).toThrow(
      'entities[2]: is there before, and otherwise',
    );
  });
});

describe('entities', () => {
  const policy = 'permit(principal in Group::"top", action, resource);';
  const chain = [
    entity('User', 'ann', { parents: [uid('Group', 'mid')] }),
    entity('Group', 'mid', { parents: [uid('Group', 'top')] }),
  ];

  it('change the hierarchy that decisions see, at once', () => {
    const engine = engineOf(policy);
    const decision = () => engine.isAuthorized(ASK).decision;
    expect(decision()).toBe('deny');
    engine.upsertEntities(chain);
    expect(decision()).toBe('allow');
    engine.upsertEntities([entity('Group', 'mid')]);
    expect(decision()).toBe('deny');
    engine.upsertEntities(JSON.stringify(chain));
    expect(decision()).toBe('allow');
    engine.upsertEntities([entity('Group', 'mid')]);
    engine.upsertEntities([new TextEncoder().encode(JSON.stringify(chain))]);
    expect(decision()).toBe('allow');
    engine.removeEntities([uid('Group', 'mid')]);
    expect(decision()).toBe('deny');
    engine.removeEntities([uid('Group', 'mid'), uid('Nobody', 'x')]);
    engine.upsertEntities(chain.slice(1));
    expect(decision()).toBe('allow');
    expect(engine.size).toBe(2);
  });

  it.each<[string, unknown, RegExp]>([
    [
      'a circle',
      [entity('G', 'a', { parents: [uid('G', 'b')] }), entity('G', 'b', { parents: [uid('G', 'a')] })],
      /is its own ancestor/,
    ],
    ['itself as parent', [entity('G', 'a', { parents: [uid('G', 'a')] })], /G::"a" is its own ancestor/],
    [
      'a circle through what is stored',
      [entity('Group', 'top', { parents: [uid('User', 'ann')] })],
      /is its own ancestor/,
    ],
    [
      'one twice, with other attributes',
      [entity('G', 'a'), entity('G', 'a', { attrs: { x: 1 } })],
      /entities\[1\]: is there before, and otherwise/,
    ],
    [
      'one twice, with other parents',
      [entity('G', 'a'), entity('G', 'a', { parents: [uid('G', 'b')] })],
      /entities\[1\]: is there before, and otherwise/,
    ],
    [
      'a value that is none',
      [entity('G', 'a'), { ...entity('G', 'b'), attrs: { x: 1.5 } }],
      /entities\[1\]\.attrs\.x: is not a whole number/,
    ],
    ['text that is no list', '{"uid":1}', /must be a JSON list/],
    ['no list', entity('G', 'a'), /entities: must be a list/],
    [
      'text that is no JSON',
      '[{"uid":{"type":"G","id":"a"},"attrs":{},"parents":[]},]',
      /entities\[1\]: is not JSON/,
    ],
  ])('with %s are refused, and nothing has changed', (_, entities, message) => {
    const engine = engineOf(policy, { entities: chain });
    expect(() => engine.upsertEntities(entities as EntityJson[])).toThrow(
      expect.objectContaining({ name: 'InvalidRequestError', message: expect.stringMatching(message) }),
    );
    expect(engine.size).toBe(2);
    expect(engine.idsOfType('G')).toEqual([]);
    expect(engine.isAuthorized(ASK).decision).toBe('allow');
  });

  it('in a circle are no engine', () => {
    const circle = [
      entity('G', 'a', { parents: [uid('G', 'b')] }),
      entity('G', 'b', { parents: [uid('G', 'a')] }),
    ];
    expect(() => engineOf('', { entities: circle })).toThrow(/is its own ancestor/);
  });

  it('may be there twice, as long as they are the same', () => {
    const ann = entity('User', 'ann', {
      attrs: { a: [1, 2], b: 'x' },
      parents: [uid('G', 'a'), uid('G', 'b')],
    });
    const again = {
      tags: {},
      parents: ann.parents.toReversed(),
      attrs: { b: 'x', a: [2, 1, 1] },
      uid: ann.uid,
    };
    const engine = engineOf(
      'permit(principal in G::"b", action, resource) when { principal.a.contains(1) };',
      {
        entities: [ann, again],
      },
    );
    expect(engine.size).toBe(1);
    engine.upsertEntities([again, ann]);
    expect(engine.isAuthorized(ASK).decision).toBe('allow');
    expect(engine.isAuthorized({ ...ASK, entities: [again, ann] }).decision).toBe('allow');
  });

  it('to remove must be a list of uids, or none are removed', () => {
    const engine = engineOf(policy, { entities: chain });
    const wrong = [uid('Group', 'mid'), uid('a b', 'x')];
    expect(() => engine.removeEntities(wrong)).toThrow('uids[1]: needs a "type"');
    expect(() => engine.removeEntities(chain[0]?.uid as never)).toThrow('uids: must be a list');
    expect(engine.size).toBe(2);
  });

  it('as text may be any JSON list', () => {
    const text =
      ' [ {"uid":{"type":"U","id":"a,]\\"{"},"attrs":{"s":"\\\\"},"parents":[]} , {"uid":{"type":"U","id":"b"},"attrs":{},"parents":[]} ] ';
    expect(engineOf('', { entities: text }).idsOfType('U')).toEqual(['a,]"{', 'b']);
    expect(engineOf('', { entities: '[]' }).size).toBe(0);
    expect(engineOf('', { entities: ' [ ] ' }).size).toBe(0);
  });

  it('keep 64 bits exact from text and from BigInt', () => {
    const text = '[{"uid":{"type":"User","id":"ann"},"attrs":{"n":9223372036854775807},"parents":[]}]';
    const engine = engineOf(
      'permit(principal, action, resource) when { principal.n == context.n }; forbid(principal, action, resource) when { principal.n + 1 > 0 };',
      { entities: text },
    );
    expect(engine.isAuthorized({ ...ASK, context: { n: 9223372036854775807n } })).toMatchObject({
      decision: 'allow',
      errors: [{ policyId: 'policy1', message: 'integer overflow' }],
    });
    expect(engine.isAuthorized({ ...ASK, context: { n: 9223372036854775806n } }).decision).toBe('deny');
  });

  it('may be chains of any length, sets of any size, and named like prototypes', () => {
    const long = Array.from({ length: 50_000 }, (_, index) =>
      entity('Group', `g${index}`, { parents: [uid('Group', index === 0 ? 'top' : `g${index - 1}`)] }),
    );
    const many = Array.from({ length: 50_000 }, (_, index) => index);
    const engine = engineOf(
      `${policy} permit(principal, action, resource) when { resource["__proto__"].contains(49999) && resource.constructor == "x" };`,
      {
        entities: [
          ...long,
          entity('User', 'ann', { parents: [uid('Group', 'g49999')] }),
          entity('Doc', 'd', { attrs: { ['__proto__']: many, constructor: 'x' } }),
        ],
      },
    );
    expect(engine.isAuthorized(ASK)).toEqual({
      decision: 'allow',
      reasons: ['policy0', 'policy1'],
      errors: [],
    });
    expect(engine.isAuthorized({ ...ASK, resource: uid('Doc', 'e') }).errors).toHaveLength(1);
  });

  it('that are many are each as they were given, and change by themselves', () => {
    const names = (count: number) => Array.from({ length: count }, (_, index) => `a${index}`);
    const many = Array.from({ length: 9_000 }, (_, index) =>
      entity('Doc', `d${index}`, { attrs: { n: index, title: `the title of ${index}` } }),
    );
    const wide = entity('Doc', 'wide', {
      attrs: Object.fromEntries(names(1_500).map((name) => [name, name])),
    });
    const engine = engineOf(
      `permit(principal, action, resource) when { resource.n == context.n && resource.title == context.title };
       permit(principal, action, resource) when { resource.a0 == "a0" && resource.a1499 == "a1499" };`,
      { entities: [...many, wide, entity('Doc', 'bare')] },
    );
    const reasons = (id: string, n: number) =>
      engine.isAuthorized({
        ...ASK,
        resource: uid('Doc', id),
        context: { n, title: `the title of ${n}` },
      }).reasons;
    for (const { uid: doc, attrs } of many) {
      expect(reasons(doc.id, attrs.n as number)).toEqual(['policy0']);
      expect(reasons(doc.id, 9_001)).toEqual([]);
    }
    expect(reasons('wide', 0)).toEqual(['policy1']);
    expect(reasons('bare', 0)).toEqual([]);
    engine.upsertEntities([entity('Doc', 'd7', { attrs: { title: 'the title of 70', more: true, n: 70 } })]);
    expect(reasons('d7', 70)).toEqual(['policy0']);
    expect(reasons('d6', 6)).toEqual(['policy0']);
    expect(reasons('d8', 8)).toEqual(['policy0']);
    engine.upsertEntities([wide]);
    expect(reasons('wide', 0)).toEqual(['policy1']);
  });

  it('that nothing names any more are forgotten, and named ones are the same when they come back', () => {
    const engine = engineOf('permit(principal, action, resource) when { resource.owner == principal };', {
      entities: [
        entity('Doc', 'd', {
          attrs: { owner: { __entity: ASK.principal }, others: [{ __entity: uid('User', 'bob') }] },
        }),
        entity('User', 'ann'),
      ],
    });
    engine.removeEntities([ASK.principal]);
    expect(engine.isAuthorized(ASK).decision).toBe('allow');
    engine.upsertEntities([entity('User', 'ann', { parents: [uid('Group', 'a'), uid('Group', 'b')] })]);
    expect(engine.isAuthorized(ASK).decision).toBe('allow');
    engine.removeEntities([uid('Doc', 'd'), ASK.principal]);
    expect(engine.size).toBe(0);
    engine.upsertEntities([entity('Doc', 'd', { attrs: { owner: { __entity: ASK.principal } } })]);
    expect(engine.isAuthorized(ASK).decision).toBe('allow');
  });
});

it('permitting judges another id as a request for it, stored or not', () => {
  const engine = engineOf(
    'permit(principal == User::"b", action, resource); permit(principal, action, resource) when { principal == resource };',
    { entities: [entity('User', 'a'), entity('User', 'b')] },
  );
  const ask = { ...ASK, principal: uid('User', 'none'), resource: uid('User', 'z') };
  const permits = engine.permitting(ask, 'principal');
  expect(['a', 'b', 'y', 'z'].filter((id) => permits(uid('User', id)))).toEqual(['b', 'z']);
  const ofResource = engine.permitting({ ...ASK, principal: uid('User', 'a') }, 'resource');
  expect(['a', 'b', 'z'].filter((id) => ofResource(uid('User', id)))).toEqual(['a']);
});

describe('candidates', () => {
  const entities = [
    entity('User', 'a', { parents: [uid('Group', 'g')] }),
    entity('User', 'b', { parents: [uid('Group', 'sub')] }),
    entity('User', 'c'),
    entity('Group', 'sub', { parents: [uid('Group', 'g')] }),
    entity('Group', 'g'),
    entity('Doc', 'd', { parents: [uid('Folder', 'f')] }),
    entity('Doc', 'e'),
  ];
  const read = uid('Action', 'read');

  it.each<[string, string[]]>([
    ['permit(principal in Group::"g", action, resource);', ['a', 'b']],
    ['permit(principal == User::"c", action, resource);', ['c']],
    ['permit(principal == User::"gone", action, resource);', []],
    ['permit(principal == Group::"g", action, resource);', []],
    ['permit(principal is User, action, resource);', ['a', 'b', 'c']],
    ['permit(principal is Robot, action, resource);', []],
    [
      'permit(principal is User in Group::"sub", action, resource); permit(principal == User::"c", action, resource);',
      ['b', 'c'],
    ],
    ['permit(principal in Group::"g", action, resource == Doc::"e");', []],
    ['permit(principal in Group::"g", action == Action::"write", resource);', []],
    [
      'permit(principal in Group::"g", action, resource in Folder::"f"); forbid(principal, action, resource);',
      ['a', 'b'],
    ],
    ['forbid(principal, action, resource);', []],
  ])('for principals of %s', (policy, expected) => {
    const found = engineOf(policy, { entities }).principalCandidates('User', read, uid('Doc', 'd'));
    expect(found.map(({ type, id }) => `${type} ${id}`)).toEqual(expected.map((id) => `User ${id}`));
  });

  it('for resources follow updates', () => {
    const engine = engineOf('permit(principal, action, resource in Folder::"f");', { entities });
    const found = () => engine.resourceCandidates('Doc', read, uid('User', 'a')).map(({ id }) => id);
    expect(found()).toEqual(['d']);
    engine.upsertEntities([
      entity('Doc', 'e', { parents: [uid('Folder', 'f')] }),
      entity('Doc', 'a', { parents: [uid('Folder', 'f')] }),
    ]);
    expect(found()).toEqual(['a', 'd', 'e']);
    engine.upsertEntities([entity('Doc', 'd')]);
    engine.removeEntities([uid('Doc', 'a')]);
    expect(found()).toEqual(['e']);
    expect(engine.idsOfType('Doc')).toEqual(['d', 'e']);
    engine.upsertEntities([entity('Doc', 'c')]);
    expect(engine.idsOfType('Doc')).toEqual(['c', 'd', 'e']);
    engine.removeEntities([uid('Doc', 'c'), uid('Doc', 'd'), uid('Doc', 'e')]);
    expect(engine.idsOfType('Doc')).toEqual([]);
  });
});
