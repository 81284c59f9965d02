import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { packTar, type TarHeader } from 'modern-tar';
import { expect, it } from 'vitest';
import { readTarGz } from '../../engine/archive.ts';
import type { ServeOptions } from '../../pdp-container/serve.ts';
import { table } from '../lambda/client/tables.ts';
import { archiveOf, published, signedFiles } from '../published.ts';
import { type BundleServer, startBundleServer } from './support/bundle-server.ts';
import { type BundleFiles, permitOnly, temporaryDirectory, whenDone } from './support/bundles.ts';
import { ask, call, EVALUATION } from './support/client.ts';
import { startServer, type TestServer } from './support/server.ts';

const DOCUMENT = await readFile(new URL('../../docs/sources.md', import.meta.url), 'utf8');
const FAULTS = table(DOCUMENT, 'When a source is not right');
const KEPT_FAULTS = table(DOCUMENT, 'When what is kept is not right');

const own = generateKeyPairSync('ed25519');
const other = generateKeyPairSync('ed25519');
const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();

/** What is right, in its order; and what must never decide. */
const good = (user: string, sequence: number) =>
  published(permitOnly(user), { sequence, key: own.privateKey });
const bad = (sequence: number, files: BundleFiles = permitOnly('mallory'), key?: KeyObject) =>
  published(files, { sequence, key: key ?? own.privateKey });

/** A good archive with other files, and the manifest and signature that it had. */
async function tampered(files: BundleFiles): Promise<Uint8Array> {
  const contents = await readTarGz(await bad(9));
  for (const [path, text] of Object.entries(files)) contents.set(path, new TextEncoder().encode(text));
  return archiveOf(contents);
}

async function withEntry(header: Partial<TarHeader> & { name: string }): Promise<Uint8Array> {
  const contents = await readTarGz(await bad(9));
  const entries = [...contents].map(([name, body]) => ({ header: { name, size: body.byteLength }, body }));
  return gzipSync(await packTar([...entries, { header: { size: 0, ...header } }]));
}

/** What `pdp build` would never make: its own digests and signature are right. */
async function unchecked(files: BundleFiles): Promise<Uint8Array> {
  const contents = await readTarGz(await bad(9));
  const manifest = JSON.parse(new TextDecoder().decode(contents.get('manifest.json'))) as { files: object };
  for (const [path, text] of Object.entries(files)) {
    contents.set(path, new TextEncoder().encode(text));
    Object.assign(manifest.files, { [path]: createHash('sha256').update(text).digest('hex') });
  }
  return archiveOf(signedFiles(contents, manifest, own.privateKey));
}

const SCHEMA =
  'entity user { level: Long }; entity record; action read appliesTo { principal: user, resource: record };';

type Fault = (server: BundleServer) => Promise<void> | void;

const publish =
  (archive: () => Promise<Uint8Array>): Fault =>
  async (server) =>
    server.publish(await archive());
const answer =
  (fault: NonNullable<BundleServer['fault']>): Fault =>
  async (server) => {
    server.publish(await bad(9));
    server.fault = fault;
  };

const CAUSES: Record<string, Fault> = {
  'The source is down': (server) => server.down(),
  'It answers 500': answer('error'),
  'Its answer is no archive, but a page': answer('wrong-type'),
  'The download is cut off': answer('truncated'),
  'The archive is damaged on its way': answer('corrupt'),
  'The answer has no end': answer('endless'),
  'A file is not what the manifest says': publish(() =>
    tampered({ 'policies.cedar': 'permit(principal, action, resource);' }),
  ),
  'The bundle is not signed': publish(() => published(permitOnly('mallory'), { sequence: 9 })),
  'The signature is by another key': publish(() => bad(9, undefined, other.privateKey)),
  'The archive unpacks to far more than it is': publish(async () => gzipSync(Buffer.alloc(20_000_000))),
  'The archive has a link': publish(() =>
    withEntry({ name: 'x.cedar', type: 'symlink', linkname: '/etc/passwd' }),
  ),
  'The archive has a path upwards': publish(() => withEntry({ name: '../x.cedar' })),
  'A policy does not parse': publish(() => unchecked({ 'policies.cedar': 'permit(' })),
  'An entity breaks the schema': publish(() =>
    unchecked({
      's.cedarschema': SCHEMA,
      'entities.json': '[{"uid":{"type":"user","id":"mallory"},"attrs":{"level":"high"},"parents":[]}]',
    }),
  ),
  'The publication is older than what ran': publish(() => bad(1)),
};

