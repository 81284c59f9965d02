import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../../engine/index.ts';
import type { RefreshedPdpOptions } from '../../../lambda/embedded/index.ts';
import { KEYS, OTHER_KEYS, type Publication, pem, published, replaced } from './published.ts';
import { later, openStore, refreshed, soon } from './store.ts';

const MINUTE = 60_000;
const POLICIES = 'built/policies.json';

const checkedBy = (version: string) => (manifest: Manifest) =>
  Object.assign(manifest, { checkedBy: version });

/** What follows on publication 5 of what the function was deployed with, and why it is not taken. */
const REFUSED: [string, Publication, Partial<RefreshedPdpOptions>, string][] = [
  [
    'has another content than its digests say',
    { sequence: 6, tamper: replaced(POLICIES, '"bob"', '"eve"') },
    {},
    `${POLICIES}:1:1: is not what the manifest says: the digests differ`,
  ],
  [
    'has a file that the manifest does not name',
    { sequence: 6, tamper: (files) => files.set('more.json', Buffer.from('{}')) },
    {},
    'more.json:1:1: is not in the manifest',
  ],
  ['is not signed', { sequence: 6 }, { verifyKey: pem(KEYS.publicKey) }, 'manifest.jws:1:1: is missing'],
  [
    'is signed by somebody else',
    { sequence: 6, signedBy: OTHER_KEYS.privateKey },
    { verifyKey: pem(KEYS.publicKey) },
    'manifest.jws:1:1: is not a signature by one of the configured keys',
  ],
  [
    'was signed before its manifest was changed',
    {
      sequence: 6,
      signedBy: KEYS.privateKey,
      tamper: replaced('manifest.json', '"sequence":6', '"sequence":7'),
    },
    { verifyKey: pem(KEYS.publicKey) },
    'manifest.jws:1:1: is not a signature by one of the configured keys',
  ],
  [
    'is signed for a key of a kind that is not known',
    { sequence: 6, signedBy: KEYS.privateKey },
    { verifyKey: '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----' },
    'verification keys: a key is of none of these kinds',
  ],
  ['is older', { sequence: 4 }, {}, 'is older than what runs: revision'],
  ['was never published', {}, {}, '(never published) after revision'],
  [
    'has the number of another',
    { sequence: 5 },
    { allowOlder: true },
    'has the number of what runs, and is another: revision',
  ],
  [
    'has a number that is none',
    { say: (manifest) => Object.assign(manifest, { sequence: '6' }) },
    {},
    'whole',
  ],
  [
    'has a policy that this version cannot evaluate',
    {
      sequence: 6,
      edit: replaced(POLICIES, '"principal":{"op":"=="', '"principal":{"op":"=~"'),
      say: checkedBy('9.0.0'),
    },
    {},
    'policy one: ',
  ],
  [
    'is of another layout',
    { sequence: 6, say: (manifest) => Object.assign(manifest, { format: 2 }) },
    {},
    'is not a manifest of format 1',
  ],
];

describe('a bundle in the store that', () => {
  test.each(REFUSED)(
    '%s is not taken, is told of once, and is not fetched again',
    async (_, what, options, problem) => {
      const store = await openStore();
      await store.put(await published('bob', what));
      const bundle = await published('alice', { sequence: 5 });
      const { may, told, events } = refreshed({ bundle, ...options });
      expect(await may('alice', 'bob')).toEqual([true, false]);
      expect(await told('refresh-refused')).toMatchObject({
        revision: expect.any(String),
        error: expect.stringMatching(/^(InvalidBundle|Configuration)Error$/),
        problem: expect.stringContaining(problem),
      });
      expect(await may('alice', 'bob')).toEqual([true, false]);
      later(MINUTE);
      expect(await may('alice', 'bob')).toEqual([true, false]);
      await soon(() => expect(store.known()).toEqual([undefined, expect.any(String)]));
      expect(events).toHaveLength(1);
    },
  );

  const passing = REFUSED.filter(([, , { verifyKey }]) => !verifyKey?.includes('AAAA'));

  test.each(passing)('%s does not keep the next from being taken', async (_, what, options) => {
    const store = await openStore();
    await store.put(await published('bob', what));
    const { may, told } = refreshed({ bundle: await published('alice', { sequence: 5 }), ...options });
    await may('alice');
    await told('refresh-refused');
    const signedBy = KEYS.privateKey;
    await store.put(await published('carol', { sequence: 8, signedBy }));
    later(MINUTE);
    expect(await may('alice', 'carol')).toEqual([true, false]);
    await told('refreshed');
    expect(await may('alice', 'carol')).toEqual([false, true]);
  });
});

describe('a bundle in the store is taken', () => {
  test.each<[string, Publication, Partial<RefreshedPdpOptions>]>([
    ['signed for the key', { sequence: 6, signedBy: KEYS.privateKey }, { verifyKey: pem(KEYS.publicKey) }],
    [
      'signed for one of the keys',
      { sequence: 6, signedBy: OTHER_KEYS.privateKey },
      { verifyKey: `${pem(KEYS.publicKey)}${pem(OTHER_KEYS.publicKey)}` },
    ],
    ['older, when told to', { sequence: 4 }, { allowOlder: true }],
    ['never published, when told to', {}, { allowOlder: true }],
    ['checked by another version', { sequence: 6, say: checkedBy('9.0.0') }, {}],
  ])('%s', async (_, what, options) => {
    const store = await openStore();
    await store.put(await published('bob', what));
    const { may, told } = refreshed({ bundle: await published('alice', { sequence: 5 }), ...options });
    await may('alice');
    await told('refreshed');
    expect(await may('alice', 'bob')).toEqual([false, true]);
  });

  test('by order of publication, and not of what is newer in the store', async () => {
    const store = await openStore();
    await store.put('bob', 7);
    const { may, told } = refreshed({ bundle: await published('alice') });
    await may('alice');
    await told('refreshed');
    // A replay of what was there before.
    await store.put('carol', 6);
    later(MINUTE);
    await may('alice');
    expect(await told('refresh-refused')).toMatchObject({
      problem: expect.stringContaining('publication 7'),
    });
    expect(await may('bob', 'carol')).toEqual([true, false]);
  });
});
