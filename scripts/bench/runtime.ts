import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { installedLambdaRuntime } from '../../test/system/support/lambda-runtime.ts';
import type { Fixtures } from './fixtures.ts';
import { bestMedian, figure } from './measure.ts';
import { PACKED } from './pack.ts';
import { atMost, type Outcome } from './report.ts';
import { startAndCall, type Times } from './sandbox.ts';

const ROUNDS = 36;
const ROUND_TRIP = 'the question by node:http alone';
const CLIENT = 'the question by the remote client';

/**
 * Cold starts under Lambda's own runtime client, of functions packed as the constructs do: the init phase, from
 * starting the process to its asking for an event, and the first invoke.
 */
export async function benchRuntime(fixtures: Fixtures): Promise<Outcome> {
  const client = await installedLambdaRuntime();
  if (client === undefined) {
    const skipped =
      "cold start under Lambda's runtime client, not measured: it is not installed; " +
      '`npm run test:system -- function` does';
    return { sections: [], findings: [], skipped: [skipped] };
  }
  const directory = join(fixtures.directory, 'handlers');
  await mkdir(directory, { recursive: true });
  await build({
    ...PACKED,
    absWorkingDir: fileURLToPath(new URL('handlers', import.meta.url)),
    entryPoints: ['bare.ts', 'middy.ts', 'round-trip.ts', 'client.ts', 'authorized.ts'],
    outdir: directory,
    outExtension: { '.js': '.mjs' },
  });
  const PDP_URL = await fixtures.server('off');
  const contenders: { name: string; handler: string; env: Record<string, string> }[] = [
    { name: 'bare handler', handler: 'bare.handler', env: {} },
    { name: 'middy, no middleware', handler: 'middy.handler', env: {} },
    { name: ROUND_TRIP, handler: 'round-trip.handler', env: { PDP_URL } },
    { name: CLIENT, handler: 'client.handler', env: { PDP_URL } },
    { name: 'middleware, remote client', handler: 'authorized.handler', env: { PDP_URL } },
    {
      name: 'middleware, embedded',
      handler: 'authorized.handler',
      env: { PDP_BUNDLE: await fixtures.grownLayer() },
    },
    {
      name: 'middleware, embedded, following a store',
      handler: 'authorized.handler',
      env: { PDP_BUNDLE: await fixtures.grownLayer(), ...(await fixtures.store()) },
    },
  ];
  const samples = new Map<string, Times[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { name, handler, env } of contenders) {
      samples.get(name)?.push(await startAndCall(client, directory, handler, env));
    }
  }
  const rows = [...samples].map(([name, times]) => ({
    name,
    figures: [
      bestMedian(
        times.map(({ init, first }) => init + first),
        'low',
      ),
      ...(['init', 'first', 'later'] as const).map((key) =>
        bestMedian(
          times.map((one) => one[key]),
          'low',
        ),
      ),
    ],
  }));
  return {
    sections: [
      {
        title: "Cold start under Lambda's runtime client: init and first invoke",
        columns: ['ms', 'init ms', 'first invoke ms', 'third invoke ms'],
        rows,
      },
    ],
    findings: [
      atMost(
        'remote client, cold start over node:http',
        figure(rows, CLIENT) - figure(rows, ROUND_TRIP),
        3,
        ' ms',
      ),
    ],
  };
}
