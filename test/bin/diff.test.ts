import { describe, expect, it } from 'vitest';
import { type BundleDiff, diffBundles } from '../../bin/diff/diff.ts';
import { unifiedLines } from '../../bin/diff/lines.ts';
import { bundleOf, directoryOf, files } from '../bundles.ts';
import { runPdp } from './run-pdp.ts';
import { policyOf, TARGET, testStore } from './store.ts';

const SCHEMA = `
  entity Team;
  entity User in [Team] { level?: Long };
  entity Doc { open?: Bool };
  action read, write appliesTo { principal: User, resource: Doc };
`;

const question = (name: string, user: string, action: string, decision: boolean) => ({
  name,
  request: {
    subject: { type: 'User', id: user },
    action: { name: action },
    resource: { type: 'Doc', id: 'd' },
  },
  decision,
});

const BASE: Record<string, string> = {
  'p.cedar': `@id("read") permit(principal, action == Action::"read", resource);
@id("write")
permit(principal, action == Action::"write", resource)
when { principal has level && principal.level > 1 };
@id("shared") permit(principal == ?principal, action, resource);`,
  's.cedarschema': SCHEMA,
  'entities.json': JSON.stringify([
    { uid: { type: 'User', id: 'ann' }, attrs: { level: 2 }, parents: [] },
    { uid: { type: 'User', id: 'bob' }, attrs: {}, parents: [] },
  ]),
  'links.json': JSON.stringify([
    { templateId: 'shared', newId: 'zoe', values: { '?principal': { type: 'User', id: 'zoe' } } },
  ]),
  'tests/t.json': JSON.stringify([
    question('ann writes', 'ann', 'write', true),
    question('bob does not', 'bob', 'write', false),
  ]),
};

async function diff(before: Record<string, string>, after: Record<string, string>): Promise<BundleDiff> {
  const side = async (contents: Record<string, string>) => ({
    bundle: await bundleOf(contents),
    files: files(contents),
  });
  return diffBundles(await side(before), await side(after));
}

const replaced = (file: string, from: string, to: string) => ({
  ...BASE,
  [file]: (BASE[file] ?? '').replace(from, to),
});

describe('what two bundles differ in', () => {
  it('is nothing when they say the same, whatever the order', async () => {
    const reordered = {
      ...BASE,
      'entities.json': JSON.stringify((JSON.parse(BASE['entities.json'] ?? '') as unknown[]).reverse()),
      's.cedarschema': `${SCHEMA.trim().split(';').filter(Boolean).reverse().join(';')};`,
      'tests/t.json': '[]',
    };
    const { isDifferent, decisions } = await diff(BASE, reordered);
    expect([isDifferent, decisions.asked]).toEqual([false, 2]);
  });

  it('is policies added, removed and changed, with where and what they are', async () => {
    const text = `// moved down\n@id("write")\nforbid(principal, action == Action::"write", resource);
@id("more") permit(principal, action, resource) when { resource has open && resource.open };
@id("shared") permit(principal == ?principal, action, resource);`;
    const { policies } = await diff(BASE, { ...BASE, 'p.cedar': text });
    expect(policies).toMatchObject([
      { id: 'more', change: 'added', new: { kind: 'policy', effect: 'permit', place: 'p.cedar:4' } },
      { id: 'read', change: 'removed', old: { kind: 'policy', effect: 'permit', place: 'p.cedar:1' } },
      {
        id: 'write',
        change: 'changed',
        old: { effect: 'permit', place: 'p.cedar:2' },
        new: { effect: 'forbid', place: 'p.cedar:2' },
      },
    ]);
    expect(policies.some(({ isOnlyText }) => isOnlyText)).toBe(false);
  });

  it('tells a change of the text from one of what it says', async () => {
    const [spaced] = (await diff(BASE, replaced('p.cedar', 'level > 1', 'level  >  1'))).policies;
    expect(spaced).toMatchObject({ id: 'write', change: 'changed', isOnlyText: true });
    const [other] = (await diff(BASE, replaced('p.cedar', 'level > 1', 'level > 2'))).policies;
    expect(other).toMatchObject({ id: 'write', change: 'changed' });
    expect(other).not.toHaveProperty('isOnlyText');
  });

  it('is links of templates', async () => {
    const { policies } = await diff(BASE, replaced('links.json', '"id":"zoe"', '"id":"yan"'));
    expect(policies).toMatchObject([
      { id: 'zoe', change: 'changed', new: { kind: 'link', effect: 'permit' } },
    ]);
  });

  it('is schema, entities and URL rules', async () => {
    const rule = (path: string) => ({ method: 'GET', path, action: 'read', resource: 'Doc' });
    const withRules = (contents: Record<string, string>, paths: string[]) => ({
      ...contents,
      'urls.json': JSON.stringify(paths.map(rule)),
    });
    const changed = {
      ...BASE,
      's.cedarschema': SCHEMA.replace('entity Team;', 'entity Group;')
        .replace('[Team]', '[Group]')
        .replace('Doc { open?: Bool }', 'Doc { open?: Bool, size?: Long }'),
      'entities.json': JSON.stringify([
        { uid: { type: 'User', id: 'ann' }, attrs: { level: 3 }, parents: [] },
        { uid: { type: 'Group', id: 'staff' }, attrs: {}, parents: [] },
      ]),
    };
    const { schema, entities, isDifferent } = await diff(BASE, changed);
    expect(schema).toEqual({
      added: ['entity Group'],
      removed: ['entity Team'],
      changed: ['entity Doc', 'entity User'],
    });
    expect(entities).toEqual({
      added: ['Group::"staff"'],
      removed: ['User::"bob"'],
      changed: ['User::"ann"'],
    });
    expect(isDifferent).toBe(true);

    const before = withRules(BASE, ['/a/{id}', '/b/{id}']);
    const { urlRules } = await diff(before, withRules(BASE, ['/a/{id}', '/c/{id}']));
    expect(urlRules).toEqual({
      added: ['GET /c/{id} -> read Doc'],
      removed: ['GET /b/{id} -> read Doc'],
      isReordered: false,
    });
    const reordered = await diff(before, withRules(BASE, ['/b/{id}', '/a/{id}']));
    expect(reordered).toMatchObject({
      isDifferent: true,
      urlRules: { added: [], removed: [], isReordered: true },
    });
  });

  it('is decisions of the tests of either, and the policies they are by', async () => {
    const after = {
      ...BASE,
      'p.cedar': `${BASE['p.cedar']}\n@id("bobs") permit(principal == User::"bob", action, resource);`,
      'tests/t.json': JSON.stringify([
        question('bob writes', 'bob', 'write', true),
        question('bob reads', 'bob', 'read', true),
      ]),
    };
    const { decisions } = await diff(BASE, after);
    expect(decisions).toEqual({
      asked: 3,
      changes: [
        {
          name: 'bob writes',
          place: 'tests/t.json:1',
          subject: 'User::"bob"',
          action: 'write',
          resource: 'Doc::"d"',
          old: { decision: false, policies: [] },
          new: { decision: true, policies: ['bobs'] },
        },
        {
          name: 'bob reads',
          place: 'tests/t.json:1',
          subject: 'User::"bob"',
          action: 'read',
          resource: 'Doc::"d"',
          old: { decision: true, policies: ['read'] },
          new: { decision: true, policies: ['bobs', 'read'] },
          isOnlyReason: true,
        },
      ],
    });
  });
});

