import { fileURLToPath } from 'node:url';
import { median } from './measure.ts';
import { run } from './processes.ts';
import type { Row } from './table.ts';

const ROUNDS = 3;
const CONNECTIONS = 64;
const WARM_UP_MS = 500;
const MEASURE_MS = 1_500;

interface Load {
  perSecond: number;
  p50: number;
  p99: number;
}

/** Requests/s, and latency in milliseconds at the median and the 99th percentile, of servers under load by turns. */
export async function benchHttp(servers: { name: string; url: string }[]): Promise<Row[]> {
  const loads = new Map<string, Load[]>(servers.map(({ name }) => [name, []]));
  const program = fileURLToPath(new URL('load.ts', import.meta.url));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { name, url } of servers) {
      const { output } = await run([program, url, `${CONNECTIONS}`, `${WARM_UP_MS}`, `${MEASURE_MS}`]);
      loads.get(name)?.push(JSON.parse(output) as Load);
    }
  }
  return [...loads].map(([name, rounds]) => ({
    name,
    figures: (['perSecond', 'p50', 'p99'] as const).map((key) => median(rounds.map((load) => load[key]))),
  }));
}
