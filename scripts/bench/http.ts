import { fileURLToPath } from 'node:url';
import type { Fixtures } from './fixtures.ts';
import { bestMedian, figure } from './measure.ts';
import { startCerbos } from './peers.ts';
import { run, start } from './processes.ts';
import { atLeast, atMost, type Finding, type Outcome } from './report.ts';
import type { Row } from './table.ts';

const ROUNDS = 6;
const CONNECTIONS = 64;
const WARM_UP_MS = 300;
const MEASURE_MS = 800;

const BARE = 'bare node:http';
const QUIET = 'pdp serve, decisions not logged';
const LOGGING = 'pdp serve, every decision logged';
const CERBOS = 'Cerbos';

interface Load {
  perSecond: number;
  p50: number;
  p99: number;
}

interface Server {
  name: string;
  url: string;
  /** A file of the requests it is sent. */
  requests: string;
}

/** Decisions over HTTP beside the least that Node can do, and beside the Cerbos server on an equivalent policy. */
export async function benchHttp(fixtures: Fixtures): Promise<Outcome> {
  const quiet = await fixtures.server('off');
  const bare = await start(
    [fileURLToPath(new URL('bare-server.ts', import.meta.url)), `${await fixtures.answerBytes()}`],
    {},
    (line) => line,
  );
  const requests = await fixtures.evaluations();
  const servers: Server[] = [
    { name: BARE, url: bare, requests },
    { name: QUIET, url: quiet, requests },
    { name: LOGGING, url: await fixtures.server('all'), requests },
  ];
  const skipped: string[] = [];
  try {
    servers.push({ name: CERBOS, ...(await startCerbos(fixtures.directory)) });
  } catch (error) {
    skipped.push(`Cerbos: ${(error as Error).message}`);
  }
  const rows = await loads(servers);
  const findings = [
    atLeast('HTTP evaluation / bare node:http', 100 * (figure(rows, QUIET) / figure(rows, BARE)), 70, ' %'),
  ];
  if (skipped.length === 0) findings.push(...againstCerbos(rows));
  const columns = ['requests/s', 'p50 ms', 'p99 ms'];
  return { sections: [{ title: 'HTTP, 64 connections', columns, rows }], findings, skipped };
}

function againstCerbos(rows: Row[]): Finding[] {
  const [ours, theirs] = [QUIET, CERBOS].map((name) => (column: number) => figure(rows, name, column));
  if (ours === undefined || theirs === undefined) return [];
  return [
    atLeast('HTTP evaluation / Cerbos', ours(0) / theirs(0), 8, '×'),
    atMost('HTTP evaluation p99 / Cerbos p99', ours(2) / theirs(2), 0.2, '×'),
  ];
}

/** Requests/s, and latency in milliseconds at the median and the 99th percentile, of servers under load by turns. */
async function loads(servers: Server[]): Promise<Row[]> {
  const found = new Map<string, Load[]>(servers.map(({ name }) => [name, []]));
  const program = fileURLToPath(new URL('load.ts', import.meta.url));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { name, url, requests } of servers) {
      const { output } = await run([
        program,
        url,
        requests,
        `${CONNECTIONS}`,
        `${WARM_UP_MS}`,
        `${MEASURE_MS}`,
      ]);
      found.get(name)?.push(JSON.parse(output) as Load);
    }
  }
  return [...found].map(([name, rounds]) => ({
    name,
    figures: (['perSecond', 'p50', 'p99'] as const).map((key) =>
      bestMedian(
        rounds.map((load) => load[key]),
        key === 'perSecond' ? 'high' : 'low',
      ),
    ),
  }));
}
