import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { buildArchive } from '../../compiler/index.ts';
import { readTarGz } from '../../engine/archive.ts';
import { parseVerificationKeys, verifySignature } from '../../engine/signature.ts';
import { bundleOf, directoryOf, files } from '../bundles.ts';
import { KEY, keyPair, policyOf, TARGET, testStore, together } from './store.ts';

const FILES_REVISION = /^[0-9a-f]{16}$/;

describe('pdp publish', () => {
  it('publishes what is new as the next one, and what is there not again', async () => {
    const store = await testStore();
    const [ann, bob] = [await directoryOf(policyOf('ann')), await directoryOf(policyOf('bob'))];

    const first = await store.pdp(['publish', ann, TARGET]);
    const [{ revision = '' } = {}] = await store.manifests();
    expect(first).toEqual({
      code: 0,
      stderr: '',
      stdout:
        'passed  1 decision test on both evaluators\n' +
        `published  ${TARGET}: revision ${revision}, sequence 1, version version-000001, ${store.versions()[0]?.content?.length} bytes\n`,
    });
    expect(revision).toMatch(FILES_REVISION);
    expect(store.versions()[0]?.headers).toMatchObject({
      'content-type': 'application/gzip',
      'x-amz-meta-revision': revision,
      'x-amz-meta-sequence': '1',
      'x-amz-checksum-crc32': expect.any(String),
    });

    const again = await store.json(['publish', ann, TARGET]);
    expect(again).toMatchObject({ code: 0, outcome: 'unchanged', revision, sequence: 1 });
    expect(store.count('PutObject')).toBe(1);

    const next = await store.json(['publish', bob, TARGET]);
    expect(next).toMatchObject({
      code: 0,
      outcome: 'published',
      sequence: 2,
      versionId: 'version-000002',
      signed: null,
      tests: { passed: 1, failed: 0 },
      previous: { revision, sequence: 1, versionId: 'version-000001' },
    });
    expect(await store.manifests()).toMatchObject([
      { revision: next.revision, sequence: 2 },
      { sequence: 1 },
    ]);
    const puts = store.s3.calls.filter(({ operation }) => operation === 'PutObject');
    expect(puts.map(({ headers }) => [headers['if-none-match'], headers['if-match']])).toEqual([
      ['*', undefined],
      [undefined, store.versions()[1]?.etag],
    ]);
  });

  it('publishes nothing with --dry-run, with a failing test or what is not valid', async () => {
    const store = await testStore();
    const dry = await store.json(['publish', await directoryOf(policyOf('ann')), TARGET, '--dry-run']);
    expect(dry).toMatchObject({ code: 0, outcome: 'would-publish', sequence: 1, versionId: null });

    const failing = await store.pdp(['publish', await directoryOf(policyOf('ann', false)), TARGET]);
    expect(failing).toMatchObject({ code: 1, stderr: '' });
    expect(failing.stdout).toBe(
      'FAIL  ann reads  tests/t.json:1\n' +
        '      expected deny\n' +
        '      got      allow by p\n' +
        '0 of 1 decision test passed\n' +
        `nothing is published to ${TARGET}\n`,
    );
    const invalid = await store.pdp(['publish', await directoryOf({ 'p.cedar': 'permit(' }), TARGET]);
    expect(invalid).toMatchObject({ code: 2, stderr: expect.stringContaining('p.cedar:1:8') });
    const untested = await directoryOf({ 'p.cedar': 'permit(principal, action, resource);' });
    const { stdout } = await store.pdp(['publish', untested, TARGET, '--dry-run']);
    expect(stdout).toMatch(/^untested {2}there are no decision tests/);
    expect(store.count('PutObject')).toBe(0);
  });

  it('says when PDPs do not take it by their default limits', async () => {
    const store = await testStore();
    const padding = ' '.repeat(3_000_000);
    const source = await directoryOf({ 'p.cedar': `permit(principal, action, resource);${padding}` });
    const { code, stderr } = await store.pdp(['publish', source, TARGET]);
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(
        /^pdp: warning: PDPs refuse it unless their limits are raised: archive unpacks to more than 100 times its \d+ bytes/,
      ),
    ]);
    // It can be read again all the same.
    expect(await store.json(['publish', source, TARGET])).toMatchObject({ outcome: 'unchanged' });
  });

  it('goes on counting after the object was deleted, and over one that is damaged', async () => {
    const store = await testStore();
    const bucket = store.s3.buckets.get('policies');
    await store.publish(policyOf('ann'));
    await store.publish(policyOf('bob'));
    bucket?.delete(KEY, undefined);
    const back = await store.json(['publish', await directoryOf(policyOf('ann')), TARGET]);
    expect(back).toMatchObject({ outcome: 'published', sequence: 3, previous: null });

    store.s3.put('policies', KEY, new TextEncoder().encode('not a bundle'));
    const damaged = await store.pdp(['publish', await directoryOf(policyOf('ann')), TARGET]);
    expect(damaged.stderr).toMatch(
      /^pdp: warning: what is there is no good, and is replaced: archive is not a whole/,
    );
    expect(await store.manifests().catch(() => [])).toEqual([]);
    expect(store.versions()[0]?.headers['x-amz-meta-sequence']).toBe('4');
  });
});

