import { describe, expect, it } from 'vitest';
import { toCedarRequest } from '../../engine/cedar-mapping.ts';
import type { AccessRequest, JsonObject } from '../../engine/index.ts';
import { InvalidRequestError } from '../../engine/index.ts';
import { Schema } from '../../engine/schema.ts';
import { bundleOf, pdpOf } from '../bundles.ts';

const SCHEMA = `
type Address = { city: String, zip?: Long };
entity Group;
entity User in [Group] {
  level: Long, contractor?: Bool, address?: Address, friends?: Set<User>, budget?: decimal,
  home?: ipaddr, hired?: datetime, notice?: duration,
};
entity Doc { owner?: User, size?: Long };
action read appliesTo { principal: User, resource: Doc, context: { now?: datetime, tag?: String } };
action sign appliesTo { principal: User, resource: Doc, context: { reason: String } };
action act appliesTo { principal: User, resource: Doc, context: { action?: { urgent?: Bool } } };
`;

const USERS = JSON.stringify([
  { uid: { type: 'User', id: 'ann' }, attrs: { level: 3 }, parents: [{ type: 'Group', id: 'staff' }] },
  { uid: { type: 'Group', id: 'staff' }, attrs: {}, parents: [] },
]);

function typed(policies: string) {
  return pdpOf({ 'p.cedar': policies, 's.cedarschema': SCHEMA, 'entities.json': USERS });
}

function ask(subject: JsonObject | undefined, more: Partial<AccessRequest> = {}): AccessRequest {
  return {
    subject: { type: 'User', id: 'ann', ...(subject === undefined ? {} : { properties: subject }) },
    action: { name: 'read' },
    resource: { type: 'Doc', id: 'd' },
    ...more,
  };
}

function errorOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof InvalidRequestError) return error.message;
    throw error;
  }
  throw new Error('no error');
}

describe('entities', () => {
  it('are type and id verbatim, in their namespaces', async () => {
    const pdp = await pdpOf({
      'p.cedar':
        '@id("p") permit(principal == App::User::"a \\"b\\"", action == Action::"read", resource == Doc::"x/y");',
    });
    const request = {
      ...ask(undefined),
      subject: { type: 'App::User', id: 'a "b"' },
      resource: { type: 'Doc', id: 'x/y' },
    };
    expect(pdp.decide(request)).toEqual({
      decision: true,
      context: { policies: ['p'], revision: pdp.revision },
    });
  });

  it('of a type that the schema does not have are given no attributes', async () => {
    const { schema } = await bundleOf({
      'p.cedar': 'permit(principal, action, resource);',
      's.cedarschema': SCHEMA,
    });
    const request = { ...ask({ level: 1 }), resource: { type: 'Alien', id: 'x', properties: { level: 1 } } };
    const mapped = toCedarRequest(request, { namespace: '', schema: new Schema(schema ?? {}) });
    expect(mapped.attributes?.map(({ attrs }) => ({ ...attrs }))).toEqual([{ level: 1 }, {}]);
    const unknown = { ...request, action: { name: 'fly' }, context: { height: 1 } };
    expect(
      toCedarRequest(unknown, { namespace: '', schema: new Schema(schema ?? {}) }).context,
    ).toBeUndefined();
  });

  it('that are not stored exist with what was sent and no parents', async () => {
    const pdp = await typed(
      '@id("p") permit(principal, action, resource) when { principal.level > 2 && !(principal in Group::"staff") };',
    );
    const unknown = (level: number) => ({
      ...ask({ level }),
      subject: { type: 'User', id: 'new', properties: { level } },
    });
    expect(pdp.decide(unknown(3)).decision).toBe(true);
    expect(pdp.decide(unknown(2)).decision).toBe(false);
    expect(pdp.decide(ask({ level: 3 })).decision).toBe(false);
  });

  it('have sent properties over stored ones for one request only', async () => {
    const pdp = await typed(
      'permit(principal in Group::"staff", action, resource) when { principal.level == 9 };',
    );
    expect(pdp.decide(ask(undefined)).decision).toBe(false);
    expect(pdp.decide(ask({ level: 9 })).decision).toBe(true);
    expect(pdp.decide(ask(undefined)).decision).toBe(false);
  });

  it('keep a stored attribute when null is sent for it', async () => {
    const pdp = await typed('permit(principal, action, resource) when { principal.level == 3 };');
    expect(pdp.decide(ask({ level: null })).decision).toBe(true);
  });

  it('get both properties when subject and resource are one', async () => {
    const pdp = await pdpOf({
      'p.cedar': 'permit(principal, action, resource) when { principal.a == 1 && principal.b == 2 };',
    });
    const self = { type: 'User', id: 'me' };
    const request = {
      subject: { ...self, properties: { a: 1 } },
      action: { name: 'x' },
      resource: { ...self, properties: { b: 2 } },
    };
    expect(pdp.decide(request).decision).toBe(true);
  });

  it('of a type that Cedar cannot name are denied with the reason, even where all is permitted', async () => {
    const pdp = await pdpOf({ 'p.cedar': 'permit(principal, action, resource);' });
    const decision = pdp.decide({ ...ask(undefined), resource: { type: 'my type', id: '1' } });
    expect(decision.decision).toBe(false);
    expect(decision.context?.error?.message).toMatch(/^resource\.type: is not a Cedar entity type name/);
  });
});

