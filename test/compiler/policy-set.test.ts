import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { parsePolicySet, parseSchema } from '../../compiler/index.ts';
import { loadCedar } from '../../compiler/oracle/load.ts';
import { createEngine, InvalidBundleError, type PolicyJson } from '../../engine/index.ts';
import { parseJson } from '../../engine/lossless-json.ts';

const when = (expression: string) => `permit(principal, action, resource) when { ${expression} };`;
const bodyOf = (expression: string) =>
  parsePolicySet(when(expression)).staticPolicies.policy0?.conditions[0]?.body;

/** The problems of text that must be refused. */
function problemsOf(parse: () => unknown): string[] {
  try {
    parse();
  } catch (error) {
    if (error instanceof InvalidBundleError) return error.message.split('\n');
    throw error;
  }
  throw new Error('it was taken');
}

/**
 * What the official package makes of a policy, digit by digit: its WebAssembly hands over JSON text with exact
 * integers, which only `JSON.parse` rounds. Undefined where it refuses.
 */
function officialJson(text: string): PolicyJson | undefined {
  const cedar = loadCedar();
  const parse = vi.spyOn(JSON, 'parse');
  try {
    cedar.policyToJson(text);
    const answer = parse.mock.calls.at(-1)?.[0] as string;
    parse.mockRestore();
    return (parseJson(answer) as { json?: PolicyJson }).json;
  } finally {
    parse.mockRestore();
  }
}

/** What ours makes of it; undefined where it refuses. */
function ourJson(text: string): PolicyJson | undefined {
  try {
    return parsePolicySet(text).staticPolicies.policy0;
  } catch (error) {
    if (error instanceof InvalidBundleError) return undefined;
    throw error;
  }
}