/** What is wrong, in the words of `/health`. */
const WORDS: Record<string, RegExp> = {
  'The source is down': /ECONNRESET|reset/i,
  'It answers 500': /500/,
  'Its answer is no archive, but a page': /not with a \.tar\.gz/,
  'The download is cut off': /cut|ended|closed|ECONNRESET|broke/i,
  'The archive is damaged on its way': /damaged on the way/,
  'The answer has no end': /1000000 bytes|limit/,
  'A file is not what the manifest says': /is not what the manifest says/,
  'The bundle is not signed': /the bundle is not signed/,
  'The signature is by another key': /not a signature by one of the configured keys/,
  'The archive unpacks to far more than it is': /more than 100 times/,
  'The archive has a link': /is a symlink/,
  'The archive has a path upwards': /has \.\. in its path/,
  'A policy does not parse': /unexpected end of input/,
  'An entity breaks the schema': /is not a whole number/,
  'The publication is older than what ran': /\(publication 1\), older than what ran here/,
};

async function place(): Promise<{ server: BundleServer; options: Partial<ServeOptions> }> {
  const server = await startBundleServer();
  whenDone(() => server.close());
  const stateDir = await temporaryDirectory();
  const bundleLimits = { archiveBytes: 1_000_000 };
  const verifyKeys = pem(own.publicKey);
  return { server, options: { source: server.url, stateDir, bundleLimits, verifyKeys, refreshMs: 20 } };
}

/** Who is let in, of three; nobody when it is not ready. */
async function answers({ url }: TestServer): Promise<string> {
  const { status } = await call(url, '/ready');
  const users = ['alice', 'bob', 'mallory'];
  const given = await Promise.all(
    users.map((user) => call(url, EVALUATION, { body: ask(user, 'read', 'record-1') })),
  );
  if (status === 503) {
    expect(given.map((each) => each.status)).toEqual([503, 503, 503]);
    return '503';
  }
  const decisions = given.map(({ json }) => (json as { decision: boolean }).decision);
  return users.filter((_, index) => decisions[index]).join();
}

async function health({ url }: TestServer) {
  const { json } = await call(url, '/health');
  return json as {
    kept: boolean;
    lastReload: { result: string; problems: { message: string }[] };
    sources: { problem?: string }[];
  };
}

async function right(server: BundleServer, user: string, sequence: number): Promise<void> {
  server.publish(await good(user, sequence));
  server.fault = undefined;
  server.up();
}

it('the document has each of the faults', () => {
  expect(FAULTS.map(({ Fault }) => Fault)).toEqual(Object.keys(CAUSES));
});

it.each(FAULTS)('$Fault', async (row) => {
  const fault = row.Fault as string;
  const make = CAUSES[fault] as Fault;
  const words = WORDS[fault] as RegExp;
  const { server, options } = await place();
  const complains = async (pdp: TestServer) => {
    const { lastReload } = await health(pdp);
    expect(lastReload.result).toBe('failure');
    expect(lastReload.problems.map(({ message }) => message).join()).toMatch(words);
  };
  const takesEffect = async (pdp: TestServer, user: string, sequence: number) => {
    await right(server, user, sequence);
    // It may be waiting for minutes by now.
    await call(pdp.url, '/policy-updater/trigger', { method: 'POST' });
    expect(await answers(pdp)).toBe(user);
    expect((await health(pdp)).lastReload.result).toBe('success');
  };

  await make(server);
  const first = await startServer(options);
  if (row['At the first start'] === '503') await complains(first);
  const at = await answers(first);
  expect(at === 'mallory' ? 'it is served' : at).toBe(row['At the first start']);
  await takesEffect(first, 'alice', 2);

  await make(server);
  await call(first.url, '/policy-updater/trigger', { method: 'POST' });
  await complains(first);
  expect((await answers(first)) === 'alice' ? 'last good' : 'other').toBe(row['While it serves']);
  await first.close();

  const later = await startServer(options);
  await complains(later);
  expect([await answers(later), (await health(later)).kept]).toEqual([
    'alice',
    row['At a later start'] === 'kept',
  ]);
  await takesEffect(later, 'bob', 3);
});