it('goes on counting after what was put there without a number', async () => {
  const store = await testStore();
  for (const user of ['ann', 'bob']) await store.publish(policyOf(user));
  const built = await directoryOf(policyOf('cid'));
  await store.pdp(['build', built, '--output', `${built}/b.tar.gz`]);
  store.s3.put('policies', KEY, await readFile(`${built}/b.tar.gz`));
  const next = await store.json(['publish', await directoryOf(policyOf('dan')), TARGET]);
  expect(next).toMatchObject({ outcome: 'published', sequence: 3, previous: { sequence: null } });
});

it('does not count past the last number that readers take', async () => {
  const store = await testStore();
  const ann = policyOf('ann');
  const sequence = Number.MAX_SAFE_INTEGER;
  store.s3.put('policies', KEY, await buildArchive(await bundleOf(ann), files(ann), { sequence }));
  expect(await store.pdp(['publish', await directoryOf(policyOf('bob')), TARGET])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^pdp: what is published has sequence 9007199254740991, the last there is/),
  });
  expect(store.versions()).toHaveLength(1);
});

describe('two who publish at once', () => {
  it.each([
    ['the first', false],
    ['the next', true],
  ])('%s publication: one does, the other is told and loses nothing', async (_, isThere) => {
    const store = await testStore();
    if (isThere) await store.publish(policyOf('zoe'));
    const before = store.versions().length;
    const sources = [await directoryOf(policyOf('ann')), await directoryOf(policyOf('bob'))];
    store.s3.before = together(2, 'PutObject');
    const results = await Promise.all(sources.map((source) => store.json(['publish', source, TARGET])));
    store.s3.before = () => {};

    const winner = results.find(({ outcome }) => outcome === 'published');
    const loser = results.find(({ outcome }) => outcome === 'overtaken');
    const { revision, sequence } = winner ?? { revision: undefined, sequence: undefined };
    expect([winner?.code, loser?.code]).toEqual([0, 1]);
    expect(loser).toMatchObject({ versionId: null, overtakenBy: { revision, sequence } });
    expect(store.versions()).toHaveLength(before + 1);
    expect((await store.manifests())[0]).toMatchObject({ revision, sequence });

    const loserSource = sources[results.findIndex(({ outcome }) => outcome === 'overtaken')] ?? '';
    const rerun = await store.json(['publish', loserSource, TARGET]);
    expect(rerun).toMatchObject({ code: 0, outcome: 'published', sequence: Number(sequence) + 1 });
    expect((await store.manifests()).slice(0, 2)).toMatchObject([
      { revision: loser?.revision },
      { revision },
    ]);
  });

  it('the same content is published once', async () => {
    const store = await testStore();
    const source = await directoryOf(policyOf('ann'));
    store.s3.before = together(2, 'PutObject');
    const results = await Promise.all([1, 2].map(() => store.json(['publish', source, TARGET])));
    expect(results.map(({ code, outcome }) => [code, outcome])).toEqual([
      [0, 'published'],
      [0, 'published'],
    ]);
    expect(store.versions()).toHaveLength(1);
  });

  it('says for people who it was, and what to do', async () => {
    const store = await testStore();
    const ann = await directoryOf(policyOf('ann'));
    let overtake = async () => {
      overtake = async () => {};
      await store.publish(policyOf('bob'));
    };
    store.s3.before = ({ operation }) => (operation === 'PutObject' ? overtake() : undefined);
    const { code, stdout } = await store.pdp(['publish', ann, TARGET]);
    const [{ revision } = {}] = await store.manifests();
    expect(stdout.split('\n')[1]).toBe(
      `overtaken  somebody published revision ${revision} (sequence 1) meanwhile, and nothing was written: run again`,
    );
    expect(code).toBe(1);
  });
});

