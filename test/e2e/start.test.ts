import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';

const ROOT = new URL('../../', import.meta.url).pathname;

/** Long enough for two processes to start on a busy machine. */
const PATIENCE = { timeout: 40_000, interval: 50 };

interface Started {
  child: ChildProcess;
  output: () => string;
  errors: () => string;
  /** Resolves with the exit code, or the signal. */
  ended: Promise<number | string>;
}

/** `npm start` without npm, which would stand between this test and the signals. */
function startWith(env: Record<string, string>, args = ['bin/start.ts']): Started {
  // The test runner asks its processes for colours.
  const { FORCE_COLOR: _colours, ...inherited } = process.env;
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...inherited, PDP_PORT: '0', PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (errors += chunk));
  const ended = new Promise<number | string>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'lost'));
  });
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await ended;
  });
  return { child, output: () => output, errors: () => errors, ended };
}

async function policiesCopy(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'serverless-pdp-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  await cp(join(ROOT, 'pdp-container/policies'), directory, { recursive: true });
  return directory;
}

/** Saves in one step, as most editors do: a watcher never sees half of it. */
async function save(path: string, text: string): Promise<void> {
  const next = await mkdtemp(join(tmpdir(), 'serverless-pdp-'));
  await writeFile(join(next, 'next'), text);
  await rename(join(next, 'next'), path);
  await rm(next, { recursive: true });
}

async function running(started: Started): Promise<{ pdp: string; app: string }> {
  await vi.waitFor(() => expect(started.output()).toContain('Ctrl-C stops everything'), PATIENCE);
  const url = (name: string) =>
    new RegExp(`${name} +(http://127\\.0\\.0\\.1:\\d+)`).exec(started.output())?.[1] ?? '';
  return { pdp: url('PDP'), app: url('Application') };
}

/** Does what a shell would with a line that was printed: one URL, perhaps a header. */
async function paste(line: string): Promise<number> {
  const url = / (http:\S+)$/.exec(line)?.[1] ?? '';
  const [, name = '', value = ''] = /-H '([\w-]+): ([^']+)'/.exec(line) ?? [];
  const response = await fetch(url, { headers: name === '' ? {} : { [name]: value } });
  await response.arrayBuffer();
  return response.status;
}

function view(app: string, user: string): Promise<number> {
  return paste(`curl -H 'Authorization: Bearer dev-${user}' ${app}/tenants/acme/notes/roadmap`);
}

async function listens(url: string): Promise<boolean> {
  return fetch(`${url}/healthy`).then(
    () => true,
    () => false,
  );
}