describe('with a schema', () => {
  it.each<[JsonObject, string]>([
    [{ level: 'high' }, 'subject.properties.level: is not a whole number'],
    [
      { level: 1.5 },
      'subject.properties.level: is not a whole number; Cedar has none but Long, so send a decimal as a string',
    ],
    [
      { level: 2 ** 53 },
      'subject.properties.level: is beyond 2^53 - 1, where JSON numbers are no longer exact',
    ],
    [{ contractor: 'yes' }, 'subject.properties.contractor: is not a boolean'],
    [{ address: { city: 1 } }, 'subject.properties.address.city: is not a string'],
    [{ address: {} }, 'subject.properties.address.city: is missing: the schema requires it'],
    [{ address: 'Rome' }, 'subject.properties.address: is not a record'],
    [{ friends: { type: 'User', id: 'x' } }, 'subject.properties.friends: is not a list'],
    [{ friends: [null] }, 'subject.properties.friends[0]: is null, which a set cannot hold'],
    [{ friends: [{ type: 'Group', id: 'x' }] }, 'subject.properties.friends[0]: is a Group, not a User'],
    [{ friends: ['bob'] }, 'subject.properties.friends[0]: is not a User: needs a "type" and an "id"'],
    [
      { budget: 12.5 },
      'subject.properties.budget: is not of type decimal, such as "12.50": one to four digits after the point',
    ],
    [
      { home: '10.0.0.300' },
      'subject.properties.home: is not of type ipaddr, such as "10.0.0.1" or "10.0.0.0/8"',
    ],
    [
      { hired: 'yesterday' },
      'subject.properties.hired: is not of type datetime, such as "2026-01-31T12:00:00Z"',
    ],
    [{ notice: '2 weeks' }, 'subject.properties.notice: is not of type duration, such as "1d2h30m"'],
    [
      { notice: { __extn: { fn: 'ip', arg: '::1' } } },
      'subject.properties.notice: is not of type duration, such as "1d2h30m"',
    ],
  ])('refuses %j', async (properties, message) => {
    const pdp = await typed('permit(principal, action, resource);');
    expect(errorOf(() => pdp.decide(ask(properties)))).toBe(message);
  });

  it.each<[string, JsonObject]>([
    ['principal.address.city == "Rome"', { address: { city: 'Rome', country: 'IT' } }],
    ['principal.friends.contains(User::"bob")', { friends: [{ type: 'User', id: 'bob' }] }],
    ['principal.friends.contains(User::"bob")', { friends: [{ __entity: { type: 'User', id: 'bob' } }] }],
    ['principal.budget.greaterThan(decimal("12.4"))', { budget: '12.5' }],
    ['principal.home.isInRange(ip("10.0.0.0/8"))', { home: '10.1.2.3' }],
    ['principal.hired < datetime("2026-01-02")', { hired: '2026-01-01T00:00:00Z' }],
    ['principal.notice == duration("60m")', { notice: { __extn: { fn: 'duration', arg: '1h' } } }],
  ])('reads %s', async (condition, properties) => {
    const has = condition.split('.')[1]?.split(' ')[0];
    const pdp = await typed(
      `permit(principal, action, resource) when { principal has ${has} && ${condition} };`,
    );
    expect(pdp.decide(ask(properties)).decision).toBe(true);
    expect(pdp.decide(ask(undefined)).decision).toBe(false);
  });

  it('leaves out what the schema does not know, whatever it is', async () => {
    const pdp = await typed('permit(principal, action, resource);');
    const request = ask(
      { nonsense: 1.5 },
      { context: { other: 0.1 }, resource: { type: 'Doc', id: '1', properties: { x: 0.5 } } },
    );
    expect(pdp.decide(request).decision).toBe(true);
  });

  it.each<[Partial<AccessRequest>, string]>([
    [{ action: { name: 'raed' } }, 'the schema has no such action of a User on a Doc'],
    [{ resource: { type: 'Car', id: '1' } }, 'the schema has no such action of a User on a Car'],
    [{ subject: { type: 'Robot', id: '1' } }, 'the schema has no such action of a Robot on a Doc'],
  ])('denies what the schema has no place for, even where all is permitted: %j', async (more, message) => {
    const pdp = await typed('permit(principal, action, resource);');
    const context = {
      policies: [],
      revision: pdp.revision,
      error: { status: 400, message: `action.name: ${message}` },
    };
    expect(pdp.decide(ask(undefined, more))).toEqual({ decision: false, context });
  });

  it('requires what the context must have, so that no forbid can err for want of it', async () => {
    const pdp = await typed('permit(principal, action, resource);');
    const sign = ask(undefined, { action: { name: 'sign' } });
    expect(errorOf(() => pdp.decide(sign))).toBe('context.reason: is missing: the schema requires it');
    expect(pdp.decide({ ...sign, context: { reason: 'ok' } }).decision).toBe(true);
  });

  it('puts action.properties into context.action, and refuses both', async () => {
    const pdp = await typed(
      'permit(principal, action == Action::"act", resource) when { context has action && context.action has urgent && context.action.urgent };',
    );
    const act = (properties: JsonObject, context?: JsonObject) =>
      ask(undefined, { action: { name: 'act', properties }, ...(context ? { context } : {}) });
    expect(pdp.decide(act({ urgent: true })).decision).toBe(true);
    expect(pdp.decide(act({ urgent: false })).decision).toBe(false);
    expect(errorOf(() => pdp.decide(act({ urgent: true }, { action: {} })))).toMatch(/^context\.action: /);
  });

  it('takes the namespace of actions from the schema', async () => {
    const pdp = await pdpOf({
      'p.cedar': 'permit(principal, action == App::Action::"read", resource);',
      's.cedarschema':
        'namespace App { entity User; entity Doc; action read appliesTo { principal: User, resource: Doc }; }',
    });
    const request = {
      ...ask(undefined),
      subject: { type: 'App::User', id: 'a' },
      resource: { type: 'App::Doc', id: 'd' },
    };
    expect(pdp.decide(request).decision).toBe(true);
  });

  it('knows the groups of actions from the schema', async () => {
    const pdp = await pdpOf({
      'p.cedar': 'permit(principal, action in Action::"any", resource);',
      's.cedarschema':
        'entity User; entity Doc; action any; action read in [any] appliesTo { principal: User, resource: Doc };',
    });
    expect(pdp.decide(ask(undefined)).decision).toBe(true);
    expect(pdp.decide(ask(undefined, { action: { name: 'any' } })).decision).toBe(false);
  });
});

