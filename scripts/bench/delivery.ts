import { type BenchPdp, startPdps } from './delivery-pdps.ts';
import { type Delivery, deliveries } from './delivery-sources.ts';
import { median } from './measure.ts';
import { atMost, type Outcome } from './report.ts';
import type { Row } from './table.ts';

/** PDPs that a publication is awaited of. */
const PDPS = [1, 5];
/** Publications for each number of PDPs: of a source that is asked seldom, and of the others. */
const ROUNDS = { slow: 3, fast: 5 };
/** Milliseconds beyond the interval in which a source is asked, within which what was published is active. */
const SLACK_MS = 2_000;
/** Least time between a publication and the next, in milliseconds. */
const PAUSE_MS = 1_000;
/** Share of the interval by which a question may be later. */
const JITTER = 0.1;
/** Sources that are asked less often than that, in milliseconds, are measured at the same time. */
const SLOW_MS = 5_000;

/**
 * Milliseconds from a publication, by the real way of each source, until all PDPs answer from it. Each PDP is a process
 * of its own; the sources are servers on loopback.
 *
 * @param directory for files, removed at the end
 */
export async function benchDelivery(directory: string): Promise<Outcome> {
  const all = await deliveries(directory);
  const rows = new Map<string, Row>();
  const isSlow = ({ everyMs }: Delivery) => everyMs > SLOW_MS;
  try {
    for (const delivery of all.filter((each) => !isSlow(each)))
      rows.set(delivery.name, await measured(delivery));
    // They wait most of the time.
    await Promise.all(
      all.filter(isSlow).map(async (delivery) => rows.set(delivery.name, await measured(delivery))),
    );
  } finally {
    for (const { close } of all) await close();
  }
  return {
    sections: [
      {
        title: 'From a publication until PDPs answer from it',
        columns: PDPS.flatMap((count) => [`ms, ${count} PDP${count === 1 ? '' : 's'}`, 'worst']),
        rows: all.flatMap(({ name }) => rows.get(name) ?? []),
      },
    ],
    findings: all.map(({ name, everyMs }) =>
      atMost(
        `${name}, worst`,
        Math.max(...(rows.get(name)?.figures ?? [])) / 1_000,
        (everyMs * (1 + JITTER) + SLACK_MS) / 1_000,
        ' s',
      ),
    ),
  };
}

async function measured(delivery: Delivery): Promise<Row> {
  const pdps: BenchPdp[] = [];
  const figures: number[] = [];
  try {
    for (const count of PDPS) {
      pdps.push(...(await startPdps(delivery, count - pdps.length)));
      const times: number[] = [];
      for (let round = 0; round < (delivery.everyMs > SLOW_MS ? ROUNDS.slow : ROUNDS.fast); round += 1) {
        // Not always just after a question, nor one right after the other.
        const pause = Math.random() * Math.max(delivery.everyMs, PAUSE_MS) + PAUSE_MS;
        await new Promise((resolve) => setTimeout(resolve, pause));
        times.push(await published(delivery, pdps));
      }
      figures.push(median(times), Math.max(...times));
    }
  } finally {
    for (const pdp of pdps) pdp.stop();
  }
  return { name: delivery.name, figures };
}

async function published(delivery: Delivery, pdps: BenchPdp[]): Promise<number> {
  const active = pdps.map((pdp) => pdp.nextRevision());
  const at = await delivery.publish(pdps.map(({ url }) => url));
  return Math.max(...(await Promise.all(active))) - at;
}