describe('parsePolicySet', () => {
  it('names statements in the order of the text, templates and policies alike, whatever their @id', () => {
    const parsed = parsePolicySet(`
      @id("x") permit(principal, action, resource);
      permit(principal == ?principal, action, resource in ?resource); // a template
      forbid(principal, action, resource) unless { true };`);
    expect(parsed).toEqual({
      staticPolicies: {
        policy0: {
          effect: 'permit',
          principal: { op: 'All' },
          action: { op: 'All' },
          resource: { op: 'All' },
          conditions: [],
          annotations: { id: 'x' },
        },
        policy2: {
          effect: 'forbid',
          principal: { op: 'All' },
          action: { op: 'All' },
          resource: { op: 'All' },
          conditions: [{ kind: 'unless', body: { Value: true } }],
        },
      },
      templates: {
        policy1: {
          effect: 'permit',
          principal: { op: '==', slot: '?principal' },
          action: { op: 'All' },
          resource: { op: 'in', slot: '?resource' },
          conditions: [],
        },
      },
      templateLinks: [],
    });
  });

  it('names them as the official parser does, past ten too', () => {
    const text = Array.from({ length: 12 }, (_, index) =>
      index === 2 || index === 10
        ? `@n("${index}") permit(principal, action, resource);`
        : 'permit(principal == ?principal, action, resource);',
    ).join('\n');
    expect(Object.keys(parsePolicySet(text).staticPolicies)).toEqual(['policy2', 'policy10']);
    // The official parts come sorted by id: "policy10" is before "policy2".
    const parts = loadCedar().policySetTextToParts(text);
    expect(parts.type === 'success' && parts.policies.map((policy) => /\d+/.exec(policy)?.[0])).toEqual([
      '10',
      '2',
    ]);
    const u = { type: 'U', id: 'u' };
    const request = { principal: u, action: { type: 'Action', id: 'a' }, resource: u };
    const plain = `${when('false')}${when('true')}${when('1 + true == 1')}`;
    const official = loadCedar().isAuthorized({
      ...request,
      context: {},
      entities: [],
      policies: { staticPolicies: plain },
    });
    const ours = createEngine({ policies: parsePolicySet(plain) }).isAuthorized(request);
    expect(ours.reasons).toEqual(['policy1']);
    expect(ours.errors.map(({ policyId }) => policyId)).toEqual(['policy2']);
    expect(official.type === 'success' && official.response.diagnostics).toMatchObject({
      reason: ['policy1'],
      errors: [{ policyId: 'policy2' }],
    });
  });

  it('takes text without a policy', () => {
    const none = { staticPolicies: {}, templates: {}, templateLinks: [] };
    expect(parsePolicySet('')).toEqual(none);
    expect(parsePolicySet(' \n// nothing\r')).toEqual(none);
  });

  it.each<[string, unknown]>([
    ['9007199254740992', { Value: 9007199254740992n }],
    ['9223372036854775807', { Value: 9223372036854775807n }],
    ['0009007199254740993', { Value: 9007199254740993n }],
    ['-9223372036854775808', { Value: -9223372036854775808n }],
    ['- // minus\n 9223372036854775808', { Value: -9223372036854775808n }],
    ['--9007199254740993', { neg: { arg: { Value: -9007199254740993n } } }],
    ['-(9007199254740993)', { neg: { arg: { Value: 9007199254740993n } } }],
    ['9007199254740991', { Value: 9007199254740991 }],
    [
      '[9007199254740993, 9007199254740991, -9007199254740990, 9007199254740993]',
      {
        Set: [
          { Value: 9007199254740993n },
          { Value: 9007199254740991 },
          { Value: -9007199254740990 },
          { Value: 9007199254740993n },
        ],
      },
    ],
    [
      '{"__proto__": 9007199254740993, b: ["9007199254740993", -9007199254740994]}',
      {
        Record: {
          ['__proto__']: { Value: 9007199254740993n },
          b: { Set: [{ Value: '9007199254740993' }, { Value: -9007199254740994n }] },
        },
      },
    ],
    ['ip("9007199254740993") // 9007199254740995\n', { ip: [{ Value: '9007199254740993' }] }],
    [
      'context.a9007199254740993 * 9007199254740993',
      {
        '*': {
          left: { '.': { left: { Var: 'context' }, attr: 'a9007199254740993' } },
          right: { Value: 9007199254740993n },
        },
      },
    ],
  ])('has the integers of %s exactly', (expression, body) => {
    expect(bodyOf(expression)).toEqual(body);
  });

  it('has exact integers in templates', () => {
    const { templates } = parsePolicySet(
      'permit(principal == ?principal, action, resource) when { 9007199254740993 == 1 };',
    );
    expect(templates.policy0?.conditions[0]?.body).toEqual({
      '==': { left: { Value: 9007199254740993n }, right: { Value: 1 } },
    });
  });

  it.each([
    ['9223372036854775808', '44: integer literal `9223372036854775808` is too large'],
    ['-9223372036854775809', '44: integer literal `9223372036854775809` is too large'],
    ['-(9223372036854775808)', '46: integer literal `9223372036854775808` is too large'],
    ['1 - 9223372036854775808', '48: integer literal `9223372036854775808` is too large'],
    ['18446744073709551616', '44: integer parse error: number too large to fit in target type'],
  ])('refuses %s', (expression, problem) => {
    expect(problemsOf(() => parsePolicySet(when(expression)))).toEqual([
      expect.stringContaining(`<text>:1:${problem}`),
    ]);
  });

  it('tells all that is wrong, each at its place and with its policy', () => {
    try {
      parsePolicySet(`permit(principal, action resource);\n${when('true')}\n  ${when('1 +')}`);
      expect.unreachable();
    } catch (error) {
      expect((error as InvalidBundleError).problems).toEqual([
        {
          severity: 'error',
          file: '<text>',
          line: 1,
          column: 26,
          message: 'unexpected token `resource`',
          help: expect.any(String),
          policy: 'policy0',
        },
        {
          severity: 'error',
          file: '<text>',
          line: 3,
          column: 50,
          message: 'unexpected token `}`',
          help: expect.any(String),
          policy: 'policy2',
        },
      ]);
    }
  });

  it.each([
    ['a comment ended by a carriage return', `// note\r${when('true')}`],
    ['white space that only Unicode has', `\u0085${when('true')}\u00a0\u0085`],
    ['a string over two lines', when('"a\nb" == 1')],
  ])('takes %s', (_name, text) => {
    expect(Object.keys(parsePolicySet(text).staticPolicies)).toEqual(['policy0']);
  });

  it.each([
    ['a byte order mark', `\ufeff${when('true')}`],
    ['a byte order mark between policies', `${when('true')}\ufeff${when('true')}`],
    ['a string without an end', when('"a')],
    ['an escaped line end', when('"a\\\nb" == 1')],
    ['a policy without its semicolon', 'permit(principal, action, resource)'],
    ['a semicolon alone', `${when('true')};`],
  ])('refuses %s as the official parser does', (_name, text) => {
    expect(loadCedar().policySetTextToParts(text).type).toBe('failure');
    expect(problemsOf(() => parsePolicySet(text)).length).toBeGreaterThan(0);
  });

  it.each([
    ['parentheses', `${'('.repeat(65)}true${')'.repeat(65)}`],
    [
      'parentheses after a comment ended by a carriage return',
      `//\r${'('.repeat(3_000)}true${')'.repeat(3_000)}`,
    ],
    ['conditions', `${'if true then true else '.repeat(3_000)}true`],
    ['conditions in conditions', `${'if '.repeat(3_000)}true${' then true else true'.repeat(3_000)}`],
    ['||', Array(5_000).fill('true').join(' || ')],
    ['&&', Array(5_000).fill('true').join('&&')],
    ['a sum', `1${' + 1'.repeat(5_000)} == 1`],
    ['a product', `1${'*1'.repeat(5_000)} == 1`],
    ['attributes', `context${'.a'.repeat(5_000)}`],
    ['attributes in brackets', `context${'["a"]'.repeat(5_000)}`],
    ['calls', `context${'.contains(1)'.repeat(5_000)}`],
    ['clauses', `true${' } unless { false'.repeat(3_000)}`],
    ['sets', `${'['.repeat(3_000)}1${']'.repeat(3_000)} == 1`],
    [
      'chains in parentheses',
      `${'(true || '.repeat(50)}${Array(1_400).fill('true').join(' || ')}${')'.repeat(50)}`,
    ],
  ])('refuses what would end the parser: %s', (_name, expression) => {
    expect(problemsOf(() => parsePolicySet(when(expression)))).toEqual([
      expect.stringMatching(/nests brackets \d+ deep; the limit is 64|too deep for the Cedar parser/),
    ]);
    expect(Object.keys(parsePolicySet(when('true')).staticPolicies)).toEqual(['policy0']);
  });

  it('takes much that is long without being deep', () => {
    const text = [
      when(`[${Array(20_000).fill('1').join()}].contains(1)`),
      when(Array(1_000).fill('context.a == 1 && context.b has c').join(' || ')),
      when(Array(500).fill('(true && (if true then !false else [1, 2].contains(3)))').join(' && ')),
    ].join('\n');
    expect(Object.keys(parsePolicySet(text).staticPolicies)).toHaveLength(3);
  });
});