describe('without a schema', () => {
  it.each<[JsonObject, string]>([
    [{ a: 1.5 }, 'subject.properties.a: is not a whole number'],
    [{ a: [1, null] }, 'subject.properties.a[1]: is null'],
    [{ 'a b': { c: 1e300 } }, 'subject.properties["a b"].c: is beyond 2^53'],
    [{ a: 2 ** 53 }, 'subject.properties.a: is beyond 2^53 - 1, where JSON numbers are no longer exact'],
    [{ a: { __entity: { type: 'U', id: 1 } } }, 'subject.properties.a.__entity: needs a "type" and an "id"'],
    [
      { a: { __entity: { type: 'U x', id: '1' } } },
      'subject.properties.a.__entity.type: is not a Cedar entity type name',
    ],
    [{ a: { __extn: { fn: 'evil', arg: '1' } } }, 'subject.properties.a.__extn: needs "fn"'],
    [{ a: { __extn: 'ip("::1")' } }, 'subject.properties.a.__extn: needs "fn"'],
    [{ a: { __extn: { fn: 1, arg: '1' } } }, 'subject.properties.a.__extn: needs "fn"'],
    [{ a: Symbol.iterator as never }, 'subject.properties.a: is not a JSON value'],
    [{ a: [undefined as never] }, 'subject.properties.a[0]: is null'],
    [{ a: { __extn: { fn: 'ip', arg: 'x' } } }, 'subject.properties.a.__extn.arg: is not of type ipaddr'],
    [{ a: { __entity: { type: 'U', id: '1' }, b: 1 } }, 'subject.properties.a: is an escape with other keys'],
    [{ a: { __expr: 'true' } }, 'subject.properties.a: uses __expr'],
    [{ a: '\ud800' }, 'subject.properties.a: is not well-formed Unicode'],
  ])('refuses %j', async (properties, message) => {
    const pdp = await pdpOf({ 'p.cedar': 'permit(principal, action, resource);' });
    expect(errorOf(() => pdp.decide(ask(properties)))).toContain(message);
  });

  it.each([
    ['9007199254740993', 9007199254740993n],
    ['-2^63', -(2n ** 63n)],
    ['2^63 - 1', 2n ** 63n - 1n],
  ])('takes %s as the Long that it is', async (_name, n) => {
    const pdp = await pdpOf({
      'p.cedar': 'permit(principal, action, resource) when { principal.n == context.n };',
    });
    expect(pdp.decide(ask({ n: [n] }, { context: { n: [n] } })).decision).toBe(true);
    expect(pdp.decide(ask({ n }, { context: { n: n - (n < 0n ? -1n : 1n) } })).decision).toBe(false);
  });

  it('takes null and undefined as absent', async () => {
    const pdp = await pdpOf({
      'p.cedar':
        'permit(principal, action, resource) when { !(principal has a) && !(principal has b) && !(context.c has d) };',
    });
    const properties = { a: null, b: undefined as never };
    expect(pdp.decide(ask(properties, { context: { c: { d: null } } })).decision).toBe(true);
  });

  it('refuses integers beyond 64 bits', async () => {
    const pdp = await pdpOf({ 'p.cedar': 'permit(principal, action, resource);' });
    expect(errorOf(() => pdp.decide(ask({ a: 2n ** 63n })))).toBe(
      'subject.properties.a: is beyond the 64 bits of a Long, from -2^63 to 2^63 - 1',
    );
    expect(errorOf(() => pdp.decide(ask({ a: [-(2n ** 63n) - 1n] })))).toContain('subject.properties.a[0]: ');
  });

  it('takes a number and a BigInt of one value as one', async () => {
    const pdp = await pdpOf({
      'p.cedar': 'permit(principal, action, resource) when { principal.n == 5 && context.n == principal.n };',
    });
    expect(pdp.decide(ask({ n: 5n }, { context: { n: 5 } })).decision).toBe(true);
  });

  it('refuses what nests too deep, before the evaluator sees it', async () => {
    const pdp = await pdpOf({ 'p.cedar': 'permit(principal, action, resource);' });
    const nested = (levels: number): JsonObject => (levels === 0 ? {} : { a: nested(levels - 1) });
    expect(pdp.decide(ask(nested(64))).decision).toBe(true);
    expect(errorOf(() => pdp.decide(ask(nested(66))))).toContain('nests deeper than 64 levels');
  });

  it('takes __proto__ and constructor as names like any other', async () => {
    const pdp = await pdpOf({
      'p.cedar':
        'permit(principal, action, resource) when { principal["__proto__"]["a"] == 1 && principal.constructor == 2 };',
    });
    expect(pdp.decide(ask(JSON.parse('{"__proto__":{"a":1},"constructor":2}'))).decision).toBe(true);
    expect(pdp.decide(ask({})).decision).toBe(false);
  });
});

describe('the answer', () => {
  it('names determining policies, advice and policies that erred, and never their messages', async () => {
    const pdp = await pdpOf({
      'p.cedar': `@id("open") permit(principal, action, resource);
        @id("shut") @advice("ask your manager") forbid(principal, action, resource) when { context.late };
        @id("odd") forbid(principal, action, resource) when { principal.secret + 1 > 9 };`,
    });
    const request = ask({ secret: 'hunter2' }, { context: { late: true } });
    expect(pdp.decide(request)).toEqual({
      decision: false,
      context: { policies: ['shut'], revision: pdp.revision, advice: ['ask your manager'], errors: ['odd'] },
    });
    expect(JSON.stringify(pdp.decide(request))).not.toContain('hunter2');
    expect(pdp.decide(ask({ secret: 1 }, { context: { late: false } }))).toEqual({
      decision: true,
      context: { policies: ['open'], revision: pdp.revision },
    });
  });
});
