// One environment of a function that asks a service of several tasks: a name, a port, and the addresses that the name
// has. For each line of its input, a number, it calls the function as many times, one call after the other, and prints
// latency in milliseconds and how many calls failed. The name is resolved here: a machine's own names are not to change.
import dns from 'node:dns';
import { createInterface } from 'node:readline';
import { createPdpClient } from '../../lambda/client/index.ts';
import { authorized, call } from './function.ts';
import { percentile } from './measure.ts';

const [name = '', port = '', ...addresses] = process.argv.slice(2);

/** In another order each time, as Cloud Map answers. */
function shuffled(): { address: string; family: number }[] {
  return addresses
    .map((address) => ({ address, family: 4, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ address, family }) => ({ address, family }));
}

type Found = (error: null, found: string | ReturnType<typeof shuffled>, family?: number) => void;

dns.lookup = ((host: string, options: { all?: boolean }, found: Found) => {
  if (host !== name) throw new Error(`${host} is not ${name}`);
  const [first, ...others] = shuffled();
  if (first === undefined) throw new Error(`${name} has no address`);
  process.nextTick(() => {
    if (options.all === true) found(null, [first, ...others]);
    else found(null, first.address, first.family);
  });
}) as typeof dns.lookup;

const handler = authorized(createPdpClient({ url: `http://${name}:${port}` }), 1_000);
console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  const latencies = new Float64Array(Number(line));
  let failed = 0;
  for (let index = 0; index < latencies.length; index += 1) {
    const begun = performance.now();
    await call(handler).catch(() => {
      failed += 1;
    });
    latencies[index] = performance.now() - begun;
  }
  latencies.sort();
  const [p50, p99, slowest] = [0.5, 0.99, 1].map((share) => percentile(latencies, share));
  console.log(JSON.stringify({ p50, p99, slowest, failed }));
}
