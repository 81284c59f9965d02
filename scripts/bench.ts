// Measures this kit beside its peers, in one run on this machine: npm run bench [-- PART…]. Nothing leaves it, but
// for npm, which fetches the peers the first time. Prints tables and what is to be reached; build/bench.json has both.
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { benchColdStart } from './bench/cold-start.ts';
import { benchDecisions } from './bench/decisions.ts';
import { benchDelivery } from './bench/delivery.ts';
import { benchEntities } from './bench/entities.ts';
import { benchFaults } from './bench/faults.ts';
import { Fixtures } from './bench/fixtures.ts';
import { benchHttp } from './bench/http.ts';
import { benchMiddleware } from './bench/middleware.ts';
import { stopAll } from './bench/processes.ts';
import { benchReload } from './bench/reload.ts';
import { type Outcome, verdicts } from './bench/report.ts';
import { benchRuntime } from './bench/runtime.ts';
import { benchSearch } from './bench/search.ts';
import { benchSize } from './bench/size.ts';
import { table } from './bench/table.ts';
import { benchTasks } from './bench/tasks.ts';

const PARTS: Record<string, (fixtures: Fixtures) => Promise<Outcome>> = {
  decision: () => benchDecisions(),
  search: () => benchSearch(),
  entities: ({ directory }) => benchEntities(directory),
  http: benchHttp,
  middleware: benchMiddleware,
  faults: benchFaults,
  delivery: ({ directory }) => benchDelivery(directory),
  'cold-start': benchColdStart,
  runtime: benchRuntime,
  tasks: benchTasks,
  reload: benchReload,
  size: () => benchSize(),
};
const RESULT = fileURLToPath(new URL('../build/bench.json', import.meta.url));

const directory = await mkdtemp(join(tmpdir(), 'serverless-pdp-bench-'));
// However this ends. What it started ends with it, by the end of a standard input that only this process holds.
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
try {
  await bench(process.argv.slice(2));
} catch (error) {
  console.error(`bench: ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  await stopAll();
}

async function bench(names: string[]): Promise<void> {
  for (const name of names) {
    if (Object.hasOwn(PARTS, name)) continue;
    throw new Error(`there is no part '${name}'; the parts are ${Object.keys(PARTS).join(', ')}`);
  }
  const machine = {
    node: process.versions.node,
    cores: availableParallelism(),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    load: loadavg()[0] ?? 0,
  };
  console.log(
    `Node ${machine.node}, ${machine.cores} × ${machine.processor}, load ${machine.load.toFixed(1)} at the start. ` +
      'Interleaved rounds; the best of the medians.',
  );
  const fixtures = new Fixtures(directory);
  const outcomes: (Outcome & { part: string })[] = [];
  for (const [part, measure] of Object.entries(PARTS)) {
    if (names.length > 0 && !names.includes(part)) continue;
    const outcome = await measure(fixtures);
    for (const section of outcome.sections) console.log(table(section));
    for (const skipped of outcome.skipped ?? []) console.log(`\n  Skipped: ${skipped}`);
    outcomes.push({ part, ...outcome });
  }
  console.log(verdicts(outcomes.flatMap(({ findings }) => findings)));
  await mkdir(fileURLToPath(new URL('../build', import.meta.url)), { recursive: true });
  await writeFile(RESULT, `${JSON.stringify({ machine, outcomes }, undefined, 2)}\n`);
}
