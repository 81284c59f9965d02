import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import { describe, expect, it } from 'vitest';
import { parsePolicySet } from '../../../compiler/index.ts';
import { withRawIntegers } from '../../../compiler/oracle/raw-integers.ts';
import { createEngine, type EntityJson } from '../../../engine/index.ts';
import { EXPRESSIONS } from './expressions.ts';

const uid = (type: string, id: string) => ({ type, id });
const extension = (fn: string, arg: string) => ({ __extn: { fn, arg } });
const ASK = { principal: uid('User', 'ann'), action: uid('Action', 'read'), resource: uid('Doc', 'd') };
const CONTEXT = { a: 4 };

const ENTITIES: EntityJson[] = [
  {
    uid: ASK.principal,
    attrs: {
      n: 4,
      s: 'abc',
      yes: true,
      list: [1, 2, 3],
      big: 9223372036854775807n,
      rec: { deep: { er: 1 } },
      a: { b: { c: 1 } },
      groups: [{ __entity: uid('Group', 'g') }],
      self: { __entity: ASK.principal },
      ip: extension('ip', '10.1.2.3'),
      d: extension('decimal', '1.5'),
      at: extension('datetime', '2026-01-31'),
      for: extension('duration', '1d'),
      ['__proto__']: 1,
      toString: 1,
    },
    tags: { t: 1, x: 1, toString: 1 },
    parents: [uid('Group', 'g')],
  },
  { uid: uid('Group', 'g'), attrs: {}, parents: [] },
  { uid: ASK.resource, attrs: {}, parents: [uid('Folder', 'f')] },
];

interface Said {
  decision: 'allow' | 'deny';
  erring: number;
}

function official(text: string): Said {
  const answer = cedar.isAuthorized({
    ...ASK,
    context: CONTEXT,
    policies: { staticPolicies: text },
    entities: withRawIntegers(ENTITIES) as cedar.Entities,
  });
  if (answer.type === 'failure') throw new Error(answer.errors[0]?.message);
  const { decision, diagnostics } = answer.response;
  return { decision, erring: diagnostics.errors.length };
}

function ours(text: string): Said {
  const engine = createEngine({ policies: parsePolicySet(text), entities: ENTITIES });
  const { decision, errors } = engine.isAuthorized({ ...ASK, context: CONTEXT });
  return { decision, erring: errors.length };
}

describe('a condition of', () => {
  it.each(EXPRESSIONS)('%s gives %s, as the official package says', (expression, gives) => {
    const text = `permit(principal, action, resource) when { ${expression} };`;
    const expected = { decision: gives === 'true' ? 'allow' : 'deny', erring: gives === 'error' ? 1 : 0 };
    expect(ours(text)).toEqual(expected);
    expect(official(text)).toEqual(expected);
  });
});