describe('npm start', { timeout: 180_000 }, () => {
  test('prints lines that do what they say, takes over a saved policy, and keeps the old one when a save is broken', async () => {
    const source = await policiesCopy();
    const started = startWith({ PDP_SOURCE: source });
    const { app } = await running(started);
    const lines = started.output().match(/^ +curl .*$/gm) ?? [];
    expect(await Promise.all(lines.map(paste))).toEqual([200, 403, 401]);
    const narrated = /permit User::"bob" view Note::"acme\/roadmap" +viewers-read/;
    await vi.waitFor(() => expect(started.output()).toMatch(narrated), PATIENCE);
    expect(started.output()).not.toContain('OPA');

    const policy = join(source, 'notes.cedar');
    const before = await readFile(policy, 'utf8');
    const active = () => started.output().match(/revision \w+ is active/g)?.length;
    await vi.waitFor(() => expect(active()).toBe(1), PATIENCE);
    await writeFile(
      policy,
      `${before}\n@id("not-bob") forbid (principal == User::"bob", action, resource);\n`,
    );
    await vi.waitFor(() => expect(active()).toBe(2), PATIENCE);
    expect(await view(app, 'bob')).toBe(403);
    expect(await view(app, 'carol')).toBe(200);

    await save(policy, '\npermit (principal, action resource);\n');
    await vi.waitFor(() => expect(started.output()).toContain('goes on answering'), PATIENCE);
    await vi.waitFor(() => expect(started.output()).toContain(`${policy}:2:27: `), PATIENCE);
    expect(await view(app, 'bob')).toBe(403);
    expect(await view(app, 'carol')).toBe(200);

    await save(policy, before);
    await vi.waitFor(() => expect(active()).toBe(3), PATIENCE);
    expect(await view(app, 'bob')).toBe(200);
    expect(started.errors()).toBe('');
  });

  test("prints where it answers OPA's API, where the sample is asked in Permit's words too", async () => {
    const started = startWith({ PDP_OPA_PORT: '0' });
    await running(started);
    const opa = /OPA API +(http:\/\/127\.0\.0\.1:\d+) /.exec(started.output())?.[1];
    const resource = { type: 'Note', key: 'acme/roadmap', tenant: 'acme' };
    const body = JSON.stringify({ input: { user: { key: 'bob' }, action: 'edit', resource } });
    const answer = await fetch(`${opa}/v1/data/permit/root/allow`, { method: 'POST', body });
    expect(await answer.json()).toMatchObject({ result: true });
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('%s stops everything', async (signal) => {
    const started = startWith({});
    const { pdp, app } = await running(started);
    expect([await listens(pdp), await listens(app)]).toEqual([true, true]);
    started.child.kill(signal);
    expect(await started.ended).toBe(0);
    expect([await listens(pdp), await listens(app)]).toEqual([false, false]);
    expect(started.errors()).toBe('');
  });

  test('told to stop while the PDP starts, it launches nothing more and ends', async () => {
    const program = `
      import { parseSettings } from './bin/start/settings.ts';
      import { start } from './bin/start/start.ts';
      process.exitCode = await start(parseSettings(process.env), Promise.resolve());`;
    const started = startWith({}, ['--input-type=module', '--eval', program]);
    expect(await started.ended).toBe(0);
    expect(started.output()).not.toContain('is running');
    expect(started.errors()).toBe('');
  });

  test('leaves nothing behind when it is killed', async () => {
    const started = startWith({});
    const { pdp, app } = await running(started);
    started.child.kill('SIGKILL');
    expect(await started.ended).toBe('SIGKILL');
    await vi.waitFor(
      async () => expect([await listens(pdp), await listens(app)]).toEqual([false, false]),
      PATIENCE,
    );
  });

  test.each(['PDP_PORT', 'PORT'])('says in one line that the port of %s is in use', async (name) => {
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const started = startWith({ [name]: String(port) });
    expect(await started.ended).toBe(1);
    expect(started.errors()).toMatch(
      new RegExp(
        `^port ${port} on 127\\.0\\.0\\.1 is in use: stop what uses it, or choose another: ${name}=\\d+ npm start\\n$`,
      ),
    );
    expect(started.output()).toBe('');
  });

  test('starts with policies that are not valid, says what is wrong, and lets nobody in until they are', async () => {
    const source = await policiesCopy();
    const policy = join(source, 'notes.cedar');
    const good = await readFile(policy, 'utf8');
    await save(policy, 'permit (principal, action resource);\n');
    const started = startWith({ PDP_SOURCE: source });
    const { app } = await running(started);
    expect(started.output()).toContain(`${policy}:1:27: `);
    expect(await view(app, 'alice')).toBe(503);
    expect(await view(app, '')).toBe(401);
    await save(policy, good);
    await vi.waitFor(() => expect(started.output()).toContain('is active'), PATIENCE);
    expect(await view(app, 'alice')).toBe(200);
  });

  test('a process that ends by itself ends it all, with the reason', async () => {
    const directory = await policiesCopy();
    const started = startWith({ PDP_SOURCE: join(directory, 'README.md') });
    expect(await started.ended).toBe(1);
    expect(started.errors()).toContain('README.md');
    expect(started.errors()).toContain('The PDP ended (exit code 2), so everything is stopped');
    expect(started.errors()).not.toContain('    at ');
  });

  test.each([
    [{ PORT: 'http' }, 'PORT must be a whole number from 0 to 65535\n'],
    [{ PDP_OPA_PORT: 'none' }, 'PDP_OPA_PORT must be a whole number from 0 to 65535, or off\n'],
    [
      { PDP_PORT: '4000', PDP_OPA_PORT: '4000' },
      'PDP_PORT and PDP_OPA_PORT are both 4000: give each a port of its own\n',
    ],
    [{ PDP_PORT: '65536' }, 'PDP_PORT must be a whole number from 0 to 65535\n'],
    [{ PDP_PORT: '4000', PORT: '4000' }, 'PDP_PORT and PORT are both 4000: give each a port of its own\n'],
    [{ PDP_SOURCE: '/nowhere/policies' }, 'PDP_SOURCE: /nowhere/policies is not there\n'],
  ])('%j is a mistake told in one line', async (env, message) => {
    const started = startWith(env);
    expect(await started.ended).toBe(1);
    expect(started.errors()).toBe(message);
  });
});
