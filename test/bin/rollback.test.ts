import { describe, expect, it } from 'vitest';
import { buildArchive } from '../../compiler/index.ts';
import { bundleOf, files } from '../bundles.ts';
import { KEY, keyPair, policyOf, TARGET, type TestStore, testStore } from './store.ts';

/** Publishes policies of these users, one after the other; resolves with their revisions. */
async function publishAll(store: TestStore, users: string[], privatePem?: string): Promise<string[]> {
  const revisions: string[] = [];
  for (const user of users) revisions.push(await store.publish(policyOf(user), privatePem));
  return revisions;
}

describe('pdp rollback', () => {
  it('publishes the revision before anew, as the next one; twice is back again', async () => {
    const store = await testStore();
    const [ann, bob] = await publishAll(store, ['ann', 'bob']);
    const back = await store.pdp(['rollback', TARGET]);
    expect(back.stdout.split('\n')).toEqual([
      expect.stringMatching(
        `^going back to revision ${ann} \\(sequence 1\\), published .* as version version-000001$`,
      ),
      expect.stringMatching(`^published {2}${TARGET}: revision ${ann}, sequence 3, version version-000003, `),
      '',
    ]);
    expect(back).toMatchObject({ code: 0, stderr: '' });
    expect(await store.json(['rollback', TARGET])).toMatchObject({ revision: bob, sequence: 4 });
    expect((await store.manifests()).map(({ revision, sequence }) => [sequence, revision])).toEqual([
      [4, bob],
      [3, ann],
      [2, bob],
      [1, ann],
    ]);
  });

  it('passes over what is the same, signed or numbered anew', async () => {
    const store = await testStore();
    const [ann] = await publishAll(store, ['ann', 'bob']);
    await publishAll(store, ['bob'], keyPair().privatePem);
    const back = await store.json(['rollback', TARGET]);
    expect(back).toMatchObject({ revision: ann, sequence: 4, from: { sequence: 1 } });
  });

  it('goes to the revision that is named, and nowhere when that is there', async () => {
    const store = await testStore();
    const [ann = '', bob = '', cid] = await publishAll(store, ['ann', 'bob', 'cid']);
    const dry = await store.json(['rollback', TARGET, '--to', ann, '--dry-run']);
    expect(dry).toMatchObject({ code: 0, outcome: 'would-publish', revision: ann, sequence: 4 });
    const back = await store.json(['rollback', TARGET, '--to', ann]);
    expect(back).toMatchObject({
      outcome: 'published',
      revision: ann,
      sequence: 4,
      previous: { revision: cid, sequence: 3 },
      from: { sequence: 1, versionId: 'version-000001' },
    });
    const there = await store.json(['rollback', TARGET, '--to', ann]);
    expect(there).toMatchObject({ code: 0, outcome: 'unchanged', sequence: 4, from: null });
    const never = await store.pdp(['rollback', TARGET, '--to', '0123456789abcdef']);
    expect(never).toMatchObject({
      code: 2,
      stderr: `pdp: ${TARGET}: revision 0123456789abcdef was never published there, or is deleted; --list shows what was\n`,
    });
    expect(bob).not.toBe(ann);
    expect(store.versions()).toHaveLength(4);
  });

  it('lists what was published, by other means, too', async () => {
    const store = await testStore();
    const [ann] = await publishAll(store, ['ann']);
    const other = policyOf('zoe');
    const bundle = await bundleOf(other);
    store.s3.put('policies', KEY, await buildArchive(bundle, files(other)));
    // Another object, whose key begins alike.
    store.s3.put('policies', `${KEY}.old`, new Uint8Array());
    const listed = await store.pdp(['rollback', TARGET, '--list']);
    expect(listed.stdout.split('\n')).toEqual([
      expect.stringMatching(`^     -  ${bundle.revision}  [0-9T:-]+Z  version-000002  now$`),
      expect.stringMatching(`^     1  ${ann}  [0-9T:-]+Z  version-000001$`),
      '',
    ]);
    const { publications } = await store.json(['rollback', TARGET, '--list', '--limit', '1']);
    expect(publications).toMatchObject([{ versionId: 'version-000002', isLatest: true, sequence: null }]);
    expect(store.count('PutObject')).toBe(1);
  });

  it('goes back to what was there before it was deleted', async () => {
    const store = await testStore();
    const [, bob] = await publishAll(store, ['ann', 'bob']);
    store.s3.buckets.get('policies')?.delete(KEY, undefined);
    expect(await store.json(['rollback', TARGET])).toMatchObject({
      revision: bob,
      sequence: 3,
      previous: null,
    });
  });

  it.each([
    ['nothing was published', [], true, 'its bucket keeps no versions'],
    ['there is one revision', ['ann'], true, 'there is no earlier revision to go back to'],
    ['the bucket keeps no versions', ['ann', 'bob'], false, 'its bucket keeps no versions'],
  ])('refuses when %s', async (_, users, versioned, message) => {
    const store = await testStore({ buckets: { policies: { versioned } } });
    await publishAll(store, users);
    const outcome = await store.pdp(['rollback', TARGET]);
    expect(outcome).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) });
    expect(store.count('PutObject')).toBe(users.length);
  });

  it('refuses an earlier one that is damaged, not signed, or of another language', async () => {
    const store = await testStore();
    const { privatePem, publicPem } = keyPair();
    const put = (content: Uint8Array | string) =>
      store.s3.put(
        'policies',
        KEY,
        typeof content === 'string' ? new TextEncoder().encode(content) : content,
      );
    const refusal = async (env: Record<string, string> = {}) => {
      const { code, stderr } = await store.pdp(['rollback', TARGET], env);
      return [code, stderr];
    };
    const good = policyOf('ann');
    const archive = await buildArchive(await bundleOf(good), files(good));
    put('not a bundle');
    put(archive);
    expect(await refusal()).toEqual([
      2,
      expect.stringMatching(/version version-000001 is damaged \(archive is not/),
    ]);

    const bad = { ...good, 'p.cedar': 'permit(principal, action, resource) when { 1.5 };' };
    put(await buildArchive(await bundleOf(policyOf('bob')), files(bad)));
    put(archive);
    expect(await refusal()).toEqual([2, expect.stringMatching(/^p\.cedar:1:\d+: /)]);
    expect(await refusal({ PDP_VERIFY_KEY: publicPem, PDP_SIGN_KEY: privatePem })).toEqual([
      2,
      expect.stringMatching(/what is published cannot be believed/),
    ]);
    expect(store.count('PutObject')).toBe(0);
  });

  it('goes from what is not signed to the last one that is', async () => {
    const store = await testStore();
    const { privatePem, publicPem } = keyPair();
    const keys = { PDP_SIGN_KEY: privatePem, PDP_VERIFY_KEY: publicPem };
    const [, bob] = await publishAll(store, ['ann', 'bob'], privatePem);
    const planted = policyOf('mallory');
    const archive = await buildArchive(await bundleOf(planted), files(planted), { sequence: 900 });
    const metadata = { 'x-amz-meta-revision': bob ?? '', 'x-amz-meta-sequence': '900' };
    store.s3.buckets.get('policies')?.put(KEY, archive, metadata, {});
    expect(await store.json(['rollback', TARGET], keys)).toMatchObject({
      code: 0,
      revision: bob,
      // Not above what cannot be believed.
      sequence: 3,
      signed: 'Ed25519',
    });
  });

  it('signs nothing that was not signed: neither the one before nor the one that is there', async () => {
    const store = await testStore();
    const { privatePem, publicPem } = keyPair();
    const [ann = ''] = await publishAll(store, ['ann'], privatePem);
    const planted = policyOf('mallory');
    const { revision } = await bundleOf(planted);
    const put = async (contents: Record<string, string>) =>
      store.s3.put('policies', KEY, await buildArchive(await bundleOf(contents), files(contents)));
    await put(planted);
    const refused = {
      code: 2,
      stderr: expect.stringMatching(/^pdp: what would come back is not signed by the key of --sign-key/),
    };
    const back = (...args: string[]) =>
      store.pdp(['rollback', TARGET, ...args], { PDP_SIGN_KEY: privatePem });
    expect(await back('--to', revision)).toMatchObject(refused);
    await put(policyOf('zoe'));
    expect(await back()).toMatchObject(refused);
    expect(store.count('PutObject')).toBe(1);
    const other = { PDP_SIGN_KEY: keyPair().privatePem, PDP_VERIFY_KEY: publicPem };
    expect(await store.json(['rollback', TARGET, '--to', ann], other)).toMatchObject({
      revision: ann,
      signed: 'Ed25519',
    });
    expect(await back('--to', ann)).toMatchObject(refused);
  });

  it('is told when somebody publishes meanwhile', async () => {
    const store = await testStore();
    await publishAll(store, ['ann', 'bob']);
    let overtake = async () => {
      overtake = async () => {};
      await publishAll(store, ['cid']);
    };
    store.s3.before = ({ operation }) => (operation === 'PutObject' ? overtake() : undefined);
    expect(await store.json(['rollback', TARGET])).toMatchObject({
      code: 1,
      outcome: 'overtaken',
      overtakenBy: { sequence: 3 },
    });
    expect(store.versions()).toHaveLength(3);
  });
});