type KeptFault = (
  state: string,
  pdp: { server: BundleServer; options: Partial<ServeOptions> },
) => Promise<Partial<ServeOptions> | undefined>;

const keptIn = (state: string) => join(state, 'kept');

/** Has a device on which there is never any space in the place of the archive, once. */
async function fillDisk(state: string): Promise<void> {
  await mkdir(keptIn(state), { recursive: true });
  const name = createHash('sha256')
    .update(await good('alice', 2))
    .digest('hex');
  await symlink('/dev/full', join(keptIn(state), `${name}.tar.gz.new`));
}

const KEPT_CAUSES: Record<
  string,
  {
    before?: (state: string) => Promise<void>;
    between?: (state: string) => Promise<void>;
    after?: KeptFault;
    why: RegExp;
  }
> = {
  'The disk was full when it was to be kept': {
    before: fillDisk,
    // It is tried again when the server stops.
    between: fillDisk,
    why: /nothing is kept/,
  },
  'An archive is damaged': {
    async after(state) {
      const [name] = (await readdir(keptIn(state))).filter((each) => each.endsWith('.tar.gz'));
      await writeFile(join(keptIn(state), name as string), 'damaged');
      return undefined;
    },
    why: /is damaged/,
  },
  'It is signed for a key that is no longer configured': {
    after: async () => ({ verifyKeys: pem(other.publicKey) }),
    why: /not a signature by one of the configured keys/,
  },
  'It is of other sources': {
    after: async (_, { server }) => ({ source: `${server.url}?other` }),
    why: /of other sources/,
  },
};

it('the document has each of the faults of what is kept', () => {
  expect(KEPT_FAULTS.map(({ Fault }) => Fault)).toEqual(Object.keys(KEPT_CAUSES));
});

it.each(KEPT_FAULTS)('kept: $Fault', async (row) => {
  const { before, between, after, why } = KEPT_CAUSES[row.Fault as string] as (typeof KEPT_CAUSES)[string];
  const at = await place();
  const state = at.options.stateDir as string;
  await before?.(state);
  await right(at.server, 'alice', 2);
  const first = await startServer(at.options);
  expect(await answers(first)).toBe('alice');
  if (between !== undefined) {
    const record = await first.logged('revision not kept');
    expect(record.reason).toBe('there is no space left');
    await between(state);
  }
  await first.close();
  at.server.down();
  const changed = await after?.(state, at);
  const later = await startServer({ ...at.options, ...changed });
  expect(await answers(later)).toBe(row['What answers']);
  const { reason } = await later.logged('kept revision not served');
  expect(reason).toMatch(why);
});

it('says that nothing can be kept, serves on, and keeps when it can', async () => {
  const { server, options } = await place();
  const stateDir = join(options.stateDir as string, 'state');
  await writeFile(stateDir, 'no directory');
  await right(server, 'alice', 2);
  const pdp = await startServer({ ...options, stateDir });
  expect(await answers(pdp)).toBe('alice');
  const reason = 'part of its path is not a directory';
  expect(await pdp.logged('revision not kept')).toMatchObject({ stateDir, level: 'error' });
  expect(await pdp.logged('revision not kept')).toMatchObject({ reason });
  expect(await health(pdp)).toMatchObject({ keepProblem: reason, lastReload: { result: 'success' } });
  expect((await call(pdp.url, '/metrics')).text).toContain('pdp_bundle_keep_failures_total 2');
});
