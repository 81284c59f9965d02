/**
 * `npm run test:system`: the tests that need more than npm gives, such as a container engine.
 *
 *   npm run test:system                 all
 *   npm run test:system -- container    those whose file name has "container" in it
 *   npm run test:system -- --install    installs missing system packages first (as root, on Debian or Ubuntu)
 *
 * Each file in test/system exports `title` and `run()`, which throws when something does not hold, and maybe
 * `prepare()`.
 */
import { readdirSync } from 'node:fs';
import { finish } from '../test/system/support/cleanup.ts';
import { prepare } from './system-packages.ts';

interface SystemTest {
  title: string;
  /** Begins what takes long and can go on beside other tests, such as an installation; `run` waits for it. */
  prepare?(): Promise<unknown>;
  run(): Promise<void>;
}

const folder = new URL('../test/system/', import.meta.url);
const args = process.argv.slice(2);
const unknown = args.find((arg) => arg.startsWith('-') && arg !== '--install');
if (unknown !== undefined) stop(`unknown option ${unknown}; there is only --install`);

const wanted = args.filter((arg) => !arg.startsWith('-'));
const files = readdirSync(folder)
  .filter(
    (name) => name.endsWith('.ts') && (wanted.length === 0 || wanted.some((part) => name.includes(part))),
  )
  .sort();
if (files.length === 0) stop(`no file of test/system has ${wanted.join(' or ')} in its name`);

const obstacle = prepare({ install: args.includes('--install') || process.env.CI === 'true' });
if (obstacle !== undefined) stop(obstacle);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    finish()
      .catch((error: unknown) => console.error(message(error)))
      .finally(() => process.exit(130));
  });
}

const tests = new Map(files.map((file) => [file, load(file)]));

let passed = 0;
let failed = 0;
for (const [file, loaded] of tests) {
  const start = performance.now();
  let title = file;
  try {
    const test = await loaded;
    title = test.title;
    await test.run();
    passed += 1;
    console.log(`ok      ${title} (${seconds(start)})`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${title} (${seconds(start)})\n${message(error).replace(/^/gm, '        ')}`);
  }
}
try {
  await finish();
} catch (error) {
  failed += 1;
  console.log(`FAILED  cleaning up\n${message(error)}`);
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** Loads a test and begins its preparation. What goes wrong is told when the test is run. */
function load(file: string): Promise<SystemTest> {
  const loaded = import(new URL(file, folder).href) as Promise<SystemTest>;
  loaded.then((test) => test.prepare?.()).catch(() => {});
  return loaded;
}

function seconds(start: number): string {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`;
}

function message(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function stop(reason: string): never {
  console.error(`test:system: ${reason}`);
  process.exit(1);
}
