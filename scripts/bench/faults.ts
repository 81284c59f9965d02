import { once } from 'node:events';
import { createServer } from 'node:net';
import { createPdpClient } from '../../lambda/client/index.ts';
import type { Fixtures } from './fixtures.ts';
import { bestMedian, figure, percentile } from './measure.ts';
import { QUESTIONS } from './questions.ts';
import { atMost, type Outcome } from './report.ts';

const ROUNDS = 12;

/** Questions of one client, one after another as a function asks them: it meets the fault, and learns. */
const QUESTIONS_A_ROUND = 3_000;

const HEALTHY = 'three tasks';
const DEAD = 'one of three dead';
const HANGING = 'one of three hangs';

/** Milliseconds for one question to a PDP of three tasks, over loopback addresses. */
export async function benchFaults(fixtures: Fixtures): Promise<Outcome> {
  const { port } = new URL(await fixtures.server('off'));
  const hanging = createServer(() => {});
  try {
    for (const host of ['127.0.0.2', '127.0.0.3']) await fixtures.server('off', { host, port });
    hanging.listen(Number(port), '127.0.0.4');
    await once(hanging, 'listening');
  } catch (error) {
    hanging.close();
    const skipped = `faults: no server at 127.0.0.2 to 127.0.0.4 (${(error as Error).message})`;
    return { sections: [], findings: [], skipped: [skipped] };
  }
  const services: Record<string, string[]> = {
    [HEALTHY]: ['127.0.0.1', '127.0.0.2', '127.0.0.3'],
    [DEAD]: ['127.0.0.1', '127.0.0.2', '127.0.0.5'],
    [HANGING]: ['127.0.0.1', '127.0.0.2', '127.0.0.4'],
  };
  const rounds = new Map<string, Round[]>(Object.keys(services).map((name) => [name, []]));
  try {
    for (let round = 0; round <= ROUNDS; round += 1) {
      for (const [name, addresses] of Object.entries(services)) {
        const measured = await ask(port, addresses);
        // The first one warms up.
        if (round > 0) rounds.get(name)?.push(measured);
      }
    }
  } finally {
    hanging.close();
  }
  const rows = [...rounds].map(([name, all]) => ({
    name,
    figures: [
      bestMedian(
        all.map(({ p99 }) => p99),
        'low',
      ),
      bestMedian(
        all.map(({ p50 }) => p50),
        'low',
      ),
      Math.max(...all.map(({ longest }) => longest)),
      all.reduce((sum, { failed }) => sum + failed, 0),
    ],
  }));
  const ratio = (name: string) => figure(rows, name) / figure(rows, HEALTHY);
  return {
    sections: [
      {
        title: 'One question to a PDP of three tasks',
        columns: ['ms, p99', 'p50', 'longest', 'failed'],
        rows,
      },
    ],
    findings: [DEAD, HANGING].flatMap((name) => [
      atMost(`${name}, failed questions`, figure(rows, name, 3), 0, ''),
      atMost(`${name}, p99`, ratio(name), 2, '× healthy'),
    ]),
  };
}

interface Round {
  p50: number;
  p99: number;
  longest: number;
  failed: number;
}

async function ask(port: string, addresses: string[]): Promise<Round> {
  const pdp = createPdpClient({ url: `http://pdp.internal:${port}`, lookup: async () => addresses });
  const times = new Float64Array(QUESTIONS_A_ROUND);
  let failed = 0;
  for (const index of times.keys()) {
    const question = QUESTIONS[index % QUESTIONS.length];
    if (question === undefined) break;
    const begun = performance.now();
    const answer = await pdp.evaluate(question.request).catch(() => undefined);
    times[index] = performance.now() - begun;
    if (answer?.decision !== question.decision) failed += 1;
  }
  pdp.close();
  times.sort();
  const [p50, p99, longest] = [0.5, 0.99, 1].map((share) => percentile(times, share)) as [
    number,
    number,
    number,
  ];
  return { p50, p99, longest, failed };
}
