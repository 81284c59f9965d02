import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Fixtures } from './fixtures.ts';
import { bestMedian, figure } from './measure.ts';
import { PACKED } from './pack.ts';
import { run } from './processes.ts';
import { atMost, type Outcome } from './report.ts';

const ROUNDS = 36;
const PLAIN = 'no authorization';
const EMBEDDED = 'embedded';

/**
 * Milliseconds from starting a process to the end of its first call, of functions packed as the constructs do, with
 * 100 policies and 1,000 entities.
 */
export async function benchColdStart(fixtures: Fixtures): Promise<Outcome> {
  await build({
    ...PACKED,
    absWorkingDir: fileURLToPath(new URL('.', import.meta.url)),
    entryPoints: ['first-call.ts', 'first-plain-call.ts', 'first-wasm-call.ts'],
    outdir: fixtures.directory,
    outExtension: { '.js': '.mjs' },
  });
  const contenders: { name: string; program: string; env: Record<string, string> }[] = [
    { name: PLAIN, program: 'first-plain-call.mjs', env: {} },
    { name: EMBEDDED, program: 'first-call.mjs', env: { PDP_BUNDLE: await fixtures.grownLayer() } },
    {
      name: 'embedded, from a .tar.gz',
      program: 'first-call.mjs',
      env: { PDP_BUNDLE: await fixtures.grownArchive() },
    },
    {
      name: 'embedded, following a store',
      program: 'first-call.mjs',
      env: { PDP_BUNDLE: await fixtures.grownLayer(), ...(await fixtures.store()) },
    },
    {
      name: 'remote, server on loopback',
      program: 'first-call.mjs',
      env: { PDP_URL: await fixtures.server('off') },
    },
    {
      name: 'cedar-wasm',
      program: 'first-wasm-call.mjs',
      env: {
        BUNDLE_JSON: await fixtures.grownJson(),
        CEDAR_WASM: join(
          dirname(createRequire(import.meta.url).resolve('@cedar-policy/cedar-wasm/nodejs')),
          'cedar_wasm_bg.wasm',
        ),
      },
    },
  ];
  const samples = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { name, program, env } of contenders) {
      const { milliseconds } = await run([join(fixtures.directory, program)], env);
      samples.get(name)?.push(milliseconds);
    }
  }
  const rows = [...samples].map(([name, values]) => ({ name, figures: [bestMedian(values, 'low')] }));
  return {
    sections: [
      { title: 'Cold start: from starting Node to the end of the first call', columns: ['ms'], rows },
    ],
    findings: [atMost('embedded cold start', figure(rows, EMBEDDED) - figure(rows, PLAIN), 10, ' ms more')],
  };
}
