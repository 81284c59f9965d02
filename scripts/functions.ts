import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The functions that constructs deploy for themselves, each with its handler in `lambda/NAME/handler.ts`. */
export const FUNCTIONS: readonly string[] = ['certificate', 'gate', 'policy-store'];

/**
 * Packs the functions that constructs deploy for themselves: one `index.mjs` with all that it needs but the AWS SDK,
 * which the Lambda runtime has, in a folder of its own.
 *
 * @param outDir a directory, made when it is not there
 */
export async function writeFunctions(outDir: string): Promise<void> {
  const out = resolve(outDir);
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  await Promise.all(
    FUNCTIONS.map((name) =>
      build({
        absWorkingDir: root,
        entryPoints: [join('lambda', name, 'handler.ts')],
        outfile: join(out, name, 'index.mjs'),
        bundle: true,
        format: 'esm',
        platform: 'node',
        target: 'node24',
        mainFields: ['module', 'main'],
        external: ['@aws-sdk/*'],
        minify: true,
        legalComments: 'inline',
        logLevel: 'warning',
      }),
    ),
  );
}

if (import.meta.main) {
  const outDir = process.argv[2] ?? 'build/functions';
  await writeFunctions(outDir);
  console.log(`wrote ${outDir}`);
}
