import { describe, expect, it } from 'vitest';
import { restoreIntegers, substituteIntegers } from '../../compiler/exact-integers.ts';
import {
  buildArchive,
  compileArchive,
  compileDirectory,
  compileFiles,
  compileInWorker,
} from '../../compiler/index.ts';
import { withRawIntegers } from '../../compiler/oracle/raw-integers.ts';
import { entityValues } from '../../engine/cedar/entity-data.ts';
import { createPdp, type PolicyJson, readArchive } from '../../engine/index.ts';
import { directoryOf, files, jobOf } from '../bundles.ts';

const CONTENTS = {
  'p.cedar': `@id("same") permit(principal, action, resource) when {
    resource has n && resource.n == 9007199254740993 && resource.hasTag("t") && resource.getTag("t") == -9223372036854775808
  };
  @id("sent") permit(principal, action, resource) when { context has n && context.n == 9223372036854775807 };`,
  's.cedarschema': `entity U; entity D { n?: Long } tags Long;
    action read appliesTo { principal: U, resource: D, context: { n?: Long } };`,
  'entities.json': `[
    {"uid":{"type":"D","id":"d"},"attrs":{"n":9007199254740993},"parents":[],"tags":{"t":-9223372036854775808}},
    {"uid":{"type":"D","id":"e"},"attrs":{"n":9007199254740992},"parents":[],"tags":{"t":-9223372036854775808}}
  ]`,
};

const ask = (id: string, n?: bigint) => ({
  subject: { type: 'U', id: 'u' },
  action: { name: 'read' },
  resource: { type: 'D', id },
  ...(n === undefined ? {} : { context: { n } }),
});

describe('a bundle with integers beyond 2^53 - 1', () => {
  it('decides by every digit, from a directory, a worker, an archive and a built one', async () => {
    const directory = await directoryOf(CONTENTS);
    const compiled = await compileDirectory(directory);
    if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
    const archive = await buildArchive(compiled.bundle, files(CONTENTS));
    const fromWorker = await compileInWorker(jobOf({ directory }));
    const fromArchive = await compileArchive(archive);
    const bundles = [compiled, fromWorker, fromArchive].map((result) => result.ok && result.bundle);
    for (const bundle of [...bundles, await readArchive(archive)]) {
      if (bundle === false) throw new Error('no bundle');
      const pdp = createPdp(bundle);
      expect(pdp.decide(ask('d')).context?.policies).toEqual(['same']);
      expect(pdp.decide(ask('e')).decision).toBe(false);
      expect(pdp.decide(ask('e', 9223372036854775807n)).context?.policies).toEqual(['sent']);
      expect(pdp.decide(ask('e', 9223372036854775806n)).decision).toBe(false);
      const [first] = entityValues(bundle.entities);
      expect(first).toMatchObject({ attrs: { n: 9007199254740993n } });
    }
  });

  it('may be built without a schema', async () => {
    const { 's.cedarschema': _, ...contents } = CONTENTS;
    const compiled = await compileFiles(files(contents));
    if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
    const bundle = await readArchive(await buildArchive(compiled.bundle, files(contents)));
    expect(bundle).toEqual({ ...compiled.bundle });
    expect(createPdp(bundle).decide(ask('d')).context?.policies).toEqual(['same']);
  });
});

describe('stand-ins', () => {
  const policy = (left: unknown): PolicyJson =>
    ({
      conditions: [{ kind: 'when', body: { '==': { left: { Value: left }, right: { Value: 1 } } } }],
    }) as never;

  it('are nowhere else in the text', () => {
    const substituted = substituteIntegers(
      '9007199254740991 9007199254740990 9007199254740993 "9007199254740993"',
    );
    expect(substituted).toEqual({
      text: '9007199254740991 9007199254740990 9007199254740989 "9007199254740993"',
      originals: new Map([[9007199254740989, 9007199254740993n]]),
    });
    expect(substituteIntegers('0000000000000000001 "9007199254740993" // 9007199254740993')).toBeUndefined();
  });

  it.each<[string, unknown, unknown]>([
    ['another rounding', 2 ** 53 + 4, 7],
    ['a number that is no stand-in', 2 ** 53, 8],
    ['another kind', 'a', 7],
    ['another shape', { a: 1 }, { b: 1 }],
  ])('are refused when the official package gives %s for them', (_name, rounded, substituted) => {
    const originals = new Map([[7, 9007199254740993n]]);
    expect(restoreIntegers(policy(2 ** 53), policy(7), originals)).toEqual(policy(9007199254740993n));
    expect(() => restoreIntegers(policy(rounded), policy(substituted), originals)).toThrow(
      'the official package reads the policy with other integers as another policy',
    );
  });
});

describe('values for the official package', () => {
  it('have integers as digits, and are the same object where there is none', () => {
    const plain = { a: [1, { b: null }] };
    expect(withRawIntegers(plain)).toBe(plain);
    const integers = [1n, { c: -(2n ** 63n) }];
    const value = JSON.parse('{"__proto__":0}') as Record<string, unknown>;
    Object.assign(value, { plain });
    Object.defineProperty(value, '__proto__', { value: integers });
    expect(JSON.stringify(withRawIntegers(value))).toBe(
      '{"__proto__":[1,{"c":-9223372036854775808}],"plain":{"a":[1,{"b":null}]}}',
    );
    expect(integers).toEqual([1n, { c: -(2n ** 63n) }]);
  });
});
