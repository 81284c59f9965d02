import { describe, expect, it } from 'vitest';
import { buildArchive, compileArchive, compileFiles, type Files } from '../../../compiler/index.ts';
import { MAX_RULES } from '../../../compiler/urls/parse-rules.ts';
import { formatProblem, readArchive } from '../../../engine/index.ts';

const SCHEMA = `
  entity User;
  entity Folder;
  entity Note { label?: String, size?: Long };
  action view appliesTo { principal: User, resource: Note };
`;

function filesOf(urls: unknown, schema?: string): Files {
  const texts: Record<string, string> = {
    'p.cedar': 'permit(principal, action, resource);',
    'urls.json': typeof urls === 'string' ? urls : JSON.stringify(urls),
    ...(schema === undefined ? {} : { 's.cedarschema': schema }),
  };
  return new Map(Object.entries(texts).map(([path, text]) => [path, new TextEncoder().encode(text)]));
}

async function problemsOf(urls: unknown, schema?: string): Promise<string[]> {
  const result = await compileFiles(filesOf(urls, schema));
  return result.ok ? [] : result.problems.map(formatProblem);
}

const GOOD = { method: 'GET', path: '/notes/{id}', action: 'view', resource: 'Note' };

describe('a rule that is wrong is told with its number, its place and what to do', () => {
  it.each([
    [{}, 'must be a list of URL rules'],
    ['[', 'is not JSON'],
    [['x'], 'rule 0: must be an object with method, host, path, regex'],
    [
      [{ ...GOOD, method: undefined }],
      'rule 0: method: must be an HTTP method such as "GET", a list of them',
    ],
    [[{ ...GOOD, method: [] }], 'rule 0: method: must be an HTTP method'],
    [[{ ...GOOD, method: 'GET POST' }], 'rule 0: method: must be an HTTP method'],
    [[{ ...GOOD, http_method: 'GET' }], 'rule 0: http_method: is not a part of a rule; here this is method'],
    [[{ ...GOOD, url: '/x' }], 'rule 0: url: is not a part of a rule; here this is path (and host)'],
    [[{ ...GOOD, toString: 1 }], 'rule 0: toString: is not a part of a rule; there are method, host, path'],
    [[{ ...GOOD, path: undefined }], 'rule 0: a rule has either a path, such as "/notes/{id}", or a regex'],
    [[{ ...GOOD, regex: '/x' }], 'rule 0: regex: a rule has either a path'],
    [[{ ...GOOD, path: 5 }], 'rule 0: path: must be a template such as "/notes/{id}"'],
    [[{ ...GOOD, path: 'notes' }], 'rule 0: path: must begin with /'],
    [[{ ...GOOD, path: '/a//b' }], 'rule 0: path: has an empty segment'],
    [
      [{ ...GOOD, path: '/a/v{n}' }],
      'rule 0: path: a placeholder is a whole segment, as in /notes/{id}; for part of one',
    ],
    [[{ ...GOOD, path: '/a/{}' }], 'rule 0: path: {} is not a placeholder'],
    [[{ ...GOOD, path: '/a/{__proto__}' }], 'rule 0: path: {__proto__} is not a placeholder'],
    [[{ ...GOOD, path: '/{a}/{a}' }], 'rule 0: path: {a} is captured twice'],
    [[{ ...GOOD, path: '/a/../b' }], 'rule 0: path: no request gets as far as segment ".."'],
    [[{ ...GOOD, path: '/a b' }], 'rule 0: path: no request gets as far as segment "a b"'],
    [[{ ...GOOD, path: '/a?b=1' }], 'rule 0: path: no request gets as far as segment "a?b=1"'],
    [
      [{ ...GOOD, path: undefined, regex: '/(x' }],
      'rule 0: regex: is not an RE2 expression: missing closing )',
    ],
    [[{ ...GOOD, path: undefined, regex: '/(?=x)' }], 'there are no look-arounds and back-references'],
    [[{ ...GOOD, path: undefined, regex: '/(a)\\1' }], 'rule 0: regex: is not an RE2 expression'],
    [[{ ...GOOD, path: undefined, regex: '/(?P<_a>x)' }], 'rule 0: regex: "_a" is not a name'],
    [
      [{ ...GOOD, path: undefined, regex: `/${'a'.repeat(1000)}` }],
      'rule 0: regex: is longer than 1000 characters',
    ],
    [
      [{ ...GOOD, path: undefined, regex: '/(?s-i:a)' }],
      'rule 0: regex: has (?-i): letter case never chooses between rules',
    ],
    [
      [{ ...GOOD, path: undefined, regex: '/(?:abc){900}' }],
      'rule 0: regex: with this one the expressions have programs of',
    ],
    [[{ ...GOOD, host: 'https://x' }], 'rule 0: host: must be a host name without scheme and port'],
    [[{ ...GOOD, host: 'x:80' }], 'rule 0: host: must be a host name without scheme and port'],
    [[{ ...GOOD, query: ['a'] }], 'rule 0: query: must be an object of names with text'],
    [[{ ...GOOD, query: { a: 1 } }], 'rule 0: query.a: must be text'],
    [[{ ...GOOD, query: { a: '{a b}' } }], 'rule 0: query.a: {a b} is not a placeholder'],
    [[{ ...GOOD, query: { a: '{id}' } }], 'rule 0: path: {id} is captured twice'],
    [[{ ...GOOD, headers: { 'a b': 'x' } }], 'rule 0: headers.a b: is not the name of a header'],
    [[{ ...GOOD, headers: { Authorization: '{t}' } }], 'rule 0: headers.Authorization: holds a secret'],
    [[{ ...GOOD, headers: { a: 'x', A: 'y' } }], 'rule 0: headers.A: is there twice'],
    [[{ ...GOOD, action: undefined }], 'rule 0: action: must be the name of an action'],
    [[{ ...GOOD, resource: undefined }], 'rule 0: resource: must be an entity type, or an object with type'],
    [[{ ...GOOD, resource: 'No te' }], 'rule 0: resource: "No te" is not a Cedar entity type name'],
    [[{ ...GOOD, resource: { id: '{id}' } }], 'rule 0: resource.type: must be an entity type'],
    [
      [{ ...GOOD, resource: { type: 'Note', key: '{id}' } }],
      'rule 0: resource.key: is not a part of a rule; here this is id',
    ],
    [
      [{ ...GOOD, resource: { type: 'Note', id: '{nope}' } }],
      'rule 0: resource.id: nothing is captured as {nope}; captured: id',
    ],
    [
      [{ ...GOOD, path: '/{a}/{b}', resource: { type: 'Note', id: '{a}{b}' } }],
      'rule 0: resource.id: has two placeholders with nothing between',
    ],
    [[{ ...GOOD, resource: { type: 'Note', id: '{id' } }], 'rule 0: resource.id: has a brace'],
    [
      [{ ...GOOD, resource: { type: 'Note', attributes: { a: '' } } }],
      'rule 0: resource.attributes.a: must not be empty',
    ],
    [[{ ...GOOD, priority: 1.5 }], 'rule 0: priority: must be a whole number; the highest is tried first'],
    [[GOOD, { ...GOOD, path: '/notes/{name}' }], 'rule 1: never applies: rule 0 comes before it'],
    [[GOOD, { ...GOOD, method: '*', priority: 3 }], 'rule 0: never applies: rule 1 comes before it'],
    [
      Array.from({ length: MAX_RULES + 1 }, () => GOOD),
      `there are ${MAX_RULES + 1} rules; ${MAX_RULES} are the most`,
    ],
  ])('%j', async (urls, message) => {
    const problems = await problemsOf(urls);
    expect(problems).toEqual([expect.stringContaining(message)]);
    expect(problems[0]).toMatch(/^urls\.json:\d+:\d+: /);
  });

  it('all of them, at line and column', async () => {
    const text = `[
  {"method": "GET", "path": "/a", "action": "view", "resource": "Note"},
  {"method": "GET", "path": "b", "action": "view", "resource": "Note"},
  {"method": "GET", "path": "/c", "action": "view", "resource": {"type": "Note", "id": "{x}"}}
]`;
    expect(await problemsOf(text)).toEqual([
      'urls.json:3:29: rule 1: path: must begin with /',
      'urls.json:4:88: rule 2: resource.id: nothing is captured as {x}',
    ]);
  });
});

