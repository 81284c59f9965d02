import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { connect, type PdpClient, type Surroundings } from '../../../lambda/client/client.ts';
import type { PdpClientOptions } from '../../../lambda/client/index.ts';
import { parseClientOptions } from '../../../lambda/client/options.ts';
import { answer } from '../servers.ts';

/** What a task does with a request that has arrived as a whole. */
export type Behaviour = (response: ServerResponse, body: string, headers: Record<string, unknown>) => void;

/** Nothing listens at the address. */
export const DEAD = 'dead';

export const permits: Behaviour = (response) => answer(response, 200, { decision: true });

export interface Task {
  ip: string;
  /** Requests that arrived. */
  requests: number;
  /** Connections made. */
  connections: number;
  behaviour: Behaviour;
  /** Waits until the connections that are open now are closed. */
  closed(): Promise<void>;
  /** Stops listening and closes what is open. */
  die(): Promise<void>;
}

/** Tasks of one service: the addresses 127.0.0.1, 127.0.0.2 and so on, and one port. */
export async function tasks(behaviours: readonly (Behaviour | typeof DEAD)[]) {
  for (;;) {
    const made = behaviours.map((behaviour, index) =>
      makeTask(`127.0.0.${index + 1}`, behaviour === DEAD ? permits : behaviour),
    );
    const port = await listenAll(made);
    if (port === undefined) continue;
    for (const [index, behaviour] of behaviours.entries()) if (behaviour === DEAD) await made[index]?.die();
    onTestFinished(async () => {
      for (const task of made) await task.die();
    });
    return { tasks: made as Task[], port, ips: made.map(({ ip }) => ip) };
  }
}

type Made = Task & { server: Server };

/** The port that is free at all addresses, or undefined: try again. */
async function listenAll(made: readonly Made[]): Promise<number | undefined> {
  let port = 0;
  for (const { server, ip } of made) {
    server.listen(port, ip);
    try {
      await once(server, 'listening');
    } catch {
      // The port is free at the first address and taken at another.
      for (const task of made) task.server.close();
      return undefined;
    }
    port = (server.address() as AddressInfo).port;
  }
  return port;
}

function makeTask(ip: string, behaviour: Behaviour): Made {
  const sockets = new Set<Socket>();
  const server = createServer(async (request, response) => {
    const body = await text(request).catch(() => '');
    task.requests += 1;
    task.behaviour(response, body, request.headers);
  });
  // A test says when a connection ends.
  server.keepAliveTimeout = 0;
  server.on('connection', (socket: Socket) => {
    task.connections += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  const task: Made = {
    ip,
    requests: 0,
    connections: 0,
    behaviour,
    server,
    async closed() {
      await Promise.all([...sockets].map((socket) => once(socket, 'close')));
    },
    async die() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return task;
}

/** A clock that stands still until it is set. */
export interface Clock {
  ms: number;
}

/** A client that tries addresses in their order, with time enough on a busy machine. */
export function clientOf(
  port: number,
  options: Partial<PdpClientOptions> & { lookup: PdpClientOptions['lookup'] },
  surroundings: Partial<Surroundings> = {},
): PdpClient {
  const settings = parseClientOptions({
    url: `http://pdp.test:${port}`,
    timeoutMs: 20_000,
    attemptTimeoutMs: 5_000,
    ...options,
  });
  const pdp = connect(settings, { now: Date.now, random: () => 0, ...surroundings });
  onTestFinished(() => pdp.close());
  return pdp;
}
