import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { CompileJob } from '../../compiler/index.ts';
import { compileLayers } from '../../compiler/layers.ts';
import { readTarGz } from '../../engine/archive.ts';
import { createPdp } from '../../engine/index.ts';
import type { Publication } from '../../engine/publication.ts';
import { directoryOf, files, jobOf, problemLines } from '../bundles.ts';
import { archiveOf, published } from '../published.ts';

type Contents = Record<string, string>;

const permit = (id: string, user = id) =>
  `@id("${id}") permit(principal == U::"${user}", action, resource);\n`;

/** Layers of source files, packed. */
async function jobOfSources(...layers: Contents[]): Promise<CompileJob> {
  return jobOf(...(await Promise.all(layers.map(async (one) => ({ archive: await archiveOf(files(one)) })))));
}

async function bundleOfLayers(...layers: Contents[]) {
  const result = await compileLayers(await jobOfSources(...layers));
  if (!result.ok) throw new Error(JSON.stringify(result.problems, null, 2));
  return result.bundle;
}

/** What is wrong with layers, with the help, one a line. */
async function problemsOfLayers(...layers: Contents[]): Promise<string[]> {
  const result = await compileLayers(await jobOfSources(...layers));
  if (result.ok) throw new Error('the layers are good');
  return result.problems.map(
    ({ file, line, column, message, help }) =>
      `${file}:${line}:${column}: ${message}${help === undefined ? '' : ` (${help})`}`,
  );
}

