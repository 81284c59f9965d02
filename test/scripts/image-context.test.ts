import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { writeImageContext } from '../../scripts/image-context.ts';
import { startS3Server } from '../pdp-container/support/s3-server.ts';
import { startServerProcess } from '../pdp-container/support/server-process.ts';
import { startTaskRole } from '../pdp-container/support/task-role.ts';

const policies = fileURLToPath(new URL('../../pdp-container/policies', import.meta.url));
let outDir: string;

beforeAll(async () => {
  // Away from the checkout, so that nothing can be resolved from its node_modules.
  outDir = await mkdtemp(join(tmpdir(), 'image-context-'));
  await writeImageContext(outDir);
});

afterAll(() => rm(outDir, { recursive: true, force: true }));

/** What the programs import, with a hash in its name. */
const CHUNK = /^[\w-]+-[A-Z0-9]{8}\.mjs$/;

const pdp = (...args: string[]) => promisify(execFile)(process.execPath, [join(outDir, 'pdp.mjs'), ...args]);

test('has what the Dockerfile copies but the bundle, readable for every user', async () => {
  expect((await stat(join(outDir, 'empty'))).mode & 0o777).toBe(0o755);
  const names = (await readdir(outDir, { recursive: true })).filter((name) => name !== 'empty').sort();
  expect(names.filter((name) => !CHUNK.test(name))).toEqual([
    'Dockerfile',
    'Dockerfile.git',
    'cedar_wasm_bg.wasm',
    'compile-worker.mjs',
    'empty/.keep',
    'healthcheck.mjs',
    'pdp.mjs',
  ]);
  const modes = await Promise.all(names.map(async (name) => (await stat(join(outDir, name))).mode & 0o777));
  expect(new Set(modes)).toEqual(new Set([0o644]));
});

test('the packed command compiles and decides with nothing but the files beside it', async () => {
  const bundle = join(outDir, 'bundle.tar.gz');
  await pdp('build', policies, '--output', bundle);
  const { stdout } = await pdp('test', bundle, '--json');
  const tests = JSON.parse(stdout) as { passed: number };
  expect(tests).toMatchObject({ failed: 0 });
  expect(tests.passed).toBeGreaterThanOrEqual(30);
});

test('the packed compiler names file, line and column', async () => {
  const directory = await mkdtemp(join(outDir, 'broken-'));
  await writeFile(join(directory, 'notes.cedar'), 'permit (principal, action, resource)\nwhen { 1 + };\n');
  await expect(pdp('validate', directory)).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/notes\.cedar:2:\d+: /),
  });
});

test('has no file of an earlier build', async () => {
  const earlier = join(outDir, 'chunk-ABCD1234.mjs');
  await writeFile(earlier, '');
  const names = await readdir(outDir);
  await writeImageContext(outDir);
  expect(await readdir(outDir)).toEqual(names.filter((name) => name !== 'chunk-ABCD1234.mjs'));
});

test('the packed command is without what people work with at AWS, and says so where that is needed', async () => {
  await expect(pdp('status', '--cluster', 'pdp', '--service', 'api')).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^pdp: @aws-sdk\/client-ecs is not here: run this where .* npm.*\n$/),
  });
  const files = (await readdir(outDir)).filter((name) => name.endsWith('.mjs'));
  const sizes = await Promise.all(files.map(async (name) => (await stat(join(outDir, name))).size));
  expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(2_200_000);
});

test('the packed server reads a bundle of S3, as the role of its task', async () => {
  const s3 = await startS3Server();
  onTestFinished(() => s3.close());
  const bundle = join(outDir, 'bundle.tar.gz');
  await pdp('build', policies, '--output', bundle);
  s3.put('policies', 'bundle.tar.gz', await readFile(bundle));
  const args = ['s3://policies/bundle.tar.gz', '--port', '0'];
  const env = { ...s3.env, ...(await startTaskRole('stand-in')) };
  const { logged } = startServerProcess(args, env, join(outDir, 'pdp.mjs'));
  expect(await logged('revision active')).toMatchObject({
    revision: expect.stringMatching(/^[0-9a-f]{16}$/),
  });
});

test('what the packed command always reads has no client of S3', async () => {
  const read = new Map<string, string>();
  const follow = async (name: string): Promise<void> => {
    const text = await readFile(join(outDir, name), 'utf8');
    read.set(name, text);
    for (const [, imported] of text.matchAll(/(?:from|import)"\.\/([^"]+)"/g)) {
      if (imported !== undefined && !read.has(imported)) await follow(imported);
    }
  };
  await follow('pdp.mjs');
  const all = (await readdir(outDir)).filter((name) => name.endsWith('.mjs'));
  const withClient = async (names: Iterable<string>) => {
    const texts = await Promise.all([...names].map((name) => readFile(join(outDir, name), 'utf8')));
    return texts.filter((text) => text.includes('GetObjectCommand')).length;
  };
  expect(read.size).toBeGreaterThan(3);
  expect(await withClient(all)).toBeGreaterThan(0);
  expect(await withClient(read.keys())).toBe(0);
});
