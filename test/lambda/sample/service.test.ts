import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';

const directory = mkdtempSync(join(tmpdir(), 'pdp-service-'));
const bundle = join(directory, 'bundle.tar.gz');
const running: ChildProcess[] = [];
let url: string;

beforeAll(async () => {
  execFileSync(process.execPath, ['bin/pdp.ts', 'build', 'pdp-container/policies', '--output', bundle]);
  ({ url } = await start());
});

afterAll(() => {
  for (const service of running) service.kill('SIGKILL');
  rmSync(directory, { recursive: true });
});

async function start() {
  const service = spawn(process.execPath, ['lambda/sample/service/service.ts'], {
    // In the process and not beside it: what asks is the same.
    env: { PATH: process.env.PATH, PORT: '0', HOST: '127.0.0.1', PDP_BUNDLE: bundle },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.push(service);
  const [line] = await once(createInterface({ input: service.stdout }), 'line');
  return { service, url: `http://127.0.0.1:${JSON.parse(line).port}` };
}

const view = async (headers: Record<string, string>) =>
  (await fetch(`${url}/tenants/acme/notes/roadmap`, { headers })).status;

test('asks for the user that API Gateway has verified', async () => {
  expect(await view({ 'x-notes-subject': 'bob' })).toBe(200);
  expect(await view({ 'x-notes-subject': 'erin' })).toBe(403);
});

test.each([
  ['no user', {}],
  ['a development token', { authorization: 'Bearer dev-bob' }],
  ['two users', { 'x-notes-subject': 'bob, alice' }],
  ['an empty user', { 'x-notes-subject': '' }],
])('knows nobody by %s', async (_what, headers) => {
  expect(await view(headers as Record<string, string>)).toBe(401);
});

test('is healthy, and its health check says so', async () => {
  const { port } = new URL(url);
  expect(await (await fetch(`${url}/healthy`)).text()).toBe('healthy');
  const check = (env: object) =>
    execFileSync(process.execPath, ['lambda/sample/service/healthcheck.ts'], {
      env: { PATH: process.env.PATH, ...env },
    });
  expect(() => check({ PORT: port })).not.toThrow();
  expect(() => check({ PORT: '1' })).toThrow();
});

test('ends when it is told to', async () => {
  const { service } = await start();
  service.kill('SIGTERM');
  expect(await once(service, 'exit')).toEqual([0, null]);
});