describe('several layers', () => {
  it('are one bundle: policies, links, entities, schema and URL rules of all', async () => {
    const bundle = await bundleOfLayers(
      {
        'p.cedar': `${permit('base')}@id("t") permit(principal == ?principal, action, resource);`,
        's.cedarschema': 'entity U, D; action read, write appliesTo { principal: U, resource: D };',
        'entities.json': '[{"uid":{"type":"U","id":"base"},"attrs":{},"parents":[]}]',
        'urls.json': '[{"method":"GET","path":"/base","action":"read","resource":"D"}]',
      },
      {
        'policies/p.cedar': permit('own'),
        'links.json': '[{"templateId":"t","newId":"linked","values":{"?principal":{"type":"U","id":"own"}}}]',
        'entities/u.json': '[{"uid":{"type":"U","id":"own"},"attrs":{},"parents":[]}]',
        'urls.json': '[{"method":"GET","path":"/own","action":"write","resource":"D","priority":9}]',
      },
    );
    expect(Object.keys(bundle.policies.staticPolicies)).toEqual(['base', 'own']);
    expect(bundle.policies.templateLinks).toMatchObject([{ templateId: 't', newId: 'linked' }]);
    expect(bundle.entities.map(({ uid }) => uid.id)).toEqual(['base', 'own']);
    // A priority counts inside a layer: those of an earlier one are tried first.
    expect(bundle.urlRules?.map(({ path }) => path)).toEqual([{ template: '/base' }, { template: '/own' }]);
    const pdp = createPdp(bundle);
    const ask = (id: string) =>
      pdp.evaluate({
        subject: { type: 'U', id },
        action: { name: 'read' },
        resource: { type: 'D', id: '1' },
      });
    expect([await ask('base'), await ask('own'), await ask('other')].map(({ decision }) => decision)).toEqual(
      [true, true, false],
    );
  });

  it('have policies without an id and of one file name, told apart by the position of the layer', async () => {
    const template = 'permit(principal == ?principal, action, resource);';
    const link = (newId: string) =>
      `[{"templateId":"p.cedar#2","newId":"${newId}","values":{"?principal":{"type":"U","id":"x"}}}]`;
    const one = (newId: string) => ({
      'p.cedar': `permit(principal, action, resource);${template}`,
      'links.json': link(newId),
    });
    const { policies } = await bundleOfLayers(one('a'), one('b'));
    expect(Object.keys(policies.staticPolicies)).toEqual(['1:p.cedar#1', '2:p.cedar#1']);
    // Each links the template of its own layer.
    expect(policies.templateLinks.map(({ templateId, newId }) => [templateId, newId])).toEqual([
      ['1:p.cedar#2', 'a'],
      ['2:p.cedar#2', 'b'],
    ]);
  });

  it('have a revision of theirs in order; one has its own', async () => {
    const layers = [{ 'p.cedar': permit('a') }, { 'p.cedar': permit('b') }] as const;
    const revisionOf = async (...some: Contents[]) => (await bundleOfLayers(...some)).revision;
    const [one, both, swapped] = [
      await revisionOf(layers[0]),
      await revisionOf(...layers),
      await revisionOf(layers[1], layers[0]),
    ];
    expect(both).toMatch(/^[0-9a-f]{16}$/);
    expect(new Set([one, both, swapped]).size).toBe(3);
    expect(await revisionOf({ ...layers[0] })).toBe(one);
    expect(await revisionOf(...layers)).toBe(both);
  });

  it.each<[string, Contents, Contents, string[]]>([
    [
      'a policy id',
      { 'p.cedar': permit('same') },
      { 'q.cedar': `\n${permit('same', 'other')}` },
      ['two/q.cedar:2:1: the policy id "same" is taken (the first is at one/p.cedar:1)'],
    ],
    [
      'a link',
      {
        'p.cedar': '@id("t") permit(principal == ?principal, action, resource);',
        'links.json': '[{"templateId":"t","newId":"l","values":{"?principal":{"type":"U","id":"x"}}}]',
      },
      {
        'p.cedar': permit('own'),
        'links.json': '[{"templateId":"t","newId":"l","values":{"?principal":{"type":"U","id":"y"}}}]',
      },
      ['two/links.json:1:2: the policy id "l" is taken (the first is at one/links.json:1)'],
    ],
    [
      'an entity',
      { 'p.cedar': permit('a'), 'entities.json': '[{"uid":{"type":"U","id":"x"},"attrs":{},"parents":[]}]' },
      {
        'p.cedar': permit('b'),
        'entities.json': '[\n{"uid":{"type":"U","id":"x"},"attrs":{"admin":true},"parents":[]}]',
      },
      ['two/entities.json:2:8: U::"x" is there twice; the first is at one/entities.json:1'],
    ],
    [
      'a URL rule',
      {
        'p.cedar': permit('a'),
        'urls.json': '[{"method":"GET","path":"/a/{x}","action":"r","resource":"D"}]',
      },
      {
        'p.cedar': permit('b'),
        'urls.json': '[{"method":"GET","path":"/a/{y}","action":"w","resource":"D"}]',
      },
      [
        'two/urls.json:1:2: rule 0: never applies: rule 0 of one/urls.json comes before it and fits the same requests; take one out',
      ],
    ],
    [
      'no file at all',
      { 'p.cedar': permit('a') },
      { 'README.md': '' },
      ['two:1:1: there is no file of a bundle in this layer'],
    ],
  ])('conflict over %s, at both places', async (_, first, second, expected) => {
    expect(await problemsOfLayers(first, second)).toEqual(expected);
  });

  it('are named in every problem with one of them', async () => {
    expect(
      await problemsOfLayers({ 'p.cedar': permit('a') }, { 'p.cedar': 'permit(', 'links.json': '{' }),
    ).toEqual([
      expect.stringMatching(/^two\/links\.json:1:2: is not JSON/),
      expect.stringMatching(/^two\/p\.cedar:1:8: unexpected end of input/),
    ]);
    const directory = await directoryOf({ 'p.cedar': permit('a') });
    const { layers } = jobOf({ directory }, { archive: Buffer.from('x') });
    const gone = { name: '/no', content: { directory: '/no' } };
    expect(problemLines(await compileLayers({ layers: [...layers, gone] }))).toEqual([
      expect.stringMatching(/^two\/archive:1:1: is not a whole \.tar\.gz/),
      '/no:1:1: no such directory',
    ]);
  });

  it('need a policy in one of them', async () => {
    const entities = { 'entities.json': '[]' };
    expect(await problemsOfLayers(entities, entities)).toEqual([
      expect.stringContaining('there is no policy'),
    ]);
    expect((await bundleOfLayers(entities, { 'p.cedar': permit('a') })).entities).toEqual([]);
  });
});

