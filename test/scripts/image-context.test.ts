import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeImageContext } from '../../scripts/image-context.ts';

const policies = fileURLToPath(new URL('../../pdp-container/policies', import.meta.url));
let outDir: string;

beforeAll(async () => {
  // Away from the checkout, so that nothing can be resolved from its node_modules.
  outDir = await mkdtemp(join(tmpdir(), 'image-context-'));
  await writeImageContext(outDir);
});

afterAll(() => rm(outDir, { recursive: true, force: true }));

const pdp = (...args: string[]) => promisify(execFile)(process.execPath, [join(outDir, 'pdp.mjs'), ...args]);

test('has what the Dockerfile copies but the bundle, readable for every user', async () => {
  expect((await stat(join(outDir, 'empty'))).mode & 0o777).toBe(0o755);
  const names = (await readdir(outDir, { recursive: true })).filter((name) => name !== 'empty').sort();
  expect(names).toEqual([
    'Dockerfile',
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

test('the packed command is without the AWS SDK, and says so where that is needed', async () => {
  await expect(pdp('status', '--cluster', 'pdp', '--service', 'api')).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^pdp: @aws-sdk\/client-ecs is not here: run this where .* npm.*\n$/),
  });
  const size = (await stat(join(outDir, 'pdp.mjs'))).size;
  expect(size).toBeLessThan(1_500_000);
});
