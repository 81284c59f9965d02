import { Agent, request } from 'node:http';
import type { AccessRequest, PolicyDecisionPoint } from '../../engine/index.ts';
import { createPdpClient } from '../../lambda/client/index.ts';
import { createEmbeddedPdp } from '../../lambda/embedded/index.ts';
import type { Fixtures } from './fixtures.ts';
import { authorized, bare, call, type Handler, middyAlone } from './function.ts';
import { type Contender, compare, figure } from './measure.ts';
import { QUESTIONS } from './questions.ts';
import { atMost, type Finding, type Outcome } from './report.ts';
import type { Row } from './table.ts';

/** What the middleware may take of an invoke, beside the call of the PDP, in microseconds. */
const TARGET_MICROS = 20;

const BARE = 'bare handler';
const READY = 'middleware, a PDP that has the answer';
const EMBEDDED = { call: 'embedded, the PDP call alone', all: 'embedded, in the middleware' };
const REMOTE = { call: 'remote, the PDP call alone', all: 'remote, in the middleware' };

/** Microseconds for one call of a function, one at a time as Lambda makes them: without the middleware and with. */
export async function benchMiddleware(fixtures: Fixtures): Promise<Outcome> {
  const url = await fixtures.server('off');
  const embedded = createEmbeddedPdp({ bundle: await fixtures.archive() });
  const client = createPdpClient({ url, attemptTimeoutMs: 10_000, timeoutMs: 10_000 });
  const agent = new Agent({ keepAlive: true });
  try {
    const local = await compare(
      [
        invokes(BARE, 100_000, bare()),
        invokes('middy, no middleware', 30_000, middyAlone()),
        invokes(READY, 6_000, authorized(ready)),
        evaluations(EMBEDDED.call, 15_000, embedded),
        invokes(EMBEDDED.all, 6_000, authorized(embedded)),
      ],
      15,
    );
    // Short rounds and many: what the machine does otherwise meets both sides of a difference that is small.
    const distant = await compare(
      [
        { name: 'node:http, the round trip alone', times: 60, run: (times) => roundTrips(url, agent, times) },
        evaluations(REMOTE.call, 60, client),
        invokes(REMOTE.all, 60, authorized(client)),
      ],
      90,
    );
    return {
      sections: [
        { title: 'One invoke of a function, in process', columns: ['µs'], rows: local },
        { title: 'One invoke of a function, server on loopback', columns: ['µs'], rows: distant },
      ],
      findings: [
        within('middleware', figure(local, READY) - figure(local, BARE)),
        overhead('middleware over the embedded PDP call', local, EMBEDDED),
        overhead('middleware over the remote PDP call', distant, REMOTE),
      ],
    };
  } finally {
    client.close();
    agent.destroy();
  }
}

function overhead(bench: string, rows: Row[], names: { call: string; all: string }): Finding {
  return within(bench, figure(rows, names.all) - figure(rows, names.call));
}

function within(bench: string, micros: number): Finding {
  return atMost(bench, micros, TARGET_MICROS, ' µs');
}

function invokes(name: string, times: number, handler: Handler): Contender {
  return repeated(name, times, () => call(handler));
}

function evaluations(name: string, times: number, pdp: PolicyDecisionPoint): Contender {
  return repeated(name, times, async () => {
    const { decision } = await pdp.evaluate(question);
    if (!decision) throw new Error(`${name} decided otherwise`);
  });
}

function repeated(name: string, times: number, work: () => Promise<void>): Contender {
  return {
    name,
    times,
    async run(count) {
      for (let index = 0; index < count; index += 1) await work();
    },
  };
}

const question = QUESTIONS[0]?.request as AccessRequest;

const ready: PolicyDecisionPoint = {
  evaluate: async () => ({ decision: true }),
  evaluateAll: async (requests) => requests.map(() => ({ decision: true })),
};

/** The least that asks over HTTP: sends the question on a kept connection and reads the answer away. */
async function roundTrips(url: string, agent: Agent, times: number): Promise<void> {
  const body = JSON.stringify(question);
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  for (let index = 0; index < times; index += 1) {
    await new Promise<void>((resolve, reject) => {
      request(`${url}/access/v1/evaluation`, { method: 'POST', agent, headers })
        .on('error', reject)
        .on('response', (response) => response.on('end', resolve).resume())
        .end(body);
    });
  }
}
