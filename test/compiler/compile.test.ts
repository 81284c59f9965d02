import { describe, expect, it } from 'vitest';
import { compileArchive, compileDirectory, compileFiles, compileInWorker } from '../../compiler/index.ts';
import { fromMessage, toMessage } from '../../compiler/worker-message.ts';
import { createPdp, formatProblem } from '../../engine/index.ts';
import { atOnce } from '../../engine/steps.ts';
import { bundleOf, directoryOf, files, jobOf, problemLines } from '../bundles.ts';

const SCHEMA = `entity Group; entity User in [Group] { level: Long };
entity Doc { owner: User } tags String;
entity Color enum ["red", "blue"];
action read, write appliesTo { principal: User, resource: Doc, context: { now?: datetime } };
`;
const POLICY = '@id("p") permit(principal, action, resource);\n';
const sources = (more: Record<string, string>) => ({ 'p.cedar': POLICY, 's.cedarschema': SCHEMA, ...more });

async function problems(contents: Record<string, string>): Promise<string[]> {
  return problemLines(await compileFiles(files(contents)));
}

describe('policies', () => {
  it('are reported each by itself, where the mistake is', async () => {
    const text = `// a comment; with "quotes" and é
@id("one") permit(principal, action, resource) when { principal.levle == 1 };
permit(principal, action resource);
@note("a;b") permit(principal, action, resource) when { "x;y" like "é*" && context.nope };
forbid(principal, action == Action::"raed", resource);
permit(principal, action, resource`;
    expect(await problems({ 'p.cedar': text, 's.cedarschema': SCHEMA })).toEqual([
      'p.cedar:2:55: attribute `levle` on entity type `User` not found',
      'p.cedar:3:26: unexpected token `resource`',
      'p.cedar:4:76: attribute `nope` in context for Action::"read" not found',
      'p.cedar:4:76: attribute `nope` in context for Action::"write" not found',
      'p.cedar:5:1: unable to find an applicable action given the policy scope constraints',
      'p.cedar:5:1: policy is impossible: the policy expression evaluates to false for all valid requests',
      'p.cedar:5:29: unrecognized action `Action::"raed"`',
      'p.cedar:6:35: unexpected end of input',
    ]);
  });

  it('have the id of their @id, or of their file and place', async () => {
    const bundle = await bundleOf({
      'a.cedar': `permit(principal, action, resource); ${POLICY}`,
      'policies/deep/b.cedar': POLICY.replace('"p"', '"q"'),
    });
    expect(Object.keys(bundle.policies.staticPolicies)).toEqual(['a.cedar#1', 'p', 'q']);
  });

  it('cannot share an id', async () => {
    expect(await problems({ 'a.cedar': POLICY, 'b.cedar': `\n${POLICY}` })).toEqual([
      'b.cedar:2:1: the policy id "p" is taken',
    ]);
  });

  it('that nest too deep are told so, and the parser lives', async () => {
    const nested = (open: string, close: string, levels: number) =>
      `permit(principal, action, resource) when { ${open.repeat(levels)}true${close.repeat(levels)} };`;
    const chain = `permit(principal, action, resource) when { ${Array(3_000).fill('context has a').join(' || ')} };`;
    const text = [
      nested('(', ')', 500),
      nested('!(', ')', 70),
      chain,
      'permit(principal, action, resource) when { 1 + };',
    ].join('\n');
    expect(await problems({ 'p.cedar': text })).toEqual([
      expect.stringMatching(/^p\.cedar:1:\d+: nests brackets 501 deep; the limit is 64$/),
      expect.stringMatching(/^p\.cedar:2:\d+: nests brackets 71 deep; the limit is 64$/),
      'p.cedar:3:1: this policy is too deep for the Cedar parser',
      'p.cedar:4:48: unexpected token `}`',
    ]);
  });

  it('may be as long as chains of 1,000 operators, also from a worker', async () => {
    const terms = Array.from({ length: 1_000 }, (_, index) => `context.n == ${index}`);
    const sum = `context.n${' + 1'.repeat(900)} == 1900`;
    const text = `@id("or") permit(principal, action, resource) when { ${terms.join(' || ')} };
      @id("sum") permit(principal, action, resource) when { ${sum} };`;
    const result = await compileInWorker(jobOf({ directory: await directoryOf({ 'p.cedar': text }) }));
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    const ask = (n: number) =>
      createPdp(result.bundle).decide({
        subject: { type: 'User', id: 'a' },
        action: { name: 'read' },
        resource: { type: 'Doc', id: 'd' },
        context: { n },
      });
    expect(ask(999).context?.policies).toEqual(['or']);
    expect(ask(1_000).context?.policies).toEqual(['sum']);
    expect(ask(1_001).decision).toBe(false);
  });

  it('that the engine does not take are told where they are', async () => {
    const sum = `permit(principal, action, resource) when { context.n${' + 1'.repeat(1_005)} == 1 };`;
    expect(await problems({ 'p.cedar': `${POLICY}\n @id("sum") ${sum}` })).toEqual([
      'p.cedar:3:2: policy sum: an expression nests deeper than 1000 levels',
    ]);
  });

  it('have integers of 64 bits, each exact', async () => {
    const text = (number: string) => `permit(principal, action, resource) when { context.n == ${number} };`;
    const ask = async (number: string, n: number | bigint) =>
      createPdp(await bundleOf({ 'p.cedar': text(number) })).decide({
        subject: { type: 'User', id: 'a' },
        action: { name: 'read' },
        resource: { type: 'Doc', id: 'd' },
        context: { n },
      }).decision;
    expect(await ask('9007199254740993', 9007199254740993n)).toBe(true);
    expect(await ask('9007199254740993', 9007199254740992n)).toBe(false);
    expect(await ask('-9223372036854775808', -(2n ** 63n))).toBe(true);
    expect(await problems({ 'p.cedar': text('9223372036854775808') })).toEqual([
      'p.cedar:1:57: integer literal `9223372036854775808` is too large',
    ]);
  });

  it('that can never apply are a warning', async () => {
    const result = await compileFiles(
      files(sources({ 'q.cedar': 'permit(principal, action, resource) when { false };' })),
    );
    expect(result.ok && result.warnings.map(formatProblem)).toEqual([
      expect.stringMatching(/^q\.cedar:1:1: warning: policy is impossible/),
    ]);
  });

  it('are needed', async () => {
    expect(await problems({ 's.cedarschema': SCHEMA })).toEqual([
      '.:1:1: there is no policy: a bundle has at least one *.cedar file',
    ]);
  });

  it('may be templates with links', async () => {
    const template = '@id("t") @advice("hi") permit(principal == ?principal, action, resource == ?resource);';
    const link = {
      templateId: 't',
      newId: 'ann-d',
      values: { '?principal': { type: 'User', id: 'ann' }, '?resource': { type: 'Doc', id: 'd' } },
    };
    const pdp = createPdp(
      await bundleOf({ 'p.cedar': template, 's.cedarschema': SCHEMA, 'links.json': JSON.stringify([link]) }),
    );
    const ask = (id: string) =>
      pdp.decide({
        subject: { type: 'User', id },
        action: { name: 'read' },
        resource: { type: 'Doc', id: 'd' },
      });
    expect(ask('ann')).toEqual({
      decision: true,
      context: { policies: ['ann-d'], revision: pdp.revision, advice: ['hi'] },
    });
    expect(ask('bob').decision).toBe(false);
    const wrong = [{ ...link, newId: 't' }, { ...link, templateId: 'x' }, { ...link, values: {} }, {}];
    expect(await problems({ 'p.cedar': template, 'links.json': JSON.stringify(wrong, null, 1) })).toEqual([
      expect.stringMatching(/^links\.json:2:\d+: the policy id "t" is taken$/),
      expect.stringMatching(/: there is no template with the id "x"$/),
      expect.stringMatching(
        /: "values" must give \?principal and \?resource, each a \{"type", "id"\}, and nothing else$/,
      ),
      expect.stringMatching(/: a template link needs "templateId" and "newId", both strings$/),
    ]);
  });
});

