/**
 * The sample's handlers as a service in a container, with the PDP beside it. It believes the header `x-notes-subject`:
 * API Gateway, which has verified the token, writes the user there over whatever a client sent, and a security group
 * lets nobody else in.
 *
 * Environment: `PORT` (default 8080; 0 picks a free one), `HOST` (default 0.0.0.0), and `PDP_URL`.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gateway } from '../http/gateway.ts';
import { NOTES } from '../notes-routes.ts';
import { gatewayClaims } from './gateway-claims.ts';

const { PORT = '8080', HOST = '0.0.0.0' } = process.env;

const notes = gateway(NOTES, gatewayClaims, (routeKey, error) => {
  const name = error instanceof Error ? error.name : 'unknown';
  console.error(JSON.stringify({ level: 'error', routeKey, error: name, msg: 'handler failed' }));
});

const server = createServer((request, response) => {
  if (request.url === '/healthy') response.end('healthy');
  else notes(request, response);
});
// Longer than the 60 seconds that a connection of API Gateway's may be idle.
server.keepAliveTimeout = 75_000;
server.listen(Number(PORT), HOST, () => {
  const { port } = server.address() as AddressInfo;
  console.log(JSON.stringify({ level: 'info', port, msg: 'listening' }));
});

process.once('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
