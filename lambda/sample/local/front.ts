/**
 * The sample's functions behind a local HTTP front, as a process of its own: what API Gateway and Lambda are in
 * an account. It listens on 127.0.0.1 only, because it believes development tokens.
 *
 * Environment: `PORT` (default 3000; 0 picks a free one), and what the functions read: `PDP_URL` or `PDP_BUNDLE`.
 * Prints one line of JSON when it listens: `{"msg":"listening","url":"http://127.0.0.1:3000"}`.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gateway } from '../http/gateway.ts';
import { NOTES } from '../notes-routes.ts';
import { developmentClaims } from './development-token.ts';

const HOST = '127.0.0.1';

const server = createServer(
  gateway(
    NOTES,
    ({ authorization }) => developmentClaims(authorization),
    (routeKey, error) => console.error(`${routeKey} failed:`, error),
  ),
);

server.on('error', ({ code, message }: NodeJS.ErrnoException) => {
  console.error(
    code === 'EADDRINUSE' ? `port ${port()} on ${HOST} is already in use: choose another with PORT` : message,
  );
  process.exit(1);
});

server.listen(port(), HOST, () => {
  const url = `http://${HOST}:${(server.address() as AddressInfo).port}`;
  console.log(JSON.stringify({ level: 'info', url, tokens: 'development', msg: 'listening' }));
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
if (process.env.PDP_EXIT_WITH_PARENT === '1') {
  // Whoever started this process holds the other end: when it dies, however it does, the pipe closes.
  process.stdin.once('end', stop).once('close', stop).resume();
}

function stop(): void {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
  setTimeout(() => process.exit(0), 1_000).unref();
}

function port(): number {
  const text = process.env.PORT || '3000';
  const number = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (number <= 65_535) return number;
  console.error('PORT must be a whole number from 0 to 65535');
  process.exit(2);
}
