import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { median } from './measure.ts';
import { run } from './processes.ts';
import type { Row } from './table.ts';

const ROUNDS = 7;

/** Milliseconds from starting a process to the end of its first call, of functions packed as the constructs do. */
export async function benchColdStart(directory: string, bundle: string, url: string): Promise<Row[]> {
  await build({
    absWorkingDir: fileURLToPath(new URL('.', import.meta.url)),
    entryPoints: ['first-call.ts', 'first-plain-call.ts'],
    outdir: directory,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    external: ['@aws-sdk/*'],
  });
  const contenders: { name: string; program: string; env: Record<string, string> }[] = [
    { name: 'middy, no middleware', program: 'first-plain-call.mjs', env: {} },
    { name: 'remote, server on loopback', program: 'first-call.mjs', env: { PDP_URL: url } },
    { name: 'embedded', program: 'first-call.mjs', env: { PDP_BUNDLE: bundle } },
  ];
  const samples = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { name, program, env } of contenders) {
      const { milliseconds } = await run([join(directory, program)], env);
      samples.get(name)?.push(milliseconds);
    }
  }
  return [...samples].map(([name, values]) => ({ name, figures: [median(values)] }));
}