describe('the schema', () => {
  it('is reported where it is wrong', async () => {
    expect(await problems({ 'p.cedar': POLICY, 's.cedarschema': 'entity User;\nentity ;\n' })).toEqual([
      's.cedarschema:2:8: unexpected token `;`',
    ]);
    expect(await problems({ 'p.cedar': POLICY, 's.cedarschema': 'entity User in [Gruop];' })).toEqual([
      's.cedarschema:1:17: `Gruop` is not declared as a common or entity type',
    ]);
  });

  it('is one', async () => {
    expect(await problems(sources({ 't.cedarschema': '' }))).toEqual([
      't.cedarschema:1:1: a bundle has one schema, and s.cedarschema is there already',
    ]);
  });

  it('declares actions in one namespace', async () => {
    const two =
      'namespace A { entity U; action a appliesTo { principal: U, resource: U }; } namespace B { action b appliesTo { principal: A::U, resource: A::U }; }';
    expect(await problems({ 'p.cedar': POLICY, 's.cedarschema': two })).toEqual([
      's.cedarschema:1:1: actions are declared in several namespaces (A, B); a request names an action in one only',
    ]);
  });

  it('has no chain of common types that a value could not nest as deep as', async () => {
    const chain = (length: number) => {
      const types = Array.from(
        { length },
        (_, n) => `type T${n} = { a?: ${n + 1 < length ? `T${n + 1}` : 'Long'} };`,
      );
      const schema = `${types.join(' ')} entity User { a: T0 }; action read appliesTo { principal: User, resource: User };`;
      return compileFiles(files({ 'p.cedar': POLICY, 's.cedarschema': schema }));
    };
    expect(problemLines(await chain(1_100))).toEqual([
      expect.stringMatching(
        /^s\.cedarschema:1:1: the schema cannot be read: types nest deeper than 1000 levels/,
      ),
    ]);
    expect(await chain(400)).toMatchObject({ ok: true });
  });
});