describe('a publisher that is killed', () => {
  it('before it has written leaves what was there, and the next one goes on', async () => {
    const store = await testStore();
    await store.publish(policyOf('ann'));
    const before = store.versions();
    const bob = await directoryOf(policyOf('bob'));
    const killed = new AbortController();
    // Its credentials and requests are right; it dies when it has read what is there.
    store.s3.before = ({ operation }) => {
      if (operation === 'GetObject') killed.abort();
    };
    await expect(store.kill(['publish', bob, TARGET], killed.signal)).resolves.toBe(null);
    store.s3.before = () => {};
    expect(store.versions()).toEqual(before);
    expect(await store.json(['publish', bob, TARGET])).toMatchObject({ outcome: 'published', sequence: 2 });
  });

  it('before it is answered has published: the next one finds it so', async () => {
    const store = await testStore();
    const ann = await directoryOf(policyOf('ann'));
    const killed = new AbortController();
    store.s3.before = ({ operation }) => {
      if (operation === 'PutObject') killed.abort();
    };
    await expect(store.kill(['publish', ann, TARGET], killed.signal)).resolves.toBe(null);
    store.s3.before = () => {};
    expect(await store.json(['publish', ann, TARGET])).toMatchObject({ outcome: 'unchanged', sequence: 1 });
    expect(store.versions()).toHaveLength(1);
  });
});

describe('signatures', () => {
  it.each([
    ['PDP_SIGN_KEY', '--sign-key'],
    ['PDP_VERIFY_KEY', '--verify-key'],
  ])('are not left out because %s is empty', async (variable, option) => {
    const store = await testStore();
    const ann = await directoryOf(policyOf('ann'));
    expect(await store.pdp(['publish', ann, TARGET], { [variable]: '' })).toMatchObject({
      code: 2,
      stderr: `pdp: ${option} is set but empty: set it to the key, or leave it out\n`,
    });
    expect(store.versions()).toEqual([]);
  });

  it('are made with the key, and made anew when there is none by it', async () => {
    const store = await testStore();
    const [ours, theirs] = [keyPair(), keyPair()];
    const ann = await directoryOf(policyOf('ann'));
    const publish = (env: Record<string, string>) => store.json(['publish', ann, TARGET], env);
    const sign = { PDP_SIGN_KEY: ours.privatePem };

    expect(await publish({})).toMatchObject({ sequence: 1, signed: null });
    expect(await publish(sign)).toMatchObject({ outcome: 'published', sequence: 2, signed: 'Ed25519' });
    const archive = await readTarGz(store.versions()[0]?.content ?? new Uint8Array());
    await verifySignature(archive, await parseVerificationKeys(ours.publicPem));
    expect(await publish(sign)).toMatchObject({ outcome: 'unchanged', sequence: 2 });
    expect(await publish({ PDP_SIGN_KEY: theirs.privatePem })).toMatchObject({ sequence: 3 });
  });

  it('of what is there are held to --verify-key, and nothing is published over what fails', async () => {
    const store = await testStore();
    const { privatePem, publicPem } = keyPair();
    const [ann, bob] = [await directoryOf(policyOf('ann')), await directoryOf(policyOf('bob'))];
    const keys = { PDP_SIGN_KEY: privatePem, PDP_VERIFY_KEY: publicPem };
    expect(await store.json(['publish', ann, TARGET], keys)).toMatchObject({ sequence: 1 });
    expect(await store.json(['publish', bob, TARGET], keys)).toMatchObject({ sequence: 2 });

    const unsigned = await store.pdp(['publish', ann, TARGET]);
    expect(unsigned).toMatchObject({
      code: 0,
      stderr:
        'pdp: warning: what is there is signed and this is not: PDPs with keys refuse it (--sign-key)\n',
    });
    const refused = await store.pdp(['publish', bob, TARGET], keys);
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /^pdp: --verify-key: what is published cannot be believed: manifest\.jws is missing/,
      ),
    });
    expect(store.versions()).toHaveLength(3);
  });
});

