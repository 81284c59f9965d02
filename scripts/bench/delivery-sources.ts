import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { cp, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildArchive, compileDirectory, readDirectory } from '../../compiler/index.ts';
import { startBundleServer } from '../../test/pdp-container/support/bundle-server.ts';
import { GIT_ENVIRONMENT } from '../../test/pdp-container/support/git-repository.ts';
import { GitServer } from '../../test/pdp-container/support/git-server.ts';
import { startS3Server } from '../../test/pdp-container/support/s3-server.ts';
import { run } from './processes.ts';
import { POLICIES } from './questions.ts';

/** A source, and the way to publish to it. */
export interface Delivery {
  name: string;
  /** How often it is asked, in milliseconds; 0 when it tells, or is told of, changes. */
  everyMs: number;
  address: string;
  /** More that PDPs of it are started with. */
  args: string[];
  env: Record<string, string>;
  /**
   * Publishes other policies than are there.
   *
   * @param pdps where they answer
   * @returns when they were there for whoever asks
   */
  publish(pdps: string[]): Promise<number>;
  close(): Promise<void>;
}

const SECRET = 'the secret of the webhook';
const NOTHING = async () => {};

/** All that are measured, each with its first publication. */
export async function deliveries(root: string): Promise<Delivery[]> {
  const own = async (name: string) => {
    const directory = join(root, name);
    await mkdir(directory, { recursive: true });
    return new Policies(directory);
  };
  return [
    await ofDirectory(await own('directory')),
    await ofArchive(await own('archive')),
    await ofHttps(await own('long-poll'), true),
    await ofS3(await own('s3-1'), 1),
    await ofGit(await own('git-webhook'), 'webhook'),
    await ofGit(await own('git-trigger'), 'trigger'),
    await ofHttps(await own('https'), false),
    await ofS3(await own('s3-10'), 10),
    await ofGit(await own('git'), undefined),
  ];
}

/** The sample's policies, and one that is another each time. */
class Policies {
  /** With nothing else in it. */
  readonly root: string;
  readonly directory: string;
  #count = 0;

  constructor(root: string) {
    this.root = root;
    this.directory = join(root, 'policies');
  }

  async change(): Promise<void> {
    if (this.#count === 0) await cp(POLICIES, this.directory, { recursive: true });
    this.#count += 1;
    const text = `@id("bench-${this.#count}")\npermit(principal == User::"bench-${this.#count}", action, resource);\n`;
    await writeFile(join(this.root, 'changed'), text);
    // As editors and tools do it.
    await rename(join(this.root, 'changed'), join(this.directory, 'bench.cedar'));
  }

  async archive(): Promise<Uint8Array> {
    const result = await compileDirectory(this.directory);
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    return buildArchive(result.bundle, await readDirectory(this.directory));
  }
}

async function ofDirectory(policies: Policies): Promise<Delivery> {
  await policies.change();
  return {
    name: 'directory, a file replaced',
    everyMs: 0,
    address: policies.directory,
    args: [],
    env: {},
    publish: async () => {
      await policies.change();
      return performance.now();
    },
    close: NOTHING,
  };
}

async function ofArchive(policies: Policies): Promise<Delivery> {
  const address = join(policies.root, 'bundle.tar.gz');
  const publish = async () => {
    await policies.change();
    await writeFile(`${address}.new`, await policies.archive());
    await rename(`${address}.new`, address);
    return performance.now();
  };
  await publish();
  return { name: 'archive replaced', everyMs: 0, address, args: [], env: {}, publish, close: NOTHING };
}

async function ofHttps(policies: Policies, longPolling: boolean): Promise<Delivery> {
  const server = await startBundleServer({ longPolling });
  const publish = async () => {
    await policies.change();
    server.publish(await policies.archive());
    return performance.now();
  };
  await publish();
  return {
    name: longPolling ? 'https, long poll' : 'https, every 10 s',
    everyMs: longPolling ? 0 : 10_000,
    address: server.url,
    args: [],
    env: {},
    publish,
    close: () => server.close(),
  };
}

async function ofS3(policies: Policies, seconds: number): Promise<Delivery> {
  const server = await startS3Server();
  const address = 's3://policies/bundle.tar.gz';
  let there = 0;
  server.before = ({ operation }) => {
    if (operation === 'PutObject') there = performance.now();
  };
  const publish = async () => {
    await policies.change();
    await run(['bin/pdp.ts', 'publish', policies.directory, address], server.env);
    return there;
  };
  await publish();
  return {
    name: `s3, every ${seconds} s, by pdp publish`,
    everyMs: seconds * 1_000,
    address,
    args: ['--refresh-interval', String(seconds)],
    env: server.env,
    publish,
    close: () => server.close(),
  };
}

async function ofGit(policies: Policies, told: 'webhook' | 'trigger' | undefined): Promise<Delivery> {
  const server = await GitServer.open(policies.root);
  const { directory: remote } = await server.repository();
  const git = (...args: string[]) =>
    promisify(execFile)('git', ['-C', policies.directory, ...args], { env: GIT_ENVIRONMENT });
  const push = async () => {
    await policies.change();
    await git('add', '.');
    await git('commit', '--quiet', '--message', 'next');
    await git('push', '--quiet', remote, 'HEAD:main');
    return performance.now();
  };
  await policies.change();
  await git('init', '--quiet', '--initial-branch=main');
  await push();
  return {
    name: told === undefined ? 'git push, every 10 s' : `git push, told by ${told}`,
    everyMs: told === undefined ? 10_000 : 0,
    address: `${server.address()}#main`,
    args: told === undefined ? [] : ['--refresh-interval', '3600'],
    env: told === 'webhook' ? { PDP_WEBHOOK_SECRET: SECRET } : {},
    publish: async (pdps) => {
      const at = await push();
      if (told !== undefined) await Promise.all(pdps.map((url) => tell(url, told)));
      return at;
    },
    close: () => server.stop(),
  };
}

/** As a Git host does, or whoever runs the PDPs. */
async function tell(pdp: string, how: 'webhook' | 'trigger'): Promise<void> {
  const body = JSON.stringify({ ref: 'refs/heads/main' });
  const signature = `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`;
  const signed = { 'content-type': 'application/json', 'x-hub-signature-256': signature };
  const answer = await fetch(
    `${pdp}/policy-updater/${how}`,
    how === 'webhook' ? { method: 'POST', headers: signed, body } : { method: 'POST' },
  );
  if (!answer.ok) throw new Error(`${how} answered ${answer.status}`);
}
