import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startProgram } from './processes.ts';

/** The peers' own package: none of it is in the product's install. */
const PEERS = fileURLToPath(new URL('../../bench/', import.meta.url));
const READY_MS = 20_000;
const INSTALL_MS = 120_000;

/** What is asked of Cerbos: the sample's questions, with the roles and attributes that it wants in the request. */
const CHECKS = [
  { id: 'bob', role: 'editor', tenant: 'acme', action: 'edit', note: 'acme/roadmap', allowed: true },
  { id: 'carol', role: 'viewer', tenant: 'acme', action: 'edit', note: 'acme/roadmap', allowed: false },
  { id: 'alice', role: 'admin', tenant: 'acme', action: 'view', note: 'acme/design', allowed: true },
  { id: 'erin', role: 'admin', tenant: 'globex', action: 'view', note: 'acme/roadmap', allowed: false },
].map(({ id, role, tenant, action, note, allowed }) => ({
  allowed,
  action,
  path: '/api/check/resources',
  body: {
    principal: { id, roles: [role], attr: { tenant } },
    resources: [
      { actions: [action], resource: { kind: 'Note', id: note, attr: { tenant: 'acme', archived: false } } },
    ],
  },
}));

/**
 * Installs what the bench compares with, when it is not there yet, and starts the Cerbos server.
 *
 * @throws Error saying why it cannot be compared with
 */
export async function startCerbos(directory: string): Promise<{ url: string; requests: string }> {
  if (!existsSync(join(PEERS, 'node_modules'))) await install();
  const program = cerbosServer();
  const [http, grpc] = [await freePort(), await freePort()];
  const settings = {
    'server.httpListenAddr': `127.0.0.1:${http}`,
    'server.grpcListenAddr': `127.0.0.1:${grpc}`,
    'storage.driver': 'disk',
    'storage.disk.directory': join(PEERS, 'cerbos'),
    'telemetry.disabled': 'true',
    'audit.enabled': 'false',
  };
  const options = Object.entries(settings).map(([name, value]) => `--set=${name}=${value}`);
  startProgram(program, ['server', '--log-level=error', ...options]);
  const url = `http://127.0.0.1:${http}`;
  await healthy(`${url}/_cerbos/health`);
  for (const check of CHECKS) await agree(url, check);
  const requests = join(directory, 'cerbos-requests.json');
  await writeFile(requests, JSON.stringify(CHECKS));
  return { url, requests };
}

/** The server itself, which the command of its package starts. */
function cerbosServer(): string {
  const name = `@cerbos/cerbos-${process.platform}-${process.arch}`;
  try {
    return createRequire(PEERS).resolve(name);
  } catch {
    throw new Error(`${name} is not there`);
  }
}

/** Without a lock file, whose every platform a registry must have: the versions in package.json are exact. */
async function install(): Promise<void> {
  const options = ['--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund'];
  try {
    await promisify(execFile)('npm', ['install', ...options], { cwd: PEERS, timeout: INSTALL_MS });
  } catch {
    throw new Error('cannot be installed (npm install in bench/)');
  }
}

async function healthy(url: string): Promise<void> {
  const until = performance.now() + READY_MS;
  while (performance.now() < until) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`did not start within ${READY_MS / 1_000} s`);
}

async function agree(url: string, { path, body, action, allowed }: (typeof CHECKS)[number]): Promise<void> {
  const answer = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const { results = [] } = (await answer.json()) as { results?: { actions: Record<string, string> }[] };
  if ((results[0]?.actions[action] === 'EFFECT_ALLOW') !== allowed) throw new Error('decides otherwise');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
