import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { buildArchive, compileFiles } from '../../compiler/index.ts';
import { type Signer, signerOf } from '../../compiler/sign.ts';
import { assembly } from './support/assemblies.ts';
import { withCleanup } from './support/cleanup.ts';
import { eventually } from './support/http.ts';
import { statusOf, viewing } from './support/notes-api.ts';
import { targetOf } from './support/references.ts';
import {
  assetDirectory,
  type DeployedFunction,
  functionsWith,
  type RunningFunction,
  startFunction,
} from './support/running-function.ts';
import { type RunningStore, startStore } from './support/store.ts';
import { openVpc } from './support/vpc.ts';

export const title =
  "the PDP in a function that follows a store, under Lambda's runtime client: publications, freezes, faults";

type Defer = (undo: () => unknown) => void;

interface Scene {
  fn: RunningFunction;
  store: RunningStore;
  /** Publishes a bundle by which one user may view, and nobody else. */
  publish(user: string, signer?: Signer): Promise<void>;
}

const USERS = ['bob', 'erin'] as const;

export async function run(): Promise<void> {
  await withCleanup(async (defer) => {
    const scene = await startScene(defer);
    const { fn, store } = scene;
    await fn.initialized();
    assert.equal(store.reads(), 0, 'the store is read before there is an event');
    await follows(scene);
    await isCutOffWhileFrozen(scene);
    await loseItsPeerWhileFrozen(scene);
    await isFrozenAfterEachInvocation(scene);
    assert.deepEqual(fn.log(), []);
    await losesTheStore(scene);
    await refuses(scene);
  });
}

async function startScene(defer: Defer): Promise<Scene> {
  const embedded = await assembly('embedded');
  const viewNote = functionsWith('PDP_BUNDLE', embedded).find(({ logicalId }) =>
    logicalId.startsWith('ViewNote'),
  );
  assert.ok(viewNote, 'the sample has no function ViewNote');
  const { sandbox } = await openVpc({ sandbox: '10.0.1.30' }, defer);
  const store = await startStore(sandbox, defer);
  const signer = newSigner();
  const fn = await startFunction(
    viewNote,
    sandbox,
    {
      ...store.env,
      PDP_BUNDLE: await layerOf(viewNote),
      PDP_SOURCE: 's3://policies/bundle.tar.gz',
      PDP_REFRESH_INTERVAL: '1',
      PDP_VERIFY_KEY: signer.publicKey,
    },
    defer,
  );
  let sequence = 0;
  const publish = async (user: string, by = signer) => {
    sequence += 1;
    await store.put(await bundleFor(user, sequence, by));
  };
  return { fn, store, publish };
}

/** What was deployed answers at first: Bob may view, and Erin may not. */
async function follows({ fn, store, publish }: Scene): Promise<void> {
  await publish('erin');
  assert.equal(await viewer(fn), 'bob');
  await becomes(fn, 'erin');
  await publish('bob');
  assert.equal(await viewer(fn), 'erin');
  await becomes(fn, 'bob');
  const reads = store.reads();
  // What has not changed is not taken again, and answers go on.
  await eventually(async () => {
    assert.equal(await viewer(fn), 'bob');
    assert.ok(store.reads() > reads + 1);
  });
}

/** The connection is reset while the function is frozen in the middle of a download. */
async function isCutOffWhileFrozen(scene: Scene): Promise<void> {
  const { fn, store, publish } = scene;
  await publish('erin');
  await freezeInDownload(scene);
  await store.obey({ order: 'down' });
  await store.obey({ order: 'up' });
  assert.equal(await viewer(fn), 'bob');
  await becomes(fn, 'erin');
  await publish('bob');
  await becomes(fn, 'bob');
}

/** Nothing ever comes over it again. */
async function loseItsPeerWhileFrozen(scene: Scene): Promise<void> {
  const { fn, publish } = scene;
  await publish('erin');
  await freezeInDownload(scene);
  assert.equal(await viewer(fn), 'bob');
  await becomes(fn, 'erin');
}

async function freezeInDownload({ fn, store }: Scene): Promise<void> {
  await store.obey({ order: 'fault', fault: 'hang-body' });
  const reads = store.reads();
  await eventually(async () => {
    await viewer(fn);
    assert.ok(store.reads() > reads);
  });
  await fn.freeze();
  await store.obey({ order: 'fault', fault: undefined });
}

/** As Lambda does: what a check does beside an invocation is all that it gets to do. */
async function isFrozenAfterEachInvocation({ fn, publish }: Scene): Promise<void> {
  await publish('bob');
  await eventually(async () => {
    assert.equal(statusOf(await fn.invoke(viewing('bob'))), 200);
    await fn.freeze();
  });
}

/** Answers go on by what there is, and the log has one line. */
async function losesTheStore({ fn, store, publish }: Scene): Promise<void> {
  await store.obey({ order: 'down' });
  await eventually(async () => {
    assert.equal(await viewer(fn), 'bob');
    assert.match(
      fn.log().join('\n'),
      /pdp refresh-failed: PdpUnavailableError: s3:\/\/policies\/bundle\.tar\.gz/,
    );
  });
  for (let times = 0; times < 20; times += 1) assert.equal(await viewer(fn), 'bob');
  assert.equal(fn.log().length, 1, fn.log().join('\n'));
  await publish('erin');
  await store.obey({ order: 'up' });
  await becomes(fn, 'erin');
}

async function refuses({ fn, publish }: Scene): Promise<void> {
  await publish('bob', newSigner());
  await eventually(async () => {
    assert.equal(await viewer(fn), 'erin');
    assert.match(
      fn.log().join('\n'),
      /pdp refresh-refused: InvalidBundleError: manifest\.jws:1:1: is not a signature/,
    );
  });
  assert.equal(await viewer(fn), 'erin');
  await publish('bob');
  await becomes(fn, 'bob');
  assert.equal(fn.log().length, 2, fn.log().join('\n'));
}

async function becomes(fn: RunningFunction, user: string): Promise<void> {
  await eventually(async () => assert.equal(await viewer(fn), user));
}

/** The one who may view. Everybody has an answer, which is no failure. */
async function viewer(fn: RunningFunction): Promise<string> {
  const statuses: unknown[] = [];
  for (const user of USERS) statuses.push(statusOf(await fn.invoke(viewing(user))));
  assert.ok(
    statuses.every((status) => status === 200 || status === 403),
    `${statuses}\n${fn.log().join('\n')}`,
  );
  return USERS.filter((_, index) => statuses[index] === 200).join();
}

/** Lambda unpacks a layer in /opt. */
async function layerOf({ properties, stack, variables }: DeployedFunction): Promise<string> {
  const embedded = await assembly('embedded');
  const [reference] = properties.Layers as unknown[];
  const { stack: owner, logicalId } = targetOf(reference, stack, embedded);
  const content = owner.template.Resources[logicalId]?.Properties?.Content as { S3Key: string };
  return join(assetDirectory(embedded, content), variables.PDP_BUNDLE?.replace(/^\/opt\//, '') ?? '');
}

async function bundleFor(user: string, sequence: number, signer: Signer): Promise<Uint8Array> {
  const text = `@id("only") permit(principal == User::"${user}", action == Action::"view", resource);`;
  const files = new Map([['policy.cedar', new TextEncoder().encode(text)]]);
  const compiled = await compileFiles(files);
  if (!compiled.ok) throw new Error(compiled.problems[0]?.message);
  return buildArchive(compiled.bundle, files, { sequence, signer });
}

function newSigner(): Signer {
  const { privateKey } = generateKeyPairSync('ed25519');
  return signerOf(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
}
