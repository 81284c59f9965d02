import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { median } from './measure.ts';
import { run } from './processes.ts';
import { atMost, type Outcome } from './report.ts';

const MILLION = 1_000_000;
const RUNS = 2;

/** What the process that loaded them tells. */
export interface Loaded {
  seconds: number;
  rssMegabytes: number;
  updateMs: number;
  slowestUpdateMs: number;
  decisionMicros: number;
}

/** A million entities with two attributes and one parent each, in a fresh process, from a file of JSON text. */
export async function benchEntities(directory: string): Promise<Outcome> {
  const file = join(directory, 'entities.json');
  await pipeline(Readable.from(entitiesText(MILLION)), createWriteStream(file));
  const program = fileURLToPath(new URL('load-entities.ts', import.meta.url));
  const runs: Loaded[] = [];
  for (let round = 0; round < RUNS; round += 1) {
    runs.push(JSON.parse((await run([program, file])).output) as Loaded);
  }
  const best = (key: keyof Loaded) => Math.min(...runs.map((found) => found[key]));
  const memory = median(runs.map(({ rssMegabytes }) => rssMegabytes));
  return {
    sections: [
      {
        title: '1,000,000 entities, in a process of their own',
        columns: ['MB RSS', 'load s', 'update ms', 'slowest update ms', 'decision µs'],
        rows: [
          {
            name: 'serverless-pdp engine',
            figures: [
              memory,
              best('seconds'),
              best('updateMs'),
              best('slowestUpdateMs'),
              best('decisionMicros'),
            ],
          },
        ],
      },
    ],
    findings: [
      atMost('1M entities: RSS in all', memory, 500, ' MB'),
      atMost('1M entities: load', best('seconds'), 10, ' s'),
      atMost('1M entities: one update', best('updateMs'), 1, ' ms'),
    ],
  };
}

function* entitiesText(count: number): Generator<string> {
  let text = '[';
  for (let n = 0; n < count; n += 1) {
    text +=
      `${n === 0 ? '' : ',\n'}{"uid":{"type":"User","id":"user-${n}"},` +
      `"attrs":{"department":"department-${n % 50}","level":${n % 10}},` +
      `"parents":[{"type":"Group","id":"group-${n % 1_000}"}]}`;
    if (n % 1_000 === 999) {
      yield text;
      text = '';
    }
  }
  yield `${text}]`;
}