it('shows lines that differ with those around them', () => {
  const lines = 'a b c d e f g h'.split(' ').join('\n');
  expect(unifiedLines(lines, lines.replace('d', 'D').replace('h', 'h\ni'))).toEqual([
    '…',
    '  b',
    '  c',
    '- d',
    '+ D',
    '  e',
    '  f',
    '  g',
    '  h',
    '+ i',
  ]);
});

describe('pdp diff', () => {
  it('ends with 0 for none, 1 for differences and 2 for what is not valid', async () => {
    const [base, other] = [await directoryOf(BASE), await directoryOf(replaced('p.cedar', '> 1', '> 2'))];
    const same = await runPdp(['diff', base, base]);
    expect(same.stdout.split('\n').slice(2)).toEqual([
      'policies   the same',
      'schema     the same',
      'entities   the same',
      'URL rules  the same',
      'decisions  2 questions of the decision tests: all decided the same',
      '',
    ]);
    expect(same.code).toBe(0);

    const different = await runPdp(['diff', base, other]);
    expect(different.stdout.split('\n').slice(2)).toEqual([
      'policies   1 changed',
      '  ~ permit write  p.cedar:2',
      '        @id("write")',
      '        permit(principal, action == Action::"write", resource)',
      '      - when { principal has level && principal.level > 1 };',
      '      + when { principal has level && principal.level > 2 };',
      'schema     the same',
      'entities   the same',
      'URL rules  the same',
      'decisions  2 questions of the decision tests: 1 decided otherwise',
      '  ~ ann writes  tests/t.json:1',
      '      User::"ann" write Doc::"d"',
      '      allow by write -> deny by no policy',
      '',
    ]);
    expect(different.code).toBe(1);

    const invalid = await directoryOf({ 'p.cedar': 'permit(' });
    expect(await runPdp(['diff', base, invalid])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/^p\.cedar:1:8: .*\npdp: \S+ is not valid\n$/),
    });
  });

  it('compares what is published, also a version of it, with what is here', async () => {
    const store = await testStore();
    const ann = await directoryOf(policyOf('ann'));
    await store.publish(policyOf('ann'));
    await store.publish(policyOf('bob'));
    expect(await store.json(['diff', `${TARGET}?versionId=version-000001`, ann])).toMatchObject({
      code: 0,
      different: false,
    });
    expect(await store.json(['diff', ann, TARGET])).toMatchObject({
      code: 1,
      different: true,
      old: { source: ann },
      new: { source: TARGET },
      policies: [{ id: 'p', change: 'changed' }],
      entities: { counts: { added: 0, removed: 0, changed: 0 } },
      decisions: { asked: 2, changes: [{ name: 'bob reads' }, { name: 'ann reads' }] },
    });
    const missing = await store.pdp(['diff', ann, `${TARGET}?versionId=version-000009`]);
    expect(missing).toMatchObject({
      code: 2,
      stderr: `pdp: ${TARGET}?versionId=version-000009: the object has no such version\n`,
    });
    const nothing = await store.pdp(['validate', 's3://policies/other.tar.gz']);
    expect(nothing).toMatchObject({
      code: 2,
      stderr:
        'pdp: s3://policies/other.tar.gz: there is no such object in the bucket: has nothing been published yet?\n',
    });
  });
});