describe('with a schema', () => {
  it.each([
    [{ ...GOOD, resource: 'Nothing' }, 'rule 0: resource: the schema has no entity type Nothing'],
    [{ ...GOOD, action: 'edit' }, 'rule 0: action: the schema has no action Action::"edit"'],
    [
      { ...GOOD, resource: 'Folder' },
      'rule 0: action: Action::"view" does not apply to a Folder in the schema',
    ],
    [
      { ...GOOD, resource: { type: 'Note', attributes: { colour: '{id}' } } },
      'rule 0: resource.attributes.colour: Note has no such attribute in the schema',
    ],
    [
      { ...GOOD, resource: { type: 'Note', attributes: { size: '{id}' } } },
      'rule 0: resource: the attribute size of Note is not a String in the schema, and what a URL has is text',
    ],
    [{ ...GOOD, path: '/{size}' }, 'rule 0: resource: the attribute size of Note is not a String'],
  ])('%j', async (rule, message) => {
    expect(await problemsOf([rule], SCHEMA)).toEqual([expect.stringContaining(message)]);
  });

  it('takes what fits it', async () => {
    const rules = [
      GOOD,
      { ...GOOD, path: '/sizes/{size}', resource: { type: 'Note', id: '{size}' } },
      { ...GOOD, path: '/labels/{l}', resource: { type: 'Note', attributes: { label: '{l}' } } },
    ];
    expect(await problemsOf(rules, SCHEMA)).toEqual([]);
  });
});

describe('rules are part of a bundle', () => {
  const rules = [
    GOOD,
    { ...GOOD, method: ['post', 'PUT'], priority: 2, resource: { type: 'Note', id: '{id}' } },
  ];
  const compiled = async (urls: unknown) => {
    const result = await compileFiles(filesOf(urls));
    if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'));
    return result.bundle;
  };

  it('in the order in which they are tried, as built and as read again', async () => {
    const bundle = await compiled(rules);
    expect(bundle.urlRules).toEqual([
      {
        methods: ['POST', 'PUT'],
        path: { template: '/notes/{id}' },
        action: 'view',
        resource: { type: 'Note', id: '{id}' },
      },
      { methods: ['GET'], path: { template: '/notes/{id}' }, action: 'view', resource: { type: 'Note' } },
    ]);
    const archive = await buildArchive(bundle, filesOf(rules));
    expect((await readArchive(archive)).urlRules).toEqual(bundle.urlRules);
    const again = await compileArchive(archive);
    expect(again).toMatchObject({
      ok: true,
      bundle: { urlRules: bundle.urlRules, revision: bundle.revision },
    });
  });

  it('and of its revision', async () => {
    const [one, other] = [await compiled(rules), await compiled([GOOD])];
    expect(one.revision).not.toBe(other.revision);
    expect((await compiled(rules)).revision).toBe(one.revision);
  });

  it('which need not have any', async () => {
    const files = filesOf([]);
    files.delete('urls.json');
    const result = await compileFiles(files);
    expect(result.ok && 'urlRules' in result.bundle).toBe(false);
    expect((await compiled([])).urlRules).toEqual([]);
  });
});
