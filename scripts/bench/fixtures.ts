import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildArchive, buildFiles, compileDirectory, readDirectory } from '../../compiler/index.ts';
import type { Bundle, EntityJson } from '../../engine/index.ts';
import { startChild } from './processes.ts';
import { POLICIES, QUESTIONS, sampleBundle } from './questions.ts';

/** Policies and entities of a function's cold start, the sample's among them. */
const POLICY_COUNT = 100;
const ENTITY_COUNT = 1_000;

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A port that is free. */
const ANYWHERE = { host: '127.0.0.1', port: '0' };

/** What parts of the bench share; each is made when first asked for. */
export class Fixtures {
  /** For files, removed at the end. */
  readonly directory: string;
  readonly #made = new Map<string, Promise<string>>();

  constructor(directory: string) {
    this.directory = directory;
  }

  /** The sample as a built bundle. */
  archive(): Promise<string> {
    return this.#once('bundle.tar.gz', async (file) => {
      await writeFile(file, await buildArchive(await sampleBundle(), await readDirectory(POLICIES)));
      return file;
    });
  }

  /** The sample grown to 100 policies and 1,000 entities, as a built bundle. */
  grownArchive(): Promise<string> {
    return this.#once('grown.tar.gz', async (file) => {
      const { bundle, sources } = await grown(join(this.directory, 'grown'));
      await writeFile(file, await buildArchive(bundle, sources));
      return file;
    });
  }

  /** The same unpacked, as it is in a layer. */
  grownLayer(): Promise<string> {
    return this.#once('layer', async (directory) => {
      const { bundle } = await grown(join(this.directory, 'grown'));
      for (const [path, bytes] of await buildFiles(bundle)) {
        await mkdir(dirname(join(directory, path)), { recursive: true });
        await writeFile(join(directory, path), bytes);
      }
      return directory;
    });
  }

  /** The same as JSON, for an evaluator that reads it so. */
  grownJson(): Promise<string> {
    return this.#once('grown.json', async (file) => {
      const { bundle } = await grown(join(this.directory, 'grown'));
      await writeFile(file, JSON.stringify(bundle));
      return file;
    });
  }

  /** The address of a server of the sample that decides. */
  server(decisionLog: 'off' | 'all', { host, port } = ANYWHERE): Promise<string> {
    return this.#once(`server ${decisionLog} ${host} ${port}`, async () =>
      startPdp(await this.archive(), decisionLog, host, port),
    );
  }

  /** The variables of a function that follows a store, in which the grown sample is published. */
  async store(): Promise<Record<string, string>> {
    const found = await this.#once('store', async () => {
      // The SDK, as Lambda's runtime brings it along.
      await symlink(join(ROOT, 'node_modules'), join(this.directory, 'node_modules'));
      const program = join(ROOT, 'test/system/support/store-process.ts');
      const started = await startChild([program], {}, (line) => (line.startsWith('{') ? line : undefined));
      started.child.stdin?.write(`${JSON.stringify({ order: 'put', file: await this.grownArchive() })}\n`);
      return started.found;
    });
    const { env } = JSON.parse(found) as { env: Record<string, string> };
    return { ...env, PDP_SOURCE: 's3://policies/bundle.tar.gz' };
  }

  /** The sample's questions as a file of HTTP requests. */
  evaluations(): Promise<string> {
    return this.#once('evaluations.json', async (file) => {
      const requests = QUESTIONS.map(({ request }) => ({ path: '/access/v1/evaluation', body: request }));
      await writeFile(file, JSON.stringify(requests));
      return file;
    });
  }

  /** Size of a server's answer. @throws Error when it is not the decision that the sample gives */
  async answerBytes(): Promise<number> {
    const [question] = QUESTIONS;
    const response = await fetch(`${await this.server('off')}/access/v1/evaluation`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(question?.request),
    });
    const text = await response.text();
    const { decision } = JSON.parse(text) as { decision?: unknown };
    if (decision !== question?.decision) throw new Error('the server decided otherwise');
    return Buffer.byteLength(text);
  }

  #once(name: string, make: (file: string) => Promise<string>): Promise<string> {
    const made = this.#made.get(name) ?? make(join(this.directory, name));
    this.#made.set(name, made);
    return made;
  }
}

/** Starts a server and resolves with its address once it decides. */
async function startPdp(
  source: string,
  decisionLog: 'off' | 'all',
  host: string,
  port: string,
): Promise<string> {
  const options = ['--host', host, '--port', port, '--decision-log', decisionLog];
  const { found } = await startServer(source, options);
  return found;
}

/** The options of Node that the image runs the server with. */
function imageOptions(): string[] {
  const dockerfile = readFileSync(new URL('../../pdp-container/Dockerfile', import.meta.url), 'utf8');
  const [, entrypoint = '[]'] = /^ENTRYPOINT (.*)$/m.exec(dockerfile) ?? [];
  return (JSON.parse(entrypoint) as string[]).slice(1, -1);
}

/** The same with its process, and with options of `pdp serve`. */
export function startServer(
  source: string,
  options: string[],
): Promise<{ found: string; child: ChildProcess }> {
  let url: string | undefined;
  const program = fileURLToPath(new URL('../../bin/pdp.ts', import.meta.url));
  return startChild(
    [...imageOptions(), program, 'serve', source, '--opa-port', 'off', ...options],
    {},
    (line) => {
      const record = JSON.parse(line) as { msg: string; url?: string };
      if (record.msg === 'listening') url = record.url;
      return record.msg === 'revision active' ? url : undefined;
    },
  );
}

async function grown(directory: string): Promise<{ bundle: Bundle; sources: Map<string, Uint8Array> }> {
  const sample = await sampleBundle();
  const policies = POLICY_COUNT - Object.keys(sample.policies.staticPolicies).length;
  const text = Array.from(
    { length: policies },
    (_, n) =>
      `permit(principal in Role::"team-${n}", action in Action::"read", resource is Note in Folder::"folder-${n}")\n` +
      'unless { resource has archived && resource.archived };\n',
  ).join('\n');
  const tenant = { __entity: { type: 'Tenant', id: 'acme' } };
  const groups = Array.from({ length: policies }, (_, n): EntityJson[] => [
    { uid: { type: 'Role', id: `team-${n}` }, attrs: {}, parents: [] },
    { uid: { type: 'Folder', id: `folder-${n}` }, attrs: { tenant }, parents: [] },
  ]).flat();
  const members = Array.from(
    { length: ENTITY_COUNT - sample.entities.length - groups.length },
    (_, n): EntityJson => {
      const role = { type: 'Role', id: `team-${n % policies}` };
      if (n % 2 === 0) return { uid: { type: 'User', id: `user-${n}` }, attrs: {}, parents: [role] };
      return {
        uid: { type: 'Note', id: `acme/note-${n}` },
        attrs: { tenant, archived: n % 10 === 1 },
        parents: [{ type: 'Folder', id: `folder-${n % policies}` }],
      };
    },
  );
  await mkdir(directory, { recursive: true });
  await cp(POLICIES, directory, { recursive: true });
  await writeFile(join(directory, 'teams.cedar'), text);
  await writeFile(join(directory, 'entities/teams.json'), JSON.stringify([...groups, ...members]));
  const result = await compileDirectory(directory);
  if (!result.ok) throw new Error(`the grown sample does not compile: ${result.problems[0]?.message}`);
  return { bundle: result.bundle, sources: await readDirectory(directory) };
}
