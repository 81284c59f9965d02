import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readdir, rm, symlink, watch, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Outcome, runPdp } from '../../bin/run-pdp.ts';
import { together } from '../../bin/store.ts';
import { archiveOf, type PackedFiles, publishedFiles } from '../../published.ts';
import { bundleDirectory, permitOnly } from '../support/bundles.ts';
import * as bad from './bad-contents.ts';
import type { Stand } from './stand.ts';

const [OWN, OTHER] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')];
const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();
const KEYS = { verifyKeys: pem(OWN.publicKey) };
const SIGNED = { key: OWN.privateKey };
const LIMITS = { bundleLimits: { archiveBytes: 65_536, unpackedBytes: 65_536, files: 20 } };

export type Fault = (stand: Stand) => Promise<void>;

/** Something is put where alice is let in. */
const then =
  (put: (stand: Stand) => Promise<void>, ...running: Parameters<Stand['running']>): Fault =>
  async (stand) => {
    await stand.running(...running);
    await put(stand);
    await stand.ask();
  };
const files = (content: Parameters<Stand['origin']['put']>[0], ...running: Parameters<Stand['running']>) =>
  then(({ origin }) => origin.put(content), ...running);

/** How to bring about what the document's tables are about, by the names of their rows. */
export const SOURCE_FAULTS: Record<string, Fault> = {
  'It is down at the start, and nothing is kept': async (stand) => {
    await stand.put('alice');
    await stand.origin.down();
    await stand.start();
  },
  'It is down at the start, and a copy is kept': async (stand) => {
    await stand.running();
    await stand.stop();
    await stand.origin.down();
    await stand.start();
  },
  'It goes down later': then(({ origin }) => origin.down()),
  'A download breaks off': then(async (stand) => {
    stand.origin.cut(true);
    await stand.put('bob');
  }),
  'It answers with an error': then(async ({ origin }) => origin.lock(true)),
  'The archive is damaged on its way': then(async (stand) => {
    stand.origin.damage(true);
    await stand.put('bob');
  }),
  'The archive is larger than may be': then(({ origin }) => origin.put(bad.large(100_000)), LIMITS),
};

export const CONTENT_FAULTS: Record<string, Fault> = {
  'It is no whole archive': then(async ({ origin }) => origin.putBytes(await bad.damaged())),
  'It is empty': then(({ origin }) => origin.putBytes(bad.EMPTY)),
  'A file is not what the manifest says': then(async ({ origin }) => origin.put(await bad.wrongDigest())),
  'The signature is not by one of the keys': then(
    (stand) => stand.put('bob', { key: OTHER.privateKey }),
    KEYS,
    SIGNED,
  ),
  'It is not signed, and keys are set': then((stand) => stand.put('bob'), KEYS, SIGNED),
  'It unpacks to more than 100 times its size': files(bad.BOMB),
  'It unpacks to more than may be': files(bad.withBob({ 'notes.txt': new Uint8Array(100_000) }), LIMITS),
  'There is a link in it': files(bad.withBob({ 'more.cedar': { link: '/etc/passwd' } })),
  'A path is absolute': files(bad.withBob({ '/etc/more.cedar': new Uint8Array() })),
  'A path leads out of it': files(bad.withBob({ '../more.cedar': new Uint8Array() })),
  'It has more files than may be': files(bad.MANY, LIMITS),
  'A policy does not parse': files(bad.UNPARSABLE),
  'An entity breaks the schema': files(bad.BREAKS_SCHEMA),
  'Two layers say the same': async (stand) => {
    const layer = await bundleDirectory(permitOnly('carol', 'only-bob'));
    await stand.running({ source: [layer, stand.origin.address] });
    await stand.put('bob');
    await stand.ask();
  },
  'Other content has the revision that runs': then(
    (stand) => stand.put('bob', { revision: 'release-1' }),
    {},
    { revision: 'release-1' },
  ),
  'Its sequence is not a whole number': then(async ({ origin }) =>
    origin.put(await bad.withManifest({ sequence: '2' })),
  ),
};

const FIFTH = { sequence: 5 };

export const ORDER_FAULTS: Record<string, Fault> = {
  'It was published before what runs': then((stand) => stand.put('bob', { sequence: 4 }), {}, FIFTH),
  'It was published before what ran before a restart': async (stand) => {
    await stand.running({}, FIFTH);
    await stand.stop();
    await stand.put('bob', { sequence: 4 });
    await stand.start();
  },
  'It has the number of what runs, and is something else': then(
    (stand) => stand.put('bob', FIFTH),
    {},
    FIFTH,
  ),
  'It was only built, and what runs was published': then((stand) => stand.put('bob'), {}, FIFTH),
};

