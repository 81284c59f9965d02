import { describe, expect, it } from 'vitest';
import {
  createEngine,
  type EnginePolicies,
  type PolicyJson,
  type TemplateLink,
} from '../../../engine/index.ts';

const ALL = { op: 'All' };
const POLICY: PolicyJson = { effect: 'permit', principal: ALL, action: ALL, resource: ALL, conditions: [] };
const when = (body: unknown): PolicyJson =>
  ({ ...POLICY, conditions: [{ kind: 'when', body }] }) as PolicyJson;
const T = { Value: true };
const USER = { type: 'User', id: 'u' };

const TEMPLATE: PolicyJson = { ...POLICY, principal: { op: '==', slot: '?principal' } };
const link = (values: unknown, newId = 'odd') => ({ templateId: 't', newId, values }) as TemplateLink;
const LINK = link({ '?principal': USER });
const ASK = { principal: USER, action: { type: 'Action', id: 'a' }, resource: { type: 'D', id: 'd' } };

function refusal(policies: EnginePolicies): string {
  try {
    createEngine({ policies });
  } catch (error) {
    expect((error as Error).name).toBe('ConfigurationError');
    return (error as Error).message;
  }
  throw new Error('it was taken');
}

describe('a policy that cannot be evaluated is refused by its id', () => {
  it.each<[string, unknown]>([
    ['the effect must be permit or forbid', { ...POLICY, effect: 'maybe' }],
    ['the scope has no operator "like"', { ...POLICY, principal: { op: 'like' } }],
    ['the scope has no operator undefined', { ...POLICY, resource: undefined }],
    ['the scope lacks its entity_type, a Cedar type name', { ...POLICY, resource: { op: 'is' } }],
    [
      'the scope lacks its entity_type, a Cedar type name',
      { ...POLICY, resource: { op: 'is', entity_type: 'a b' } },
    ],
    [
      'the scope needs an entity or a slot after "in"',
      { ...POLICY, resource: { op: 'is', entity_type: 'Doc', in: 'Folder' } },
    ],
    ['a policy must be an object', null],
    ['a policy must be an object', []],
    ['a policy has no "condition"', { ...POLICY, condition: [] }],
    [
      'the scope: needs a "type" (a Cedar type name) and an "id", both strings',
      { ...POLICY, principal: { op: '==', entity: { type: 'a b', id: 'x' } } },
    ],
    ['the scope of the action names a User', { ...POLICY, action: { op: '==', entity: USER } }],
    ['the scope of the action names a User', { ...POLICY, action: { op: 'in', entities: [USER] } }],
    ['its conditions must be a list', { ...POLICY, conditions: undefined }],
    ['its conditions must be a list', { ...POLICY, conditions: {} }],
    ['a condition is when or unless', { ...POLICY, conditions: [null] }],
    ['the slot "?resource" is not for this place', { ...POLICY, principal: { op: '==', slot: '?resource' } }],
    ['the slot ?principal is not filled', { ...POLICY, principal: { op: '==', slot: '?principal' } }],
    ['the scope of the action has no operator "is"', { ...POLICY, action: { op: 'is', entity_type: 'X' } }],
    ['a condition is when or unless', { ...POLICY, conditions: [{ kind: 'if', body: T }] }],
    ['an expression must be an object', when(7)],
    ['an expression must be an object', when([])],
    ['an expression must have one operator', when({})],
    ['an expression must have one operator', when({ '!': { arg: T }, neg: { arg: T } })],
    ['there is no operator or function frobnicate', when({ frobnicate: [] })],
    ['an operator needs a list', when({ decimal: 'x' })],
    ['there is no variable "me"', when({ Var: 'me' })],
    ['there is no variable 7', when({ Var: 7 })],
    ['there is no operator or function Slot', when({ Slot: '?principal' })],
    ['an expression lacks its "arg"', when({ '!': {} })],
    ['an expression lacks its "left"', when({ '==': 7 })],
    ['an expression lacks its "right"', when({ '&&': { left: T } })],
    ['"attr" must be a string', when({ '.': { left: { Var: 'context' }, attr: 7 } })],
    ['has needs an attribute name, or a path of them', when({ has: { left: { Var: 'context' }, attr: [] } })],
    [
      'has needs an attribute name, or a path of them',
      when({ has: { left: { Var: 'context' }, attr: ['a', 7] } }),
    ],
    ['a b is not an entity type name', when({ is: { left: { Var: 'principal' }, entity_type: 'a b' } })],
    ['a pattern has Wildcard and {"Literal"} only', when({ like: { left: { Value: 'x' }, pattern: ['x'] } })],
    [
      'a pattern has Wildcard and {"Literal"} only',
      when({ like: { left: { Value: 'x' }, pattern: [null] } }),
    ],
    ['Record needs an object', when({ Record: null })],
    ['Record needs an object', when({ Record: [T] })],
    ['a name or pattern is not well-formed Unicode', when({ Record: { '\ud800': T } })],
    [
      'a name or pattern is not well-formed Unicode',
      when({ '.': { left: { Var: 'context' }, attr: '\ud800' } }),
    ],
    [
      'a name or pattern is not well-formed Unicode',
      when({ has: { left: { Var: 'context' }, attr: ['a', '\udc00'] } }),
    ],
    [
      'a name or pattern is not well-formed Unicode',
      when({ like: { left: { Value: 'x' }, pattern: [{ Literal: '\ud83d' }, 'Wildcard'] } }),
    ],
    ['a literal: is null, which Cedar does not have', when({ Value: null })],
  ])('%s', (message, policy) => {
    expect(refusal({ staticPolicies: { odd: policy as PolicyJson } })).toBe(`policy odd: ${message}`);
  });

  it.each<[string, Partial<EnginePolicies>]>([
    ['policy odd: its template is not there', { templates: {} }],
    ['policy odd: its values must be an object', { templateLinks: [link(undefined)] }],
    ['policy odd: the slot ?principal is not filled', { templateLinks: [link({})] }],
    [
      'policy odd: its template has no slot ?resource',
      { templateLinks: [link({ '?principal': USER, '?resource': USER })] },
    ],
    [
      'policy odd: ?principal: needs a "type" (a Cedar type name) and an "id", both strings',
      { templateLinks: [link({ '?principal': { type: '1', id: 'x' } })] },
    ],
    ['policy odd: another policy or template has this id', { staticPolicies: { odd: POLICY } }],
    [
      'policy t: another policy or template has this id',
      { templateLinks: [link({ '?principal': USER }, 't')] },
    ],
    ['policy t: another policy or template has this id', { staticPolicies: { t: POLICY } }],
    [
      'policy t: the effect must be permit or forbid',
      { templates: { t: { ...TEMPLATE, effect: 'maybe' as 'permit' } }, templateLinks: [] },
    ],
    ['a template link needs a newId, a string', { templateLinks: [null as never] }],
    ['templateLinks must be a list', { templateLinks: {} as never }],
    ['templates must be an object of policies by their ids', { templates: [] as never }],
    ['staticPolicies must be an object of policies by their ids', { staticPolicies: 'permit' as never }],
  ])('%s, where it has or is a template', (message, more) => {
    const policies = { staticPolicies: {}, templates: { t: TEMPLATE }, templateLinks: [LINK] };
    expect(createEngine({ policies }).isAuthorized(ASK)).toEqual({
      decision: 'allow',
      reasons: ['odd'],
      errors: [],
    });
    expect(refusal({ ...policies, ...more })).toBe(message);
  });

  it('or where it nests so deep that evaluating it could exhaust the stack', () => {
    const nested = (levels: number) => {
      let body: unknown = T;
      for (let level = 0; level < levels; level += 1) body = { '!': { arg: body } };
      return { staticPolicies: { odd: when(body) } };
    };
    expect(refusal(nested(1_000))).toBe('policy odd: an expression nests deeper than 1000 levels');
    expect(createEngine({ policies: nested(998) }).isAuthorized(ASK).decision).toBe('allow');
  });
});

it('chains of && and || may have any length', () => {
  const context = { Var: 'context' };
  const chain = (operator: string, length: number, last: unknown) => {
    let body: unknown = { has: { left: context, attr: 'no' } };
    if (operator === '&&') body = { '!': { arg: body } };
    for (let term = 1; term < length; term += 1) {
      const right =
        term + 1 === length
          ? last
          : body && { has: { left: context, attr: operator === '&&' ? 'yes' : 'no' } };
      body = { [operator]: { left: body, right } };
    }
    return body;
  };
  const ask = (body: unknown) =>
    createEngine({ policies: { staticPolicies: { p: when(body) } } }).isAuthorized({
      ...ASK,
      context: { yes: 1 },
    });
  expect(ask(chain('||', 50_000, { has: { left: context, attr: 'yes' } })).decision).toBe('allow');
  expect(ask(chain('||', 50_000, { Value: false })).decision).toBe('deny');
  expect(ask(chain('&&', 50_000, T)).decision).toBe('allow');
  expect(ask(chain('&&', 50_000, { Value: 1 })).errors).toEqual([
    { policyId: 'p', message: 'type error: expected a boolean' },
  ]);
});