describe('entities', () => {
  it('are reported all, each at its value', async () => {
    const text = `[
  {"uid": {"type": "User", "id": "a"}, "attrs": {"level": "high", "nope": 1}, "parents": [{"type": "Group", "id": "none"}]},
  {"uid": {"type": "User", "id": "b"}, "attrs": {}, "parents": [{"type": "Doc", "id": "d"}]},
  {"uid": {"type": "Car", "id": "c"}, "attrs": {}, "parents": []},
  {"uid": {"type": "Color", "id": "green"}, "attrs": {}, "parents": []},
  {"uid": {"type": "User", "id": "b"}, "attrs": {"level": 9223372036854775808}, "parents": []},
  {"uid": "User::x", "attrs": {}, "parents": []},
  {"uid": {"type": "Doc", "id": "e"}, "attrs": {"owner": {"type": "Group", "id": "g"}}, "parents": [], "tags": {"t": 1}, "parent": []},
  {"uid": {"type": "Action", "id": "read"}, "attrs": {}, "parents": []},
  7
]`;
    expect(await problems(sources({ 'entities.json': text }))).toEqual([
      'entities.json:2:59: is not a whole number',
      'entities.json:2:75: User has no attribute "nope" in the schema',
      'entities.json:2:91: the parent Group::"none" is not among the entities',
      'entities.json:3:49: User::"b" lacks the attribute "level", which the schema requires',
      'entities.json:3:65: a User cannot be in a Doc: the schema does not say so',
      'entities.json:4:11: the schema has no entity type Car',
      'entities.json:5:11: Color::"green" is not one of the ids that the schema enumerates',
      'entities.json:6:11: User::"b" is there twice; the first is at entities.json:3',
      'entities.json:6:59: is beyond the 64 bits of a Long, from -2^63 to 2^63 - 1',
      'entities.json:7:11: an entity needs a uid with a "type" (a Cedar type name) and an "id", both strings',
      'entities.json:8:58: is a Group, not a User',
      'entities.json:8:118: is not a string',
      'entities.json:8:132: "parent" is not a part of an entity: uid, attrs, parents and tags are',
      'entities.json:9:11: actions are declared in the schema, not among the entities',
      'entities.json:10:3: is not an entity: needs uid, attrs and parents',
    ]);
  });

  it('have in their records what the schema has, and nothing else', async () => {
    const schema = `entity U { address: { city: String }, list: Set<{ a?: Long }> } tags { t: Long };
      action read appliesTo { principal: U, resource: U };`;
    const entity = {
      uid: { type: 'U', id: 'u' },
      attrs: { address: { city: 'x', zipp: 1 }, list: [{ a: 1 }, { a: 1, b: 2 }] },
      parents: [],
      tags: { one: { t: 1, u: 1 } },
    };
    const text = JSON.stringify([entity]);
    expect(await problems({ 'p.cedar': POLICY, 's.cedarschema': schema, 'entities.json': text })).toEqual(
      ['"zipp":1', '"b":2', '"u":1'].map(
        (member) => `entities.json:1:${text.indexOf(member) + member.indexOf(':') + 2}: is not in the schema`,
      ),
    );
  });

  const group = (id: string, ...parents: string[]) => ({
    uid: { type: 'G', id },
    attrs: {},
    parents: parents.map((parent) => ({ type: 'G', id: parent })),
  });

  it('are never in a circle', async () => {
    const circle = [
      group('a', 'b'),
      group('b', 'c'),
      group('c', 'a'),
      group('self', 'self'),
      group('fine', 'a'),
    ];
    expect(await problems({ 'p.cedar': POLICY, 'entities.json': JSON.stringify(circle) })).toEqual([
      expect.stringContaining('G::"c" is its own ancestor, by its parent G::"a"'),
      expect.stringContaining('G::"self" is its own ancestor, by its parent G::"self"'),
    ]);
  });

  it('have no more than 256 levels above them', async () => {
    const chain = (length: number) =>
      Array.from({ length }, (_, index) =>
        group(String(index), ...(index + 1 < length ? [String(index + 1)] : [])),
      );
    const compile = (length: number) =>
      compileFiles(files({ 'p.cedar': POLICY, 'entities.json': JSON.stringify(chain(length)) }));
    expect((await compile(257)).ok).toBe(true);
    expect(problemLines(await compile(20_000))).toEqual([
      expect.stringContaining('has more than 256 levels above it'),
    ]);
  });

  it.each([
    ['[{"a":1,]', 'entities/x.json:1:9: is not JSON: property name expected'],
    ['{}', 'entities/x.json:1:1: must be a list of entities'],
    ['', 'entities/x.json:1:1: is not JSON: value expected'],
    [`${'['.repeat(100_000)}`, 'entities/x.json:1:81: nests deeper than 80 levels'],
  ])('are JSON lists: %.20s', async (text, problem) => {
    expect(await problems({ 'p.cedar': POLICY, 'entities/x.json': text })).toEqual([problem]);
  });

  it('may use implied and explicit forms alike', async () => {
    const entity = (owner: unknown) => [
      { uid: { __entity: { type: 'Doc', id: 'd' } }, attrs: { owner }, parents: [] },
    ];
    const bundle = async (owner: unknown) =>
      (await bundleOf(sources({ 'entities.json': JSON.stringify(entity(owner)) }))).entities;
    const explicit = [
      {
        uid: { type: 'Doc', id: 'd' },
        attrs: { owner: { __entity: { type: 'User', id: 'a' } } },
        parents: [],
      },
    ];
    expect(await bundle({ type: 'User', id: 'a' })).toEqual(explicit);
    expect(await bundle({ __entity: { type: 'User', id: 'a' } })).toEqual(explicit);
  });
});

