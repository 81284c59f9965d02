// Load on one HTTP server, from a process of its own: URL, a JSON file of requests ({path, body}), connections, and
// milliseconds to warm up and to measure. Each connection sends its next request when it has the last answer.
// Prints requests/s and latency in milliseconds. Sockets and no HTTP client: what this costs, the servers lack on a
// machine of two processors. Microseconds, which autocannon does not count.
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { percentile } from './measure.ts';

const [url = '', file = '', connections, warmUpMs, measureMs] = process.argv.slice(2);
const { hostname, port } = new URL(url);
const requests = (JSON.parse(readFileSync(file, 'utf8')) as { path: string; body: unknown }[]).map(
  ({ path, body }) => {
    const json = JSON.stringify(body);
    return Buffer.from(
      `POST ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`,
    );
  },
);
/** Room for an answer; a longer one is read in pieces. */
const READ_BYTES = 16_384;
const sockets: Socket[] = [];
const latencies: number[] = [];
const from = performance.now() + Number(warmUpMs);
const until = from + Number(measureMs);

/** Sends requests by turns until the time is over. Reads into one buffer, without a stream: half the cost of this. */
function drive(first: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    let turn = first;
    let sent = 0;
    let received = '';
    const send = () => {
      turn += 1;
      sent = performance.now();
      socket.write(requests[turn % requests.length] as Buffer);
    };
    const read = (size: number) => {
      received += buffer.toString('latin1', 0, size);
      if (!isWhole(received)) return true;
      received = '';
      const now = performance.now();
      if (now >= from && now < until) latencies.push(now - sent);
      if (now < until) send();
      else resolve();
      return true;
    };
    const socket = connect({
      host: hostname,
      port: Number(port),
      noDelay: true,
      onread: { buffer, callback: read },
    });
    socket.on('connect', send);
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the server closed a connection')));
    sockets.push(socket);
  });
}

/** @throws Error when it is not a 200 of a length that is told */
function isWhole(answer: string): boolean {
  const head = answer.indexOf('\r\n\r\n');
  if (head < 0) return false;
  const length = Number(/content-length: (\d+)/i.exec(answer)?.[1]);
  if (!answer.startsWith('HTTP/1.1 200 ') || Number.isNaN(length)) {
    throw new Error(`the server answered: ${answer.slice(0, 80)}`);
  }
  return answer.length >= head + 4 + length;
}

await Promise.all(Array.from({ length: Number(connections) }, (_, index) => drive(index)));
for (const socket of sockets) socket.destroy();
const sorted = Float64Array.from(latencies).sort();
console.log(
  JSON.stringify({
    perSecond: (latencies.length * 1_000) / Number(measureMs),
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
  }),
);
