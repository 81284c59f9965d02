import { createServer as createHttp, type RequestListener, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TestCertificate } from './certificates.ts';

/** A server on a free port of 127.0.0.1 that can go down and come back at the same address. */
export interface LoopbackServer {
  /** Such as `http://127.0.0.1:41234`. */
  readonly url: string;
  /** Cuts every connection, and each new one as it is made, until {@link up}. The port stays its own meanwhile. */
  down(): void;
  up(): void;
  /** Connections open now. */
  connections(): number;
  /** Resolves when none is open. */
  quiet(): Promise<void>;
  close(): Promise<void>;
}

export async function startLoopbackServer(
  listener: RequestListener,
  tls?: TestCertificate,
): Promise<LoopbackServer> {
  const server: Server = tls === undefined ? createHttp(listener) : createHttps(tls, listener);
  // An idle connection is the client's to close.
  server.keepAliveTimeout = 0;
  const sockets = new Set<Socket>();
  const waiting: (() => void)[] = [];
  let isDown = false;
  server.on('connection', (socket: Socket) => {
    if (isDown) return void socket.resetAndDestroy();
    sockets.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      if (sockets.size === 0) for (const resolve of waiting.splice(0)) resolve();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    down() {
      isDown = true;
      cut();
    },
    up() {
      isDown = false;
    },
    connections: () => sockets.size,
    quiet: () =>
      new Promise((resolve) => {
        if (sockets.size === 0) resolve();
        else waiting.push(resolve);
      }),
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      cut();
      return closed;
    },
  };
}