describe('sources', () => {
  it('have one revision as files, directory, archive and in a worker', async () => {
    const contents = sources({ 'tests/t.json': '[]', 'README.md': 'x', 'other/p.cedar': 'not a policy' });
    const directory = await directoryOf(contents);
    const fromFiles = await compileFiles(files(contents));
    const fromDirectory = await compileDirectory(directory);
    const fromWorker = await compileInWorker(jobOf({ directory }));
    const results = [fromFiles, fromDirectory, fromWorker];
    expect(new Set(results.map((result) => result.ok && result.bundle.revision)).size).toBe(1);
    if (!fromDirectory.ok) throw new Error('the bundle is not good');
    const { revision } = fromDirectory.bundle;
    const layers = [{ revision, content: expect.stringMatching(new RegExp(`^${revision}[0-9a-f]{48}$`)) }];
    expect(fromWorker).toEqual(atOnce(fromMessage(toMessage({ ...fromDirectory, layers }))));
    const changed = await compileFiles(files({ ...contents, 'p.cedar': `${POLICY} ` }));
    expect(changed.ok && changed.bundle.revision).not.toBe(fromFiles.ok && fromFiles.bundle.revision);
  });

  it('that are missing or no archive are one plain problem', async () => {
    expect(problemLines(await compileDirectory('/no/such/place'))).toEqual([
      '/no/such/place:1:1: no such directory',
    ]);
    expect(problemLines(await compileInWorker(jobOf({ archive: Buffer.from('x') })))).toEqual([
      expect.stringMatching(/^archive:1:1: is not a whole \.tar\.gz/),
    ]);
    expect(problemLines(await compileArchive(new Uint8Array()))).toHaveLength(1);
  });

  it('that would kill the parser never get to it', async () => {
    const killer = `permit(principal, action, resource) when { ${'if true then true else '.repeat(3_000)}true };`;
    const directory = await directoryOf({ 'p.cedar': killer });
    expect(problemLines(await compileDirectory(directory))).toEqual([
      'p.cedar:1:1: this policy is too deep for the Cedar parser',
    ]);
    expect((await compileFiles(files({ 'p.cedar': POLICY }))).ok).toBe(true);
  });

  it('that the compiler fails over are a problem, not the end of the process', async () => {
    expect(problemLines(await compileInWorker(7 as never))).toEqual([
      expect.stringMatching(/^\.:1:1: the compiler failed: /),
    ]);
  });
});