const integer = fc.oneof(
  fc.nat(20).map(String),
  fc.constantFrom(
    ...[2n ** 53n, 2n ** 63n, 2n ** 64n].flatMap((edge) =>
      [-3n, -2n, -1n, 0n, 1n, 2n].map((offset) => String(edge + offset)),
    ),
  ),
  fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }).map(String),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 54n }).map((value) => `00${value}`),
);
const space = fc.constantFrom('', ' ', '\n', ' // 9007199254740993\n', '//\r', '\u0085');
const expression = fc.letrec((tie) => {
  const inner = tie('any') as fc.Arbitrary<string>;
  const joined = (...parts: (string | fc.Arbitrary<string>)[]) =>
    fc
      .tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part)))
      .map((all) => all.join(''));
  return {
    any: fc.oneof(
      { maxDepth: 4 },
      integer,
      joined(fc.constantFrom('-', '--', '---', '----', '-----', '!', '!-'), space, integer),
      joined('-', space, inner),
      joined('(', inner, ')'),
      joined('[', inner, ',', inner, ']'),
      joined('{a:', inner, ', "9007199254740993":', inner, '}'),
      joined(inner, space, fc.constantFrom('+', '-', '*', '==', '<', '&&', '||', 'in'), space, inner),
      joined(inner, '.contains(', inner, ')'),
      joined(
        inner,
        fc.constantFrom('.a9007199254740993', '["9007199254740993"]', ' has a', ' like "9007199254740993*"'),
      ),
      joined('decimal("', integer, '.0")'),
      joined('if ', inner, ' then ', inner, ' else ', inner),
      fc.constantFrom(
        'context',
        'U::"9007199254740993"',
        '"\\"9007199254740993"',
        '9007199254740993a',
        '1_0',
        '1e3',
      ),
    ),
  };
}).any as fc.Arbitrary<string>;

