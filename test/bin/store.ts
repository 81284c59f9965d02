import { generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto';
import { S3 } from '@aws-sdk/client-s3';
import { expect, onTestFinished } from 'vitest';
import { publishNext, readCurrent } from '../../bin/store/publish.ts';
import { Store } from '../../bin/store/store.ts';
import { signerOf } from '../../compiler/index.ts';
import { readTarGz } from '../../engine/archive.ts';
import type { Manifest } from '../../engine/index.ts';
import { verify } from '../../engine/read-archive.ts';
import { bundleOf, files } from '../bundles.ts';
import {
  type S3Call,
  type S3Server,
  type S3ServerOptions,
  startS3Server,
} from '../pdp-container/support/s3-server.ts';
import { type Outcome, runPdp } from './run-pdp.ts';

export const KEY = 'bundle.tar.gz';
export const TARGET = `s3://policies/${KEY}`;

export interface TestStore {
  s3: S3Server;
  /** Runs the command with what finds the store. */
  pdp(args: string[], env?: Record<string, string>): Promise<Outcome>;
  /** The same, killed when `signal` aborts; resolves when it is gone, with its status: null. */
  kill(args: string[], signal: AbortSignal): Promise<number | null>;
  /** The same, with `--json`: what it says beside its status. */
  json(
    args: string[],
    env?: Record<string, string>,
  ): Promise<Record<string, unknown> & { code: number | null }>;
  /** Publishes in this process, which is sooner done; resolves with the revision. */
  publish(contents: Record<string, string>, privatePem?: string): Promise<string>;
  /** The versions of the bundle, the newest first. */
  versions(): ReturnType<typeof versionsOf>;
  /** The manifests of the versions, held to their digests. */
  manifests(): Promise<Manifest[]>;
  /** How often an operation was asked for. */
  count(operation: string): number;
}

const versionsOf = (s3: S3Server) =>
  (s3.buckets.get('policies')?.list(KEY) ?? [])
    .filter(({ key }) => key === KEY)
    .map(({ version }) => version);

/** An empty store, gone after the test. */
export async function testStore(options?: S3ServerOptions): Promise<TestStore> {
  const s3 = await startS3Server(options);
  onTestFinished(() => s3.close());
  const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = s3.env;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3({ endpoint: s3.url, region: 'eu-west-1', forcePathStyle: true, credentials });
  onTestFinished(() => client.destroy());
  const pdp: TestStore['pdp'] = (args, env = {}) =>
    runPdp(args, { ...s3.env, AWS_MAX_ATTEMPTS: '1', ...env });
  return {
    s3,
    pdp,
    kill: async (args, kill) => (await runPdp(args, s3.env, { kill })).code,
    json: async (args, env) => {
      const { code, stdout, stderr } = await pdp([...args, '--json'], env);
      if (stdout === '') throw new Error(`nothing was printed: ${stderr}`);
      return { code, ...JSON.parse(stdout) };
    },
    publish: async (contents, privatePem) => {
      const store = new Store({ bucket: 'policies', key: KEY }, client);
      const content = { bundle: await bundleOf(contents), files: files(contents) };
      const signer = privatePem === undefined ? undefined : signerOf(privatePem);
      const current = await readCurrent(store, undefined);
      const options = { signer, onWarning: (message: string) => expect(message).toBe('') };
      const { outcome, revision } = await publishNext(store, content, current, options);
      expect(outcome).toBe('published');
      return revision;
    },
    versions: () => versionsOf(s3),
    manifests: async () => {
      const contents = versionsOf(s3).flatMap(({ content }) => content ?? []);
      return Promise.all(contents.map(async (content) => verify(await readTarGz(content))));
    },
    count: (operation) => s3.calls.filter((call) => call.operation === operation).length,
  };
}

/** Holds the first `number` calls of an operation until all of them are there. */
export function together(number: number, operation: S3Call['operation']): (call: S3Call) => Promise<void> {
  let open = () => {};
  let arrived = 0;
  const all = new Promise<void>((resolve) => {
    open = resolve;
  });
  return async (call) => {
    if (call.operation !== operation || arrived === number) return;
    arrived += 1;
    if (arrived === number) open();
    await all;
  };
}

/** A policy of one user, with a decision test of it. */
export function policyOf(user: string, expected = true): Record<string, string> {
  const request = {
    subject: { type: 'User', id: user },
    action: { name: 'read' },
    resource: { type: 'Doc', id: 'd' },
  };
  return {
    'p.cedar': `@id("p") permit(principal == User::"${user}", action, resource);`,
    'tests/t.json': JSON.stringify([{ name: `${user} reads`, request, decision: expected }]),
  };
}

/** Keys as they are configured. */
export function keyPair(keys: KeyPairKeyObjectResult = generateKeyPairSync('ed25519')) {
  return {
    privatePem: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicPem: keys.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}