describe('an archive', () => {
  const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();
  const own = generateKeyPairSync('ed25519');
  const sources = { 'p.cedar': permit('a') };
  const linesOf = async (job: CompileJob) => problemLines(await compileLayers(job));

  it('is held to the limits it is given', async () => {
    const archive = await archiveOf(files({ ...sources, 'q.cedar': permit('b') }));
    expect(await linesOf({ ...jobOf({ archive }), limits: { files: 1 } })).toEqual([
      'q.cedar:1:1: is one file more than the limit of 1',
    ]);
    expect(await compileLayers({ ...jobOf({ archive }), limits: { files: 2 } })).toMatchObject({ ok: true });
  });

  it('must be signed for one of the keys, when there are any', async () => {
    const verifyKeys = pem(own.publicKey);
    const signed = await published(sources, { key: own.privateKey });
    expect(await compileLayers({ ...jobOf({ archive: signed }), verifyKeys })).toMatchObject({ ok: true });
    const refusals = [
      await published(sources),
      await published(sources, { key: generateKeyPairSync('ed25519').privateKey }),
      await archiveOf(files(sources)),
    ];
    expect(
      await Promise.all(refusals.map(async (archive) => linesOf({ ...jobOf({ archive }), verifyKeys }))),
    ).toEqual([
      ['manifest.jws:1:1: is missing: the bundle is not signed'],
      ['manifest.jws:1:1: is not a signature by one of the configured keys'],
      ['manifest.json:1:1: is missing: only a built bundle can be signed'],
    ]);
    // Each of several: a signature on one is none for another.
    expect(
      await linesOf({ ...jobOf({ archive: signed }, { archive: refusals[0] as Uint8Array }), verifyKeys }),
    ).toEqual(['two/manifest.jws:1:1: is missing: the bundle is not signed']);
  });

  it('is not taken for a signed manifest with other files', async () => {
    const unpacked = await readTarGz(await published(sources, { key: own.privateKey }));
    unpacked.set('p.cedar', new TextEncoder().encode(permit('a', 'mallory')));
    const archive = await archiveOf(unpacked);
    expect(await linesOf({ ...jobOf({ archive }), verifyKeys: pem(own.publicKey) })).toEqual([
      'p.cedar:1:1: is not what the manifest says: the digests differ',
    ]);
  });

  it('tells what it is, and is not taken when it is older than what ran', async () => {
    const archive = await published(sources, { sequence: 5 });
    const result = await compileLayers(jobOf({ archive }));
    if (!result.ok) throw new Error('it is not good');
    const { revision } = result.bundle;
    const content = result.layers[0]?.content ?? '';
    expect(result.layers).toEqual([{ revision, sequence: 5, content }]);
    expect(content).toMatch(new RegExp(`^${revision}[0-9a-f]{48}$`));
    const [job] = jobOf({ archive }).layers;
    const having = (running: Publication) =>
      compileLayers({ layers: [{ ...(job as CompileJob['layers'][number]), running }] });
    expect(await having({ revision: 'x', sequence: 4 })).toMatchObject({ ok: true });
    expect(await having({ revision: 'x' })).toMatchObject({ ok: true });
    expect(await having({ revision: result.bundle.revision, sequence: 5 })).toMatchObject({ ok: true });
    expect(await having({ revision: 'x', sequence: 5 })).toMatchObject({
      ok: false,
      problems: [
        { file: 'manifest.json', message: expect.stringContaining('publication 5, as revision x was') },
      ],
    });
    expect(await having({ revision, sequence: 4, content })).toMatchObject({ ok: true });
    expect(await having({ revision, sequence: 4, content: 'x' })).toMatchObject({
      ok: false,
      problems: [{ message: `is revision ${revision}, as what ran here, but has other content` }],
    });
    expect(await having({ revision: 'x', sequence: 6 })).toMatchObject({
      ok: false,
      problems: [
        {
          message: `is revision ${result.bundle.revision} (publication 5), older than what ran here: revision x (publication 6)`,
          help: expect.stringContaining('--allow-older'),
        },
      ],
    });
    const [unpublished] = jobOf({ archive: await published(sources) }).layers;
    expect(
      problemLines(
        await compileLayers({
          layers: [
            {
              ...(unpublished as CompileJob['layers'][number]),
              running: { revision: 'x', sequence: 1 },
            },
          ],
        }),
      ),
    ).toEqual([expect.stringContaining('(never published), older than')]);
  });
});