describe('what S3 refuses is told in a line', () => {
  const cases: [string, string[], Record<string, string>, RegExp][] = [
    ['no bucket', ['s3://nothing/b.tar.gz'], {}, /s3:\/\/nothing\/b\.tar\.gz: there is no bucket nothing$/],
    ['no address', ['policies/b.tar.gz'], {}, /"policies\/b\.tar\.gz" is not where bundles are published/],
    ['a folder', ['s3://policies/a/'], {}, /'s3:\/\/policies\/a\/': it names no object/],
    ['a version', ['s3://policies/a?versionId=1'], {}, /leave \?versionId out/],
    [
      'no credentials',
      [TARGET],
      { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' },
      /there are no AWS credentials: set AWS_PROFILE/,
    ],
    ['wrong credentials', [TARGET], { AWS_ACCESS_KEY_ID: 'other' }, /AWS does not take the credentials/],
    ['no region', [TARGET], { AWS_REGION: '' }, /there is no region: give --region, or set AWS_REGION/],
    [
      'nobody there',
      [TARGET],
      { AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1' },
      /cannot be reached \(ECONNREFUSED\)/,
    ],
    [
      'a wait without a URL',
      [TARGET, '--wait', 'pdp:7000'],
      {},
      /--wait: "pdp:7000" is not an http or https URL/,
    ],
    ['a cluster alone', [TARGET, '--cluster', 'pdp'], {}, /--service is missing/],
  ];
  it.each(cases)('%s', async (_, args, env, message) => {
    const store = await testStore();
    const ann = await directoryOf(policyOf('ann'));
    const outcome = await store.pdp(['publish', ann, ...args], env);
    expect(outcome.code).toBe(2);
    expect(outcome.stderr.split('\n')).toEqual([expect.stringMatching(message), '']);
    expect(store.count('PutObject')).toBe(0);
  });

  it('to read, without s3:ListBucket, and to write', async () => {
    const store = await testStore();
    const ann = await directoryOf(policyOf('ann'));
    store.s3.mayList = false;
    const hidden = await store.pdp(['publish', ann, TARGET]);
    expect(hidden).toMatchObject({ code: 2, stderr: expect.stringContaining('Without s3:ListBucket') });
    store.s3.mayList = true;
    store.s3.refuse('PutObject', 403);
    const unwritten = await store.pdp(['publish', ann, TARGET]);
    expect(unwritten).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /^pdp: s3:\/\/policies\/bundle\.tar\.gz: AWS does not allow it: .*--help/,
      ),
    });
    expect(store.versions()).toEqual([]);
  });

  it('is asked where the bucket is, in another region than the one that is set', async () => {
    const store = await testStore({ buckets: { policies: { region: 'eu-north-1' } } });
    const ann = await directoryOf(policyOf('ann'));
    expect(await store.json(['publish', ann, TARGET])).toMatchObject({ outcome: 'published' });
    const named = await store.json(['publish', ann, TARGET, '--region', 'eu-north-1']);
    expect(named).toMatchObject({ outcome: 'unchanged' });
  });
});

it('publishes an archive as it is, under its own revision', async () => {
  const store = await testStore();
  const ann = await directoryOf(policyOf('ann'));
  await store.pdp(['build', ann, '--output', `${ann}/b.tar.gz`]);
  const { revision } = await store.json(['publish', `${ann}/b.tar.gz`, TARGET]);
  const { revision: ofDirectory } = await store.json(['publish', ann, TARGET]);
  expect(revision).toBe(ofDirectory);
  expect(store.versions()).toHaveLength(1);
  // From one place to the next.
  const promoted = await store.json(['publish', TARGET, 's3://policies/production.tar.gz']);
  expect(promoted).toMatchObject({ outcome: 'published', revision, sequence: 1 });
  const digest = createHash('md5')
    .update(store.versions()[0]?.content ?? '')
    .digest('hex');
  expect(store.versions()[0]?.etag).toBe(`"${digest}"`);
});