describe('the integers of any policy', () => {
  it('are those of the official parser, which decides what is one', () => {
    let taken = 0;
    let beyond = 0;
    fc.assert(
      fc.property(expression, (body) => {
        const text = when(body);
        const official = officialJson(text);
        expect(ourJson(text)).toEqual(official);
        if (official !== undefined) taken += 1;
        if (hasBigInt(official)) beyond += 1;
      }),
      { numRuns: 1_500 },
    );
    expect(taken).toBeGreaterThan(100);
    expect(beyond).toBeGreaterThan(50);
  });

  it('change nothing in policies that have none beyond 2^53 - 1', () => {
    fc.assert(
      fc.property(expression, (body) => {
        const text = when(body);
        const answer = loadCedar().policyToJson(text);
        fc.pre(answer.type === 'success' && !hasBigInt(officialJson(text)));
        expect(ourJson(text)).toEqual(answer.type === 'success' && answer.json);
      }),
      { numRuns: 400 },
    );
  });
});

describe('any text', () => {
  it('is a policy set for the official parser and for ours, or for neither', () => {
    const piece = fc.constantFrom(
      ...[
        'permit(principal, action, resource)',
        ';',
        ' when { true }',
        ' when { "a;b" == 1 }',
        '@a("//")',
        '"',
        '\\',
      ],
      ...[
        '//',
        '\n',
        '\r',
        '\ufeff',
        '\u0085',
        '\u2028',
        ' ',
        'forbid(principal == ?principal, action, resource);',
      ],
      ...['permit(principal, action, resource);', '}', '{', '(', '/* */', '9007199254740993'],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        const text = pieces.join('');
        const official = loadCedar().policySetTextToParts(text);
        let ours: number[] | undefined;
        try {
          const { staticPolicies, templates } = parsePolicySet(text);
          ours = [Object.keys(staticPolicies).length, Object.keys(templates).length];
        } catch (error) {
          if (!(error instanceof InvalidBundleError)) throw error;
        }
        expect(ours).toEqual(
          official.type === 'success'
            ? [official.policies.length, official.policy_templates.length]
            : undefined,
        );
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('parseSchema', () => {
  it('gives the JSON schema', () => {
    expect(parseSchema('entity User { level: Long };')).toEqual({
      '': {
        entityTypes: {
          User: {
            shape: {
              type: 'Record',
              attributes: { level: { type: 'EntityOrCommon', name: 'Long' } },
            },
          },
        },
        actions: {},
      },
    });
  });

  it.each([
    ['entity User\nentity Doc;', '<text>:2:1: unexpected token `entity`'],
    ['entity User in [Gruop];', '<text>:1:17: `Gruop` is not declared as a common or entity type'],
    [
      `entity U { a: ${'Set<'.repeat(3_000)}Long${'>'.repeat(3_000)} };`,
      '<text>:1:12014: nests brackets 3001 deep; the limit is 64',
    ],
  ])('refuses %.30s', (text, problem) => {
    expect(problemsOf(() => parseSchema(text))).toEqual([expect.stringContaining(problem)]);
  });
});

function hasBigInt(json: unknown): boolean {
  if (typeof json === 'bigint') return true;
  return typeof json === 'object' && json !== null && Object.values(json).some(hasBigInt);
}
