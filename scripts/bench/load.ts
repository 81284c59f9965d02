// Load on one HTTP server, from a process of its own: URL, a JSON file of requests ({path, body}), connections, and
// milliseconds to warm up and to measure. Each connection sends its next request when it has the last answer.
// Prints requests/s and latency in milliseconds. Sockets and no HTTP client, which would be slower than the servers;
// microseconds, which autocannon does not count.
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
const latencies: number[] = [];
const from = performance.now() + Number(warmUpMs);
const until = from + Number(measureMs);

function drive(socket: Socket, first: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let turn = first;
    let sent = 0;
    let received = '';
    const send = () => {
      turn += 1;
      sent = performance.now();
      socket.write(requests[turn % requests.length] as Buffer);
    };
    socket.setNoDelay().setEncoding('latin1');
    socket.on('connect', send);
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the server closed a connection')));
    socket.on('data', (chunk: string) => {
      received = received === '' ? chunk : received + chunk;
      const head = received.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(received)?.[1]);
      if (!received.startsWith('HTTP/1.1 200 ') || Number.isNaN(length)) {
        reject(new Error(`the server answered: ${received.slice(0, 80)}`));
      }
      if (received.length < head + 4 + length) return;
      const now = performance.now();
      if (now >= from && now < until) latencies.push(now - sent);
      if (now >= until) {
        resolve();
        return;
      }
      received = '';
      send();
    });
  });
}

const sockets = Array.from({ length: Number(connections) }, () => connect(Number(port), hostname));
await Promise.all(sockets.map(drive));
for (const socket of sockets) socket.destroy();
const sorted = Float64Array.from(latencies).sort();
console.log(
  JSON.stringify({
    perSecond: (latencies.length * 1_000) / Number(measureMs),
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
  }),
);
