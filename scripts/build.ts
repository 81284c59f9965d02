import { execFile } from 'node:child_process';
import { chmod, cp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { writeFunctions } from './functions.ts';
import { writeImageContext } from './image-context.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Writes what the package publishes: the sources as JavaScript with declarations and source maps, in the folders
 * they have in the checkout; and what constructs name by path: the image's build context, the packed functions and
 * the sample's policies.
 *
 * @param outDir a directory, emptied first
 * @throws Error with the compiler's messages when the types do not hold
 */
export async function buildPackage(outDir: string): Promise<void> {
  const out = resolve(outDir);
  // A file whose source is gone must not be published.
  await rm(out, { recursive: true, force: true });
  await Promise.all([
    compile(out),
    writeImageContext(join(out, 'image')),
    writeFunctions(join(out, 'functions')),
    cp(join(root, 'pdp-container/policies'), join(out, 'pdp-container/policies'), { recursive: true }),
  ]);
  await chmod(join(out, 'bin/pdp.js'), 0o755);
}

async function compile(out: string): Promise<void> {
  const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'));
  const args = [join(typescript, 'bin/tsc'), '--project', join(root, 'tsconfig.build.json'), '--outDir', out];
  try {
    await promisify(execFile)(process.execPath, args);
  } catch (error) {
    const { stdout, message } = error as { stdout?: string; message: string };
    throw new Error(`the sources do not compile:\n${stdout || message}`);
  }
}

if (import.meta.main) {
  const outDir = process.argv[2] ?? join(root, 'dist');
  try {
    await buildPackage(outDir);
    console.log(`wrote ${outDir}`);
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
