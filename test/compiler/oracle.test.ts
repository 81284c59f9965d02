import { describe, expect, it } from 'vitest';
import { type Difference, runDecisionTests, shadowEvaluator, wasmEvaluator } from '../../compiler/index.ts';
import { createPdp, type PolicyJson } from '../../engine/index.ts';
import { bundleOf } from '../bundles.ts';

const REQUEST = { subject: { type: 'U', id: 'u' }, action: { name: 'a' }, resource: { type: 'D', id: 'd' } };
const BUNDLE = {
  'p.cedar':
    '@id("p") permit(principal, action in Action::"all", resource) when { principal.level > 1 };\n@id("q") forbid(principal, action, resource) when { context.late };',
  's.cedarschema':
    'entity U { level: Long }; entity D; action all; action a in [all] appliesTo { principal: U, resource: D, context: { late?: Bool } };',
  'entities.json': '[{"uid":{"type":"U","id":"u"},"attrs":{"level":2},"parents":[]}]',
};
// Without a schema, policies may err.
const UNSAFE = { 'p.cedar': BUNDLE['p.cedar'], 'entities.json': BUNDLE['entities.json'] };

describe('the wasm evaluator', () => {
  it('sees what is laid over an entity in both roles, where the subject is the resource', async () => {
    const bundle = await bundleOf({
      'p.cedar': 'permit(principal, action, resource) when { principal.a == 1 && resource.b == 2 };',
    });
    const entity = (properties: object) => ({ type: 'U', id: 'u', properties: { ...properties } });
    const request = { subject: entity({ a: 1 }), action: { name: 'a' }, resource: entity({ b: 2 }) };
    const wasm = createPdp(bundle, { evaluator: wasmEvaluator });
    expect(wasm.decide(request).decision).toBe(true);
    expect(wasm.decide(request)).toEqual(createPdp(bundle).decide(request));
  });

  it.each([BUNDLE, UNSAFE])('answers as the compiled one does', async (files) => {
    const contents =
      files === BUNDLE
        ? {
            ...BUNDLE,
            'p.cedar': BUNDLE['p.cedar'].replace('context.late', 'context has late && context.late'),
          }
        : UNSAFE;
    const bundle = await bundleOf(contents);
    const compiled = createPdp(bundle);
    const wasm = createPdp(bundle, { evaluator: wasmEvaluator });
    for (const level of [undefined, 1, 3]) {
      for (const context of [undefined, { late: true }, { late: false }]) {
        const subject = { ...REQUEST.subject, ...(level === undefined ? {} : { properties: { level } }) };
        const request = { ...REQUEST, subject, ...(context === undefined ? {} : { context }) };
        expect(wasm.decide(request)).toEqual(compiled.decide(request));
      }
    }
    expect(await wasm.searchSubjects({ ...REQUEST, subject: { type: 'U' } })).toEqual(
      await compiled.searchSubjects({ ...REQUEST, subject: { type: 'U' } }),
    );
  });

  it('is exact beyond 2^53 - 1 too', async () => {
    const bundle = await bundleOf({
      'p.cedar': 'permit(principal, action, resource) when { principal.level == context.level };',
    });
    const entities = [{ uid: { type: 'U', id: 'u' }, attrs: { level: 2n ** 60n + 1n }, parents: [] }];
    for (const options of [{}, { evaluator: wasmEvaluator }]) {
      const pdp = createPdp({ ...bundle, entities } as typeof bundle, options);
      expect(pdp.decide({ ...REQUEST, context: { level: 2n ** 60n + 1n } as never }).decision).toBe(true);
      expect(pdp.decide({ ...REQUEST, context: { level: 2n ** 60n } as never }).decision).toBe(false);
    }
  });
});

/** A bundle whose compiled engine and official evaluator are given different policies: they differ. */
async function differing() {
  const bundle = await bundleOf({ 'p.cedar': 'permit(principal, action, resource);' });
  const forbid: PolicyJson = {
    ...(bundle.policies.staticPolicies['p.cedar#1'] as PolicyJson),
    effect: 'forbid',
  };
  return { bundle, other: { ...bundle, policies: { ...bundle.policies, staticPolicies: { x: forbid } } } };
}

describe('the shadow', () => {
  it('answers from the compiled engine and tells of a difference', async () => {
    const { bundle, other } = await differing();
    const differences: Difference[] = [];
    const shadow = shadowEvaluator((difference) => differences.push(difference));
    const pdp = createPdp(bundle, { evaluator: (_, compiled) => shadow(other, compiled) });
    expect(pdp.decide(REQUEST).decision).toBe(true);
    expect(differences).toEqual([
      {
        compiled: { decision: 'allow', reasons: ['p.cedar#1'], errors: [] },
        wasm: { decision: 'deny', reasons: ['x'], errors: [] },
      },
    ]);
  });

  it('says nothing where they agree', async () => {
    const differences: Difference[] = [];
    const pdp = createPdp(await bundleOf(UNSAFE), {
      evaluator: shadowEvaluator((difference) => differences.push(difference)),
    });
    pdp.decide(REQUEST);
    pdp.decide({ ...REQUEST, context: { late: true } });
    expect(differences).toEqual([]);
  });
});

it('decision tests run on both evaluators', async () => {
  const test = {
    name: 't',
    request: { ...REQUEST, context: { late: false } },
    decision: false,
    file: 'tests/t.json',
    line: 1,
  };
  const [result] = runDecisionTests(await bundleOf(UNSAFE), [test]);
  expect(result).toEqual({ test, passed: true, actual: { decision: false, policies: [] } });
});
