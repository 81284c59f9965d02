import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Limits } from '../options.ts';
import type { Credentials } from './tls.ts';

/** How often Node looks for requests that are late, in milliseconds; its own default of 30 s is too coarse. */
const LATE_CHECK_MS = 1_000;

/** Node's own server, with its limits; over TLS where there are credentials. */
export function createNodeServer(
  { limits, credentials }: { limits: Limits; credentials: Credentials | undefined },
  listener: RequestListener,
): Server {
  const options = { maxHeaderSize: limits.headerBytes, connectionsCheckingInterval: LATE_CHECK_MS };
  const server =
    credentials === undefined
      ? createHttpServer(options, listener)
      : createHttpsServer({ ...options, ...credentials, minVersion: 'TLSv1.2' }, listener);
  server.headersTimeout = limits.headersMs;
  server.requestTimeout = limits.requestMs;
  server.keepAliveTimeout = limits.keepAliveMs;
  server.maxConnections = limits.connections;
  // Their bytes are limited. By number Node would leave out the last ones, and a client could choose which.
  server.maxHeadersCount = 0;
  return server;
}
