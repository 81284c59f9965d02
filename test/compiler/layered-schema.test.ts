import { describe, expect, it } from 'vitest';
import { parseLayeredSchema } from '../../compiler/layered-schema.ts';
import { parseSchemaText } from '../../compiler/schema-text.ts';
import type { Problem } from '../../engine/index.ts';

const filesOf = (...texts: string[]) => texts.map((text, index) => ({ path: `${index + 1}`, text }));

function parsed(...texts: string[]) {
  const problems: Problem[] = [];
  const schema = parseLayeredSchema(filesOf(...texts), problems);
  return { schema, lines: problems.map(lineOf) };
}

function lineOf({ severity, file, line, column, message, help }: Problem): string {
  return `${severity} ${file}:${line}:${column}: ${message}${help === undefined ? '' : ` (${help})`}`;
}

it('unites namespaces, and takes what is outside of all', () => {
  const { schema, lines } = parsed(
    '// base\nentity Top; @doc("a } b") namespace A::B { entity U in [Top]; } type T = { x: Long };',
    'namespace A::B { entity D { owner: U, t: T }; action read appliesTo { principal: U, resource: D }; }\nnamespace C { entity X; }',
  );
  expect(lines).toEqual([]);
  expect(Object.keys(schema?.json ?? {}).sort()).toEqual(['', 'A::B', 'C']);
  expect(schema?.json['A::B']).toMatchObject({
    entityTypes: { U: { memberOfTypes: ['Top'] }, D: {} },
    actions: { read: { appliesTo: { principalTypes: ['U'], resourceTypes: ['D'] } } },
  });
});

it.each([
  'entity U, V; entity D { x: Set<{ y: Long }> }; action "a;b", c appliesTo { principal: [U], resource: D };',
  'namespace N { @doc("y")\n@other entity E enum ["a", "}"]; type T = String; }\naction x; // end',
  'namespace N {} entity namespace_;',
])('means the same united with nothing: %s', (text) => {
  const { schema, lines } = parsed(text, 'entity Other;');
  expect(lines).toEqual([]);
  const alone = parseSchemaText({ path: '1', text }, []);
  expect(alone).toBeDefined();
  expect(schema?.json).toMatchObject(alone ?? {});
});

describe('refuses', () => {
  it.each<[string, string[], string[]]>([
    [
      'an entity type declared twice',
      ['entity U;', '\nentity D;\nentity U { admin: Bool };'],
      ['error 2:3:8: `U` is declared twice (the first is at 1:1)'],
    ],
    [
      'an action declared twice, in a namespace',
      ['namespace A { action read; }', 'namespace A {\n action list;\n action read; }'],
      ['error 2:3:9: `read` is declared twice (the first is at 1:1)'],
    ],
    [
      'a common type declared twice, in the third',
      ['type T = Long;', 'entity X;', 'type T = String;'],
      ['error 3:1:6: `T` is declared twice (the first is at 1:1)'],
    ],
    [
      'a common type that gives the name of an earlier entity type another meaning',
      ['entity U; entity D { owner: U };', 'entity X;\ntype U = String;'],
      ['error 2:2:6: `U` has a meaning in earlier layers that this declaration would change'],
    ],
    [
      'an entity type of the name of an earlier common type',
      ['type U = String; entity D { owner: U };', 'entity U;'],
      ['error 2:1:8: `U` has a meaning in earlier layers that this declaration would change'],
    ],
    [
      'a type of the name of one that Cedar has itself',
      ['namespace A { entity D { from: ipaddr }; }', 'namespace A { type ipaddr = String; }'],
      ['error 2:1:20: `ipaddr` has a meaning in earlier layers that this declaration would change'],
    ],
    [
      'a name that stands in the way of one outside of all namespaces',
      ['entity U; namespace A { entity D { owner: U }; }', 'namespace A { entity U; }'],
      [
        'error 2:1:1: definition of `A::U` illegally shadows the existing definition of `U` (try renaming one of the definitions, or moving `U` to a different namespace)',
      ],
    ],
    [
      'what only a later layer declares',
      ['entity D in [Later];', 'entity Later;'],
      ['error 1:1:14: `Later` is not declared as a common or entity type'],
    ],
    [
      'what nothing declares',
      ['entity D;', 'action a appliesTo { principal: D, resource: Gone };'],
      ['error 2:1:46: `Gone` is not declared as a common or entity type'],
    ],
    [
      'what is no schema, at its place in each',
      ['entity;', 'namespace A { entity é; }'],
      ['error 1:1:7: unexpected token `;`', 'error 2:1:22: invalid token'],
    ],
  ])('%s', (_, texts, expected) => {
    const { schema, lines } = parsed(...texts);
    expect(schema).toBeUndefined();
    expect(lines.map((line, index) => line.slice(0, expected[index]?.length))).toEqual(expected);
  });
});

it('says what Cedar warns of at its place', () => {
  const { schema, lines } = parsed('entity A;', '// é\nentity X;\ntype X = String;');
  expect(schema).toBeDefined();
  expect(lines).toEqual([expect.stringMatching(/^warning 2:\d:\d+: The common type name X shadows/)]);
});