/** In a process of its own, that is killed when it is seen to do something; the source is then down. */
const killed =
  (content: PackedFiles, seen: (stand: Stand) => Promise<unknown>): Fault =>
  async (stand) => {
    await stand.put('alice');
    await stand.spawn();
    await stand.until(({ serves }) => serves === 'the revision before');
    const doing = seen(stand);
    await stand.origin.put(content);
    await doing;
    await stand.stop('SIGKILL');
    await stand.origin.down();
    await stand.start();
  };

/** Resolves when the PDP begins to write an archive. */
async function writing({ stateDir }: Stand): Promise<void> {
  for await (const { filename } of watch(join(stateDir, 'kept')))
    if (filename?.endsWith('.tar.gz.new')) return;
}

/** A file is where the directory of the copy would be. */
const inTheWay = ({ stateDir }: Stand) => join(stateDir, 'kept');

/** By the real command. */
async function publish({ origin }: Stand, id: string): Promise<Outcome> {
  const directory = await bundleDirectory(permitOnly('bob', id));
  return runPdp(['publish', directory, origin.address], origin.env);
}

export const KEEPING_FAULTS: Record<string, Fault> = {
  'The disk is full': async (stand) => {
    await stand.running();
    const next = await publishedFiles(permitOnly('bob'));
    const digest = createHash('sha256')
      .update(await archiveOf(next))
      .digest('hex');
    // What is written there is told that there is no space. It is, once: nothing else has it try again here.
    await symlink('/dev/full', join(stand.stateDir, 'kept', `${digest}.tar.gz.new`));
    await stand.origin.put(next);
  },
  'The disk takes only a part of it': async (stand) => {
    await stand.put('alice');
    await stand.spawn(64);
    await stand.until(({ serves }) => serves === 'the revision before');
    await stand.origin.put(bad.large(200_000));
    await stand.ask();
  },
  'Its directory cannot be written to': async (stand) => {
    await stand.running();
    await rm(inTheWay(stand), { recursive: true });
    await writeFile(inTheWay(stand), '');
    await stand.put('bob');
    await stand.ask();
  },
  'It is damaged, and the source is down': async (stand) => {
    await stand.running();
    await stand.stop();
    const kept = join(stand.stateDir, 'kept');
    const archive = (await readdir(kept)).find((name) => name.endsWith('.tar.gz')) ?? '';
    await writeFile(join(kept, archive), 'damaged');
    await stand.origin.down();
    await stand.start();
  },
  'It is not signed for the keys, and the source is down': async (stand) => {
    await stand.running();
    await stand.stop();
    await stand.origin.down();
    await stand.start(KEYS);
  },
  'The process is killed while it loads, and the source is down': killed(bad.SLOW, (stand) =>
    stand.loading(),
  ),
  'The process is killed while it writes, and the source is down': killed(bad.large(8_000_000), writing),
  'Two publish at once': async (stand) => {
    await stand.running();
    const { store = expect.fail('no store') } = stand.origin;
    store.before = together(2, 'PutObject');
    const outcomes = await Promise.all(['one', 'other'].map((id) => publish(stand, id)));
    expect(outcomes.map(({ code }) => code).sort()).toEqual([0, 1]);
  },
};

/** How what runs comes to be right again, by what the document says. */
export const RECOVERIES: Record<string, (stand: Stand) => Promise<void>> = {
  'it is as before': async (stand) => {
    stand.origin.cut(false);
    stand.origin.damage(false);
    stand.origin.lock(false);
    await stand.origin.up();
    await stand.put('bob');
  },
  'a good one is published': async (stand) => {
    const signed = stand.options.verifyKeys === undefined ? {} : SIGNED;
    await stand.origin.up();
    await stand.origin.put(await publishedFiles(permitOnly('bob', 'good'), signed));
  },
  'the other one publishes again': async (stand) => {
    const outcomes = [await publish(stand, 'one'), await publish(stand, 'other')];
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0]);
  },
  'a newer one is published': (stand) => stand.put('bob', { sequence: 6 }),
  'it can be written to, and something is published': async (stand) => {
    await rm(inTheWay(stand));
    await RECOVERIES['a good one is published']?.(stand);
  },
};
